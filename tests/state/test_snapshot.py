"""A snapshot notices every change of what a run looked at, and trusts no status that is too young."""

import os
import time
from dataclasses import replace

import pytest

from pylayer.state import snapshot
from pylayer.state.opening import WorkspaceState
from pylayer.state.snapshot import KeptBuild, Snapshot
from pylayer.store import Store

LATER = 10_000_000_000


def taken(*paths, since_ns=None, ours=()):
    found = snapshot.take(paths, since_ns=since_ns or time.time_ns() + LATER, ours=ours)
    if found is None:
        return None
    statuses, unsettled = found
    return Snapshot(options={}, paths=statuses, unsettled=unsettled, described={}, builds={})


@pytest.fixture
def file(tmp_path):
    file = tmp_path / "file"
    file.write_text("one")
    return file


def test_nothing_changed(file, tmp_path):
    """Files, folders and what is not there are as they were."""
    assert snapshot.unchanged(taken(file, tmp_path, tmp_path / "missing"))


def test_an_edit_is_noticed(file):
    """Another size or time is a change."""
    before = taken(file)
    file.write_text("another")

    assert not snapshot.unchanged(before)


def test_an_edit_that_keeps_size_and_time_is_noticed(file):
    """The time of the status's change cannot be set back."""
    before = taken(file)
    status = file.stat()
    time.sleep(0.02)
    file.write_text("two")
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))

    assert not snapshot.unchanged(before)


def test_a_file_that_goes_is_noticed(file):
    """A missing file is a change."""
    before = taken(file)
    file.unlink()

    assert not snapshot.unchanged(before)


def test_a_file_that_comes_is_noticed(tmp_path):
    """A path that was not there, and is."""
    before = taken(tmp_path / "new")
    (tmp_path / "new").touch()

    assert not snapshot.unchanged(before)


def test_a_new_name_in_a_folder_is_noticed(tmp_path):
    """A folder stands for the names in it."""
    before = taken(tmp_path)
    time.sleep(0.02)
    (tmp_path / "new").touch()

    assert not snapshot.unchanged(before)


def test_an_executable_bit_is_noticed(file):
    """Modes are part of what a build sees."""
    before = taken(file)
    file.chmod(0o755)

    assert not snapshot.unchanged(before)


def test_a_young_file_is_compared_by_its_content(file):
    """A status within the clock's resolution is not trusted."""
    before = taken(file, since_ns=time.time_ns() + 1)
    forged = {str(file): "0" * 64}

    assert (list(before.unsettled), snapshot.unchanged(before)) == ([str(file)], True)
    assert not snapshot.unchanged(
        Snapshot(options={}, paths=before.paths, unsettled=forged, described={}, builds={})
    )


def test_a_file_that_changed_during_the_run_makes_no_snapshot(file):
    """Which of its states went into the run is not known."""
    assert taken(file, since_ns=file.stat().st_ctime_ns - 1) is None


def test_a_file_that_the_run_wrote_may_be_younger(file):
    """What the run itself wrote is known."""
    assert taken(file, since_ns=file.stat().st_ctime_ns - 1, ours=[file]) is not None


def test_an_archive_is_intact_until_it_is_touched(file):
    """Outputs are checked by size and time."""
    kept = KeptBuild(
        layer="a",
        wheels=1,
        size=3,
        unzipped_size=3,
        sha256="",
        warnings=(),
        path=str(file),
        status=snapshot.status_of_output(file),
    )
    before = snapshot.intact(kept)
    os.utime(file, (1, 1))

    assert (before, snapshot.intact(kept)) == (True, False)


def test_a_further_link_leaves_an_archive_intact(file, tmp_path):
    """Hard links between equal archives come and go."""
    status = snapshot.status_of_output(file)
    os.link(file, tmp_path / "link")

    assert snapshot.status_of_output(file) == status


def test_by_hash_a_forged_archive_is_found(file):
    """Verifying outputs reads them."""
    kept = KeptBuild(
        layer="a",
        wheels=1,
        size=3,
        unzipped_size=3,
        sha256="0" * 64,
        warnings=(),
        path=str(file),
        status=snapshot.status_of_output(file),
    )

    assert (snapshot.intact(kept), snapshot.intact(kept, by_hash=True)) == (True, False)


def test_a_snapshot_comes_back(file, tmp_path):
    """What was saved is loaded, each workspace's own."""
    store = Store(tmp_path / "store")
    state, other = (WorkspaceState(tmp_path / name / "layers.toml", store=store) for name in "ab")
    kept = KeptBuild(
        layer="a",
        wheels=1,
        size=3,
        unzipped_size=3,
        sha256="0" * 64,
        warnings=("a note",),
        path=str(file),
        status=snapshot.status_of_output(file),
    )
    before = replace(taken(file, tmp_path / "missing"), options={"engine": ""}, builds={"a-python3.13": kept})
    snapshot.save(state, before)

    assert (snapshot.load(state), snapshot.load(other)) == (before, None)


def test_a_snapshot_is_forgotten(file, tmp_path):
    """A run that saw its files change under it leaves none, whether there was one or not."""
    state = WorkspaceState(tmp_path / "layers.toml", store=Store(tmp_path / "store"))
    snapshot.save(state, taken(file))
    for _ in range(2):
        snapshot.forget(state)

    assert snapshot.load(state) is None
