"""The page, the table and the JSON tell the numbers of layers.json, and the page needs nothing else."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from factories.reports import Workshop, module

from pylayer.report.data import document
from pylayer.report.page import page
from pylayer.report.table import table
from pylayer.state import warnings
from pylayer.state.imports import Import, remember

VOID = {"meta", "input", "br"}


class Elements(HTMLParser):
    """The elements of a page as (tag, attributes), and what is left open or closed wrongly."""

    def __init__(self, text):
        super().__init__()
        self.found, self.open, self.wrong = [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)

    def values(self, name):
        return [attributes[name] for _, attributes in self.found if name in attributes]


@pytest.fixture
def workshop(tmp_path):
    """Two layers of which one is large; both architectures of that have the same archive."""
    workshop = Workshop(tmp_path)
    large = {
        "libetl 2.0": {"libetl/__init__.py": module(400_000), "libetl/fast.so": b"\x7fELF" * 50_000},
        "requests 2.32": {"requests.py": module(90_000)},
    }
    for runs in ("python3.13-x86_64", "python3.13-arm64"):
        workshop.build("etl", large, runs=runs)
    before = workshop.listing
    workshop.build("small", {"libsmall 1.0": {"small.py": b"x = 1\n"}})
    workshop.ran(before=before)
    return workshop


def numbers(workshop):
    return {name: (entry.size, entry.unzipped_size) for name, entry in workshop.listing.builds.items()}


def test_the_numbers_of_the_page_equal_layers_json(workshop):
    """Every layer in the overview, every pictured build in its panel, to the byte."""
    elements = Elements(page(workshop.gather()))
    listed = numbers(workshop)
    builds = [name for text in elements.values("data-builds") for name in text.split()]
    sizes = list(zip(elements.values("data-size"), elements.values("data-unzipped"), strict=True))
    cells = [int(count) for count in elements.values("data-bytes")]

    assert sorted(builds) == ["etl-python3.13-arm64", "etl-python3.13-x86_64"]
    assert sizes == [tuple(str(count) for count in listed[builds[0]])]
    assert cells[:4] == [*listed["etl-python3.13-x86_64"], *listed["small-python3.13-x86_64"]]


def test_the_distributions_of_a_panel_add_up(workshop):
    """Zipped they make the archive but for its end record, unpacked the unzipped size."""
    report = workshop.gather(only=["etl-python3.13-x86_64"])
    cells = [int(count) for count in Elements(page(report)).values("data-bytes")][2:]
    size, unzipped = numbers(workshop)["etl-python3.13-x86_64"]

    assert (sum(cells[::2]) + 22, sum(cells[1::2])) == (size, unzipped)


def test_areas_of_the_treemap_are_unpacked_sizes(workshop):
    """Of the distributions, in percent of the whole."""
    report = workshop.gather(only=["etl-python3.13-x86_64"])
    text = page(report)
    shown = re.findall(
        r'<svg x="[\d.]+%" y="[\d.]+%" width="([\d.]+)%" height="([\d.]+)%"><title>(\S+)', text
    )
    areas = {name: float(width) * float(height) / 10_000 for width, height, name in shown}
    (one,) = report.builds

    assert areas == {
        part.name: pytest.approx(part.unzipped_size / one.entry.unzipped_size, abs=1e-3)
        for part in one.weights.parts
    }


def test_the_json_equals_layers_json(workshop):
    """Sizes of builds and what their distributions add up to."""
    told = document(workshop.gather())

    assert {
        name: (build["size"], build["unzipped_size"]) for name, build in told["builds"].items()
    } == numbers(workshop)
    for build in told["builds"].values():
        assert sum(part["size"] for part in build["distributions"]) + build["overhead"] == build["size"]
        assert sum(part["unzipped_size"] for part in build["distributions"]) == build["unzipped_size"]


def test_the_json_tells_changes_and_the_run(workshop):
    """And null for what is not known."""
    told = document(workshop.gather())

    assert told["version"] == 1
    assert told["changes"]["builds"]["small-python3.13-x86_64"]["state"] == "added"
    assert told["last_run"]["seconds"] == 4.0
    assert {build["imports"] for build in told["builds"].values()} == {None}


def test_the_page_is_whole_and_loads_nothing(workshop):
    """Every element is closed; no address but those within the page, no script."""
    elements = Elements(page(workshop.gather()))
    addresses = [value for name in ("href", "src", "action") for value in elements.values(name)]

    assert (elements.open, elements.wrong) == ([], [])
    assert all(address.startswith("#") for address in addresses)
    assert not {tag for tag, _ in elements.found} & {"script", "link", "img", "iframe", "object"}
    assert not re.search(r"url\(|@import|https?:", page(workshop.gather()))


def test_links_within_the_page_lead_somewhere(workshop):
    """As do labels and headings."""
    elements = Elements(page(workshop.gather()))
    targets = [
        *(address.removeprefix("#") for address in elements.values("href")),
        *elements.values("for"),
        *elements.values("aria-labelledby"),
    ]

    assert targets
    assert set(targets) <= set(elements.values("id"))
    assert len(set(elements.values("id"))) == len(elements.values("id"))


def test_names_cannot_become_markup(workshop):
    """A name is text wherever it stands."""
    name = "<script>'\"&"
    report = workshop.gather()
    remember(workshop.store, "etl-python3.13-x86_64", report.builds[1].entry.sha256, [])
    text = page(
        type(report)(
            title=name,
            builds=report.builds,
            imports={
                "etl-python3.13-x86_64": (
                    Import(module=name, seconds=1.0, packages=((name, 0.5), (name, 0.1))),
                )
            },
        )
    )

    assert "<script" not in text
    assert "&lt;script&gt;" in text


def test_imports_are_bars_and_what_is_missing_is_said(workshop):
    """A build that nobody verified has no times; where there are none at all, the page says so."""
    assert "no import times" in page(workshop.gather())
    sha256 = workshop.listing.builds["etl-python3.13-arm64"].sha256
    remember(workshop.store, "etl-python3.13-arm64", sha256, [Import(module="libetl", seconds=0.25)])
    text = page(workshop.gather())

    assert "no import times" not in text
    assert Elements(text).values("data-seconds") == ["0.25"]


def test_a_small_layer_has_no_picture(workshop):
    """Its imports are told all the same, once they were measured."""
    sha256 = workshop.listing.builds["small-python3.13-x86_64"].sha256
    remember(workshop.store, "small-python3.13-x86_64", sha256, [Import(module="small", seconds=0.1)])
    elements = Elements(page(workshop.gather(only=["small-*"])))

    assert elements.values("data-builds") == ["small-python3.13-x86_64"]
    assert "map" not in elements.values("class")


def test_warnings_are_told_with_the_targets_they_are_about(workshop):
    """In all three forms; of what nobody checked here nothing is known."""
    for runs in ("python3.13-x86_64", "python3.13-arm64"):
        sha256 = workshop.listing.builds[f"etl-{runs}"].sha256
        warnings.remember(workshop.store, f"etl-{runs}", sha256, ["requests: is <odd>"])
    report = workshop.gather()

    assert "  warning, python3.13 arm64 + x86_64: requests: is <odd>" in list(table(report))
    assert "<td>requests: is &lt;odd&gt; <small>python3.13 arm64 + x86_64</small></td>" in page(report)
    told = {name: one["warnings"] for name, one in document(report)["builds"].items()}
    odd = ["requests: is <odd>"]
    assert {
        "etl-python3.13-arm64": odd,
        "etl-python3.13-x86_64": odd,
        "small-python3.13-x86_64": None,
    } == told


def test_the_table_tells_it_all(workshop):
    """Layers with their distributions, what changed, and the steps of the last build."""
    lines = "\n".join(table(workshop.gather()))

    for said in (
        "libetl 2.0",
        "requests 2.32",
        "small-python3.13-x86_64",
        "(new)",
        "wheel libetl",
        "No import times",
    ):
        assert said in lines


def test_the_table_says_what_is_not_known(tmp_path):
    """No earlier build, no record of a run."""
    workshop = Workshop(tmp_path)
    workshop.build("small", {"libsmall 1.0": {"small.py": b""}})
    lines = "\n".join(table(workshop.gather()))

    assert "No earlier build to compare with" in lines
    assert "The last build's times are not known" in lines
