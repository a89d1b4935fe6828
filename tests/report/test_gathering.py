"""A statement is gathered from layers.json, its archives, and what the store kept of runs."""

from __future__ import annotations

import pytest
from factories.dist import entry
from factories.reports import RUN, Workshop, module

from pylayer.archives import catalogue
from pylayer.archives.catalogue import Catalogue
from pylayer.errors import StoreError, UsageError
from pylayer.state.imports import Import, remember

SOURCE = {"libetl/__init__.py": module(4000)}
ID = "etl-python3.13-x86_64"


@pytest.fixture
def workshop(tmp_path):
    workshop = Workshop(tmp_path)
    workshop.build("etl", {"libetl 2.0": SOURCE})
    return workshop


def test_nothing_built_is_an_error(tmp_path):
    """It says what to do first."""
    with pytest.raises(StoreError, match="build the layers first"):
        Workshop(tmp_path).gather()


def test_without_records_only_sizes_are_known(workshop):
    """Archives that were made elsewhere, say."""
    found = workshop.gather()

    assert [build.build for build in found.builds] == [ID]
    assert (found.imports, found.comparison, found.last_run) == ({}, None, None)


def test_layers_come_heaviest_first(workshop):
    """And in a layer its builds."""
    workshop.build("big", {"libbig 1.0": {"big.py": module(9000)}}, runs="python3.13-arm64")
    workshop.build("big", {"libbig 1.0": {"big.py": module(19000)}})

    assert [[build.build for build in builds] for builds in workshop.gather().layers.values()] == [
        ["big-python3.13-x86_64", "big-python3.13-arm64"],
        [ID],
    ]


def test_only_selects_builds(workshop):
    """By globs; one that matches nothing is an error."""
    workshop.build("big", {"libbig 1.0": {"big.py": b""}})

    assert [build.build for build in workshop.gather(only=["big-*"]).builds] == ["big-python3.13-x86_64"]
    with pytest.raises(UsageError, match="bgi"):
        workshop.gather(only=["bgi-*"])


def test_every_archive_that_is_missing_is_named(workshop):
    """In one error."""
    workshop.build("big", {"libbig 1.0": {"big.py": b""}})
    for path in workshop.output.glob("*.zip"):
        path.unlink()

    with pytest.raises(StoreError) as caught:
        workshop.gather()
    assert [fault.where for fault in caught.value.faults] == ["big-python3.13-x86_64.zip", f"{ID}.zip"]


def test_the_last_run_and_what_it_replaced(workshop):
    """Sizes of archives that a report weighed before they were replaced are still known."""
    before = workshop.listing
    workshop.gather()
    workshop.build("etl", {"libetl 2.1": {**SOURCE, "libetl/more.py": module(3000)}})
    workshop.ran(before=before)
    found = workshop.gather()

    assert found.last_run == RUN
    assert found.comparison.against == "the previous build"
    (move,) = found.comparison.changes[0].moved
    assert (move.before.version, move.after.version) == ("2.0", "2.1")
    assert move.before.unzipped_size < move.after.unzipped_size


def test_against_another_layers_json(workshop, tmp_path):
    """By its path or its folder's; its archives are weighed where they are beside it."""
    other = Workshop(tmp_path / "other")
    other.build("etl", {"libetl 1.0": SOURCE})
    found = [workshop.gather(against=path) for path in (other.output, other.output / catalogue.NAME)]

    assert found[0].comparison.changes == found[1].comparison.changes
    assert found[0].comparison.changes[0].moved[0].before.size > 0


def test_against_another_whose_archives_are_gone(workshop, tmp_path):
    """A layers.json alone gives versions."""
    other = tmp_path / "layers.json"
    catalogue.write(other, Catalogue(builds={ID: entry("etl")}))
    found = workshop.gather(against=other)

    assert [(moved.name, moved.state) for moved in found.comparison.changes[0].moved] == [
        ("etl", "removed"),
        ("libetl", "added"),
    ]


def test_against_what_is_not_there_is_an_error(workshop, tmp_path):
    """A mistyped path is not taken for an empty layers.json."""
    with pytest.raises(UsageError, match="no such file"):
        workshop.gather(against=tmp_path / "mistyped.json")


def test_import_times_are_those_of_this_very_archive(workshop):
    """What was measured with another archive is no one's."""
    listed = workshop.listing.builds[ID]
    measured = (Import(module="libetl", seconds=0.2, packages=(("numpy", 0.1),)),)
    remember(workshop.store, ID, listed.sha256, measured)

    assert workshop.gather().imports == {ID: measured}
    workshop.build("etl", {"libetl 2.1": SOURCE})
    assert workshop.gather().imports == {}
