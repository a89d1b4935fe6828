"""Jobs as they are sent, and results that nobody believes."""

from __future__ import annotations

from pathlib import Path

import pytest
from factories.engines import host_target

from pylayer.engines import Job
from pylayer.errors import BuildError, EngineError
from pylayer.monorepo.trees import TreeEntry
from pylayer.workers import parcels
from pylayer.workers.parcels import SMALL, SentFile, SentRun


def sent(job):
    run = SentRun(name="run", engine="docker", remote="file:///nowhere", folder="")
    return parcels.sent(
        job, run=run, target=host_target(), identity="i", bare=False, requirements=(), tools=()
    )


def test_a_job_is_the_same_there(tmp_path):
    """Small files are in it; large ones are named, and looked for."""
    small, large = tmp_path / "small", tmp_path / "large"
    small.write_bytes(b"small")
    large.write_bytes(b"x" * (SMALL + 1))
    tree = (
        TreeEntry(name="a", source=small, executable=True),
        TreeEntry(name="b", source=large),
        TreeEntry(name="c", source=small, link="a"),
    )
    job, files = sent(Job(name="liba", script="hook", request={"a": 1}, tree=tree, beside={"git.py": b"git"}))
    there = parcels.opened(parcels.closed(job))
    found = parcels.received(there, at=dict.fromkeys(there.wanted, large).__getitem__)

    assert [large] == list(files.values())
    assert [("a", b"small", True, ""), ("b", large, False, ""), ("c", b"", False, "a")] == [
        (each.name, each.source, each.executable, each.link) for each in found.tree
    ]
    assert ({"git.py": b"git"}, {"a": 1}) == (found.beside, found.request)


def test_a_file_that_cannot_be_read_is_told(tmp_path):
    """As where a job is done here."""
    with pytest.raises(BuildError, match="cannot be read"):
        sent(Job(name="liba", script="hook", request={}, tree=(TreeEntry(name="a", source=tmp_path / "a"),)))


def test_results_are_written(tmp_path):
    """With their modes; equal files come once."""
    there, here = tmp_path / "there", tmp_path / "here"
    (there / "sub").mkdir(parents=True)
    here.mkdir()
    (there / "small").write_bytes(b"small")
    (there / "small").chmod(0o755)
    for name in ("sub/one", "sub/two"):
        (there / name).write_bytes(b"x" * (SMALL + 1))
    files, large = parcels.results(there)

    def get(wanted):
        for sha256, path in wanted.items():
            path.write_bytes(Path(large[sha256]).read_bytes())

    parcels.unpacked(files, here, get=get)
    written = {path.relative_to(here).as_posix(): path for path in here.rglob("*") if path.is_file()}
    assert {"small", "sub/one", "sub/two"} == written.keys()
    assert (0o755, SMALL + 1) == (written["small"].stat().st_mode & 0o777, written["sub/two"].stat().st_size)


def test_a_result_that_leads_elsewhere_is_refused(tmp_path):
    """A job is not believed, wherever it was done."""
    with pytest.raises(EngineError, match="path"):
        parcels.unpacked([SentFile(name="../a", content=b"")], tmp_path, get=lambda _: None)
