"""Paths and modes of finished archives."""

from __future__ import annotations

import stat

from factories.layers import found, zip_layer
from factories.wheels import File

FILE = stat.S_IFREG


def test_a_file_that_others_cannot_read_is_an_error(tmp_path):
    """Lambda says "Layer conversion failed" of it."""
    made = zip_layer(tmp_path, {"python/a.py": File(mode=FILE | 0o600)})
    what = "has mode 0600: Lambda's user could not read it"
    assert found(made) == [("error", "mode", "python/a.py", what)]


def test_a_program_that_cannot_be_run_is_a_warning(tmp_path):
    """/opt/bin is on PATH, and a shell says "permission denied"."""
    made = zip_layer(tmp_path, {"bin/tool": File(content=b"#!/bin/sh\n"), "python/a.py": b""})
    assert [("warning", "mode", "bin/tool")] == [problem[:3] for problem in found(made)]


def test_names_that_differ_in_case_alone_are_a_warning(tmp_path):
    """They are two files on Lambda and one on the laptop that unpacks the zip."""
    made = zip_layer(tmp_path, {"python/a/Data.json": b"1", "python/a/data.json": b"2"})
    what = "differs from python/a/data.json only in case: macOS and Windows keep just one of them"
    assert found(made) == [("warning", "path", "python/a/Data.json", what)]


def test_a_file_where_another_needs_a_folder_is_an_error(tmp_path):
    """One of the two cannot be unpacked."""
    made = zip_layer(tmp_path, {"python/data": b"1", "python/data/x.json": b"2"})
    assert found(made) == [
        ("error", "path", "python/data", "is a file, but also the folder of python/data/x.json")
    ]


def test_a_symlink_is_an_error(tmp_path):
    """Packers and unpackers disagree about what it becomes."""
    made = zip_layer(tmp_path, {"python/a": File(content=b"/etc/passwd", mode=stat.S_IFLNK | 0o777)})
    assert found(made) == [("error", "archive", "python/a", "is a symlink")]


def test_a_path_that_climbs_out_is_an_error(tmp_path):
    """It would be written outside of /opt."""
    made = zip_layer(tmp_path, {"python/../../etc/x": b""})
    assert found(made) == [("error", "archive", "python/../../etc/x", "has a path that leads outside")]


def test_what_is_no_zip_is_an_error(tmp_path):
    """A check says so and does not raise."""
    made = zip_layer(tmp_path, {"python/a.py": b""})
    made.path.write_bytes(b"nothing of the kind")
    assert [("error", "archive")] == [problem[:2] for problem in found(made)]


def test_code_outside_of_python_is_an_error(tmp_path):
    """Zipping site-packages itself is the classic mistake."""
    made = zip_layer(tmp_path, {"requests/__init__.py": b"", "requests/api.py": b""})
    what = "is outside python/, where Lambda's Python does not look (1 more like it)"
    assert found(made) == [("error", "import", "requests/__init__.py", what)]


def test_data_elsewhere_in_opt_is_no_problem(tmp_path):
    """Functions may open it by its path."""
    assert found(zip_layer(tmp_path, {"model/weights.bin": b"1", "lib/x.txt": b"2"})) == []
