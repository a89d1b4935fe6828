"""The page of a report in a real browser, at the widths of a phone and of a desk."""

from __future__ import annotations

import html
import json
import re

import pytest
from factories import there
from factories.browsers import browser, look
from factories.reports import Workshop, module

from pylayer.report.page import page

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def program():
    """The machine's browser; where there is none, a skip."""
    found = browser()
    if found is None:
        pytest.skip("no chromium here")
    return found


@pytest.fixture
def file(tmp_path):
    """A page of a layer with long names, and of what it replaced."""
    workshop = Workshop(tmp_path)
    large = {
        "libetl 2.0": {"libetl/__init__.py": module(300_000), "libetl/fast.so": b"\x7fELF" * 90_000},
        "a_distribution_of_a_rather_long_name 2026.11.22.post1": {"long.py": module(150_000)},
        "requests 2.32": {"requests.py": module(90_000)},
    }
    for runs in ("python3.13-x86_64", "python3.11-arm64"):
        workshop.build("a-layer-whose-name-is-longer-than-most-names-are", large, runs=runs)
    workshop.ran(before=workshop.listing)
    workshop.build("small", {"libsmall 1.0": {"small.py": b"x = 1\n"}})
    workshop.ran(before=workshop.listing.merged({}, without=["small-python3.13-x86_64"]))
    made = tmp_path / "report.html"
    made.write_text(page(workshop.gather()), encoding="utf-8")
    return made


def seen(program, file, width, *options, typed=""):
    dom = look(program, file, width=width, typed=typed, options=options)
    return json.loads(html.unescape(there(re.search(r"<title>(.*?)</title>", dom, re.DOTALL))[1]))


def test_the_page_fits_a_narrow_and_a_wide_screen(program, file):
    """Nothing runs out of it or is cut, labels lie within their boxes, and both have the same content."""
    both = {width: seen(program, file, width) for width in (400, 1400)}

    for width, found in both.items():
        assert (found["width"], found["scroll"], found["over"]) == (width, width, [])
        assert (found["clipped"], found["cut"]) == ([], [])
        assert found["panels"] == 1
        assert found["labels"][0] == "libetl"
        assert all(wide > 300 and high == 340 for wide, high in found["maps"])
    assert both[400]["words"] == both[1400]["words"]
    assert len(both[400]["words"]) > 50


def test_the_filter_finds_layers_by_what_is_in_them(program, file):
    """It is reached by a key, and what is about other layers goes."""
    found = seen(program, file, 1400, typed="libSMALL 1.0")

    assert (found["focused"], found["layers"], found["told"]) == (True, ["small"], "1 of 2 layers")
    assert (set(found["about"]), found["panels"], found["maps"]) == ({"small"}, 0, [])


def test_it_follows_the_choice_of_dark(program, file):
    """Its ground is dark where the reader's system is."""
    grounds = [seen(program, file, 400, *options)["ground"] for options in ((), ("--force-dark-mode",))]
    light, dark = (sum(map(int, re.findall(r"\d+", ground))) for ground in grounds)

    assert (light > 700, dark < 100) == (True, True)
