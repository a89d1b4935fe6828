"""Tests of pylayer.engines.wire."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from pylayer.engines import Job
from pylayer.engines.wire import Results, pack
from pylayer.errors import BuildError, EngineError
from pylayer.monorepo.trees import TreeEntry

if TYPE_CHECKING:
    from pathlib import Path


def stream(files: list[tuple[str, bytes, bool]], *, status: int = 0, answer: object = None) -> bytes:
    """Give the results of a job, as the program inside sends them."""
    listed = [(name, len(content), executable) for name, content, executable in files]
    header = json.dumps({"status": status, "answer": answer, "files": listed}).encode() + b"\n"
    return header + b"".join(content for _, content, _ in files)


def test_job_is_packed(tmp_path: Path) -> None:
    """A job's stream is a line that lists its files, and then their contents."""
    (tmp_path / "b").write_bytes(b"from disk")
    tree = (TreeEntry(name="a", source=b"#!", executable=True), TreeEntry(name="b", source=tmp_path / "b"))
    job = Job(name="example", script="hook", request={"x": 1}, tree=tree)
    line, _, contents = b"".join(pack(job, folder="/work/example", env={"A": "1"})).partition(b"\n")
    header = json.loads(line)
    names = ["inside/program.py", "request.json", "inside/hook.py", "src/a", "src/b"]
    assert ("/work/example", "inside/hook.py") == (header["folder"], header["script"])
    assert (names, [False, False, False, True, False]) == (
        [f[0] for f in header["files"]],
        [f[2] for f in header["files"]],
    )
    assert b'{"x": 1}' in contents
    assert contents.endswith(b"#!from disk")


def test_file_that_shrinks_meanwhile(tmp_path: Path) -> None:
    """A file that changes while it is read is an error that names it."""
    (tmp_path / "a").write_bytes(bytes(100))
    packed = pack(
        Job(name="example", script="hook", request={}, tree=(TreeEntry(name="a", source=tmp_path / "a"),)),
        folder="/",
        env={},
    )
    next(packed)
    (tmp_path / "a").write_bytes(b"")
    with pytest.raises(BuildError, match=r"a: changed while it was being read"):
        list(packed)


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_results_come_in_any_pieces(tmp_path: Path, size: int) -> None:
    """However the stream is cut, the files, their modes and the answer come out."""
    files = [("a", b"one", False), ("b/empty", b"", False), ("b/run", b"x" * 50, True), ("z", b"", False)]
    whole = stream(files, status=3, answer={"wheel": "a"})
    results = Results(tmp_path)
    for start in range(0, len(whole), size):
        assert not results.complete
        results.feed(whole[start : start + size])
    assert (True, 3, {"wheel": "a"}) == (results.complete, results.status, results.done(3).answer)
    found = {
        str(path.relative_to(tmp_path)): (path.read_bytes(), bool(path.stat().st_mode & 0o100))
        for path in tmp_path.rglob("*")
        if path.is_file()
    }
    assert {name: (content, executable) for name, content, executable in files} == found


@pytest.mark.parametrize("name", ["../a", "/a", "a/../../b", ""])
def test_files_cannot_leave_their_folder(tmp_path: Path, name: str) -> None:
    """A name that leads elsewhere is refused, and nothing is written."""
    (tmp_path / "into").mkdir()
    with pytest.raises(EngineError, match="a file whose path"):
        Results(tmp_path / "into").feed(stream([(name, b"x", False)]))
    assert ["into"] == [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")]


def test_results_that_break_off(tmp_path: Path) -> None:
    """A stream that ends early is not complete."""
    results = Results(tmp_path)
    results.feed(stream([("a", b"one", False)])[:-1])
    results.close()
    assert not results.complete


def test_what_is_no_result_is_log(tmp_path: Path) -> None:
    """What an engine itself prints instead of results, as why a program cannot start, is in the log."""
    results = Results(tmp_path)
    results.feed(b"OCI runtime exec failed: no such file")
    assert "OCI runtime exec failed: no such file" == results.done(126).log


def test_nonsense_is_an_error(tmp_path: Path) -> None:
    """A first line that is no JSON is an error that shows it."""
    with pytest.raises(EngineError, match="cannot be read: b'nonsense'"):
        Results(tmp_path).feed(b"nonsense\n")


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    "files",
    [
        [["a", -1, False]],
        [["a", 1.5, False]],
        [["a", True, False]],
        [["a", "1", False]],
        [[1, 1, False]],
        [["a", 1]],
        ["abc"],
        [None],
        5,
        None,
        [["a", 1 << 62, False]],
    ],
)
def test_a_list_of_files_that_is_none(tmp_path: Path, files: object) -> None:
    """A build's own code can write to the stream: it hangs nobody, and fills no disk."""
    header = json.dumps({"status": 0, "answer": None, "files": files}).encode() + b"\n"
    with pytest.raises(EngineError, match="a job's results"):
        Results(tmp_path).feed(header + b"more than nothing")
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize("header", [b"[" * 100_000 + b"\n", b"[]\n", b'{"files": []}\n', b"\xff\n"])
def test_a_header_that_is_none(tmp_path: Path, header: bytes) -> None:
    """Nesting without end, and what lacks a status, are errors that show how it begins."""
    with pytest.raises(EngineError, match="a job's results cannot be read"):
        Results(tmp_path).feed(header)


def test_a_header_without_end(tmp_path: Path) -> None:
    """A line that never ends is not gathered for ever."""
    results = Results(tmp_path)
    for _ in range(16):
        results.feed(bytes(1 << 20))
    with pytest.raises(EngineError, match="a line without end"):
        results.feed(b"x")
