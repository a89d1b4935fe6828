"""The page, the table and the JSON tell the numbers of layers.json, and the page needs nothing else."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from factories import there
from factories.reports import Workshop, module

from pylayer.config.budgets import LayerSet
from pylayer.report import words
from pylayer.report.data import document
from pylayer.report.drawing import bar
from pylayer.report.gathering import BuildProblem
from pylayer.report.page import page
from pylayer.report.table import table
from pylayer.state import verifications, warnings
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
    (ended,) = told["last_run"]["builds"]
    assert (ended["ended"], ended["waited"]) == (4.0, 1.0)
    assert [(each["step"], each["by"], each["waited"]) for each in ended["stretches"]][2:] == [
        ("wheel", "core-python3.13-x86_64", True),
        ("wheel", None, False),
    ]
    assert {build["imports"] for build in told["builds"].values()} == {None}


def test_the_page_is_whole_and_loads_nothing(workshop):
    """Every element is closed; no address but those within the page, and the only script is the filter."""
    text = page(workshop.gather())
    elements = Elements(text)
    addresses = [value for name in ("href", "src", "action") for value in elements.values(name)]

    assert (elements.open, elements.wrong) == ([], [])
    assert all(address.startswith("#") for address in addresses)
    assert not {tag for tag, _ in elements.found} & {"link", "img", "iframe", "object", "form"}
    assert not re.search(r"url\(|@import|https?:|fetch\(|import\(", text)
    (script,) = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    (policy,) = [content for content in elements.values("content") if content.startswith("default-src")]
    assert f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'" in policy


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

    assert text.count("<script") == 1
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
    assert ">requests: is &lt;odd&gt; <small>python3.13 arm64 + x86_64</small></td>" in page(report)
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
        "up to 0.50 s  engine docker, 1 build",
        "wheel libetl 3.00 s; engine docker 0.50 s; wheel libcore, begun for core-python3.13-x86_64 0.50 s",
    ):
        assert said in lines


def test_the_table_says_what_is_not_known(tmp_path):
    """No earlier build, no record of a run."""
    workshop = Workshop(tmp_path)
    workshop.build("small", {"libsmall 1.0": {"small.py": b""}})
    lines = "\n".join(table(workshop.gather()))

    assert "No earlier build to compare with" in lines
    assert "The last build's times are not known" in lines


def test_the_heaviest_number_of_a_layer_is_the_same_everywhere(tmp_path):
    """In the first paragraph, the table, the panel that is seen and the set: that of its heaviest build."""
    workshop = Workshop(tmp_path)
    workshop.build("etl", {"libetl 1.0": {"big.py": module(900_000)}}, runs="python3.11-x86_64")
    lighter = workshop.build("etl", {"libetl 1.0": {"big.py": module(500_000)}})
    remember(workshop.store, "etl-python3.13-x86_64", lighter.sha256, [Import(module="big", seconds=0.1)])
    both = LayerSet(name="both", layers=("etl",))
    text = page(workshop.gather(sets=[both]))
    heaviest = workshop.listing.builds["etl-python3.11-x86_64"].unzipped_size
    elements = Elements(text)
    (checked,) = (attributes["id"] for tag, attributes in elements.found if "checked" in attributes)
    panel = text[text.index(f"for='{checked}'") :]

    assert f"unpacks to <b>{words.size(heaviest)}</b>" in text
    assert re.findall(r"data-bytes=(\d+)", text)[1] == str(heaviest)
    assert (there(re.search(r"data-unzipped=(\d+)", panel))[1]) == str(heaviest)
    assert re.findall(r"data-bytes=(\d+)", text[text.index('id="sets"') :])[1] == str(heaviest)


def test_one_family_of_units(workshop):
    """What is measured and what it is measured against are in the same."""
    text = page(workshop.gather(sets=[LayerSet(name="all", layers=("etl", "small"))]))

    assert "250&nbsp;MiB" in text
    assert not re.search(r"\d(&nbsp;| )[KMG]B\b", text)
    assert not re.search(r"\d [KMG]B\b", "\n".join(table(workshop.gather())))


def test_what_failed_is_told_first(workshop):
    """Of several builds with the same problem once; what nobody built is told beside it."""
    problems = tuple(
        BuildProblem(build=build, layer="bad", state="failed", told=(f"{build}: <no compiler>",))
        for build in ("bad-python3.11-arm64", "bad-python3.13-arm64")
    )
    report = replace(workshop.gather(), problems=problems, missing=("new-python3.13-arm64",))
    text, lines = page(report), "\n".join(table(report))

    assert text.count("&lt;no compiler&gt;") == 1
    assert "bad-python3.11-arm64, bad-python3.13-arm64" in text
    assert "2 builds failed" in text
    assert "new-python3.13-arm64" in text
    assert "bad-python3.11-arm64: <no compiler>" in lines
    assert document(report)["problems"][0]["told"] == ("bad-python3.11-arm64: <no compiler>",)


def test_how_archives_fared_is_told(workshop):
    """What works, what fails and of what nobody knows; of these very archives."""
    listed = workshop.listing.builds
    works = verifications.Verification(works=True, python="3.13.5", modules=2)
    fails = verifications.Verification(works=False, python="3.13.5", told=("libetl: <ImportError> [load]",))
    for name, fared in (("etl-python3.13-x86_64", works), ("etl-python3.13-arm64", fails)):
        verifications.remember(workshop.store, name, [listed[name].sha256], fared)
    verifications.remember(workshop.store, "small-python3.13-x86_64", ["0" * 64], works)
    report = workshop.gather()
    text = page(report)

    assert "<b class=down>works</b>, 2 imports with Python 3.13.5 <small>python3.13 x86_64" in text
    assert "<b class=up>fails</b> <small>python3.13 arm64</small><div>libetl: &lt;ImportError&gt;" in text
    assert "Not tried: small." in text
    assert "1 archive fails when tried" in text
    assert any(line.endswith("  fails: libetl: <ImportError> [load]") for line in table(report))
    assert document(report)["builds"]["small-python3.13-x86_64"]["verified"] is None


def test_a_set_is_the_sum_of_its_layers(workshop):
    """Where all of them are there for a target, against the set's own budget."""
    one = LayerSet(name="all", layers=("etl", "small"), budget=1 << 20)
    report = workshop.gather(sets=[one, LayerSet(name="half", layers=("etl", "nowhere"))])
    (found,) = report.sets
    listed = workshop.listing.builds
    builds = [listed["etl-python3.13-x86_64"], listed["small-python3.13-x86_64"]]

    assert (found.target, found.limit) == ("python3.13 x86_64", 1 << 20)
    assert found.unzipped_size == sum(build.unzipped_size for build in builds)
    assert f"data-bytes={found.unzipped_size}" in page(report)
    assert words.share(found.unzipped_size, 1 << 20) in page(report)
    assert document(report)["sets"][0]["builds"] == ["etl-python3.13-x86_64", "small-python3.13-x86_64"]


def test_bars_do_not_round_away():
    """Neither what is there nor what is missing; what exceeds the whole fills it."""
    assert re.findall(r"flex-basis:([\d.]+)%", bar([(0.001, "fill")], 100)) == ["0.001"]
    assert "class=rest" in bar([(99.6, "fill")], 100)
    assert "class=rest" not in bar([(100, "fill")], 100)
    assert re.findall(r"flex-basis:([\d.]+)%", bar([(150, "p0"), (50, "p1")], 100)) == ["75.000", "25.000"]


def test_every_layer_is_found_by_what_is_in_it(workshop):
    """By name, target, distribution and version; all that is about a layer goes with it."""
    elements = Elements(page(workshop.gather()))
    found = {
        attributes["data-layer"]: attributes["data-find"].split()
        for _, attributes in elements.found
        if "data-layer" in attributes
    }

    assert {"etl", "requests", "2.32", "arm64", "etl-python3.13-arm64"} <= {*found["etl"]}
    assert "requests" not in found["small"]
    assert {name for text in elements.values("data-of") for name in text.split()} >= {"etl", "small"}


def test_sections_are_listed(workshop):
    """By links that lead to each of them."""
    text = page(workshop.gather())
    listed = there(re.search(r"<nav.*?</nav>", text, re.DOTALL))[0]

    assert re.findall(r"href='#(\w+)'", listed) == ["layers", "checks", "changes", "contents", "timeline"]


def test_the_page_tells_what_each_build_waited_for(workshop):
    """In words beside its lane."""
    text = page(workshop.gather())

    assert "waited 1.00 s; wheel libetl 3.00 s; engine docker 0.50 s" in text
    assert "wheel libcore, begun for core-python3.13-x86_64: up to 0.50 s, 1 build" in text
    assert "s-wheel s-by" in text
