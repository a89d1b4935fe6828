from __future__ import annotations

import csv
import io

import pytest
from factories.wheels import File, make_wheel

from pylayer.archives.layout import place
from pylayer.errors import ArchiveError
from pylayer.recordfile import hash_and_size
from pylayer.targets import load_runtimes
from pylayer.zips.reader import Zip

RUNTIMES = load_runtimes()
DATA = "example-1.0.data"
RECORD = "python/example-1.0.dist-info/RECORD"


def placed(tmp_path, files, *, runtime="python3.12", **wheel):
    """Where the members of a wheel of `files` go: path → (content, executable)."""
    with Zip(make_wheel(tmp_path, files, **wheel)) as archive:
        return {
            placed.path: (
                archive.content(placed.member) if placed.content is None else placed.content,
                placed.executable,
            )
            for placed in place(archive, runtime=RUNTIMES[runtime])
        }


def record(found):
    """RECORD's rows among what was `found`."""
    return list(csv.reader(io.StringIO(found[RECORD][0].decode(), newline="")))


def test_the_root_goes_under_python(tmp_path):
    """With the executable bit, and the whole of .dist-info."""
    found = placed(tmp_path, {"pkg/a.py": b"a", "pkg/tool": File(content=b"t", mode=0o100755)})
    dist_info = {f"python/example-1.0.dist-info/{name}" for name in ("METADATA", "WHEEL", "RECORD")}
    assert {"python/pkg/a.py", "python/pkg/tool", *dist_info} == set(found)
    assert (b"a", False) == found["python/pkg/a.py"]
    assert (b"t", True) == found["python/pkg/tool"]


@pytest.mark.parametrize("scheme", ["purelib", "platlib", "data"])
def test_data_folders_go_under_python(tmp_path, scheme):
    """As an installer does that installs into one folder."""
    found = placed(tmp_path, {f"{DATA}/{scheme}/share/x": b"x"})
    assert (b"x", False) == found["python/share/x"]


def test_headers_go_nowhere(tmp_path):
    """Nothing is compiled on Lambda."""
    found = placed(tmp_path, {f"{DATA}/headers/x.h": b"x"})
    assert not any(path.endswith(".h") for path in found)
    assert not any(row[0].endswith(".h") for row in record(found))


@pytest.mark.parametrize("first", [b"#!python", b"#!pythonw", b"#!python -s", b"#!python\r"])
def test_a_script_is_for_the_runtimes_python(tmp_path, first):
    """Its first line is replaced as a whole, as installers do."""
    files = {f"{DATA}/scripts/tool": first + b"\nprint(1)\n"}
    found = placed(tmp_path, files, runtime="python3.13")
    assert (b"#!/var/lang/bin/python3.13\nprint(1)\n", True) == found["python/bin/tool"]


@pytest.mark.parametrize("content", [b"#!/bin/sh\n", b"\x7fELF....", b"", b"#!pyth"])
def test_another_program_among_scripts_stays_as_it_is(tmp_path, content):
    """But executable."""
    found = placed(tmp_path, {f"{DATA}/scripts/tool": content})
    assert (content, True) == found["python/bin/tool"]


def test_record_follows_what_moved_and_changed(tmp_path):
    """Paths from python/ on, hashes of what is there now."""
    files = {
        "pkg.py": b"p",
        f"{DATA}/purelib/lib.py": b"l",
        f"{DATA}/scripts/tool": b"#!python\n",
        f"{DATA}/scripts/plain": b"#!/bin/sh\n",
    }
    rows = {name: (digest, size) for name, digest, size in record(placed(tmp_path, files))}
    assert hash_and_size(b"p") == rows["pkg.py"]
    assert hash_and_size(b"l") == rows["lib.py"]
    assert hash_and_size(b"#!/var/lang/bin/python3.12\n") == rows["bin/tool"]
    assert hash_and_size(b"#!/bin/sh\n") == rows["bin/plain"]
    assert ("", "") == rows["example-1.0.dist-info/RECORD"]
    assert not any(name.startswith(DATA) for name in rows)


def test_record_is_copied_where_nothing_moved(tmp_path):
    """Even one in an odd order: what is signed or hashed elsewhere stays."""
    odd = b"pkg.py,,\r\nexample-1.0.dist-info/RECORD,,\r\n"
    assert odd == placed(tmp_path, {"pkg.py": b"", "example-1.0.dist-info/RECORD": odd})[RECORD][0]


def test_bytecode_of_a_wheel_is_left_out(tmp_path):
    """It is for another Python, or stale; RECORD does not list it either."""
    found = placed(
        tmp_path, {"a.py": b"", "__pycache__/a.cpython-311.pyc": b"x", "b/__pycache__/c.pyc": b"x"}
    )
    assert not any("__pycache__" in path for path in found)
    assert not any("__pycache__" in row[0] for row in record(found))


def test_a_module_shipped_as_bytecode_alone_is_kept(tmp_path):
    """Python imports such a file beside no source."""
    assert (b"x", False) == placed(tmp_path, {"secret.pyc": b"x"})["python/secret.pyc"]


def test_names_with_commas_quotes_and_newlines_stay_right_in_record(tmp_path):
    """RECORD is comma-separated values."""
    names = ['a,"b"', "c\nd", "é"]
    rows = record(placed(tmp_path, {f"{DATA}/data/{name}": b"1" for name in names}))
    assert set(names) <= {row[0] for row in rows}


@pytest.mark.parametrize("path", [f"{DATA}/docs/x", f"{DATA}/x"])
def test_an_unknown_data_folder_is_refused(tmp_path, path):
    """The specification knows five."""
    with pytest.raises(ArchiveError, match=rf"example-1\.0-py3-none-any\.whl: {path}: .* no installer knows"):
        placed(tmp_path, {path: b""})


def test_a_package_that_is_only_called_data_is_an_ordinary_one(tmp_path):
    """The .data folder has the wheel's name and version."""
    assert "python/other.data/scripts/x" in placed(tmp_path, {"other.data/scripts/x": b""})


def test_a_data_folder_of_another_spelling_is_the_same(tmp_path):
    """Backends differ in how they write names."""
    found = placed(tmp_path, {"My.Lib-1.0.data/purelib/x": b""}, name="my_lib")
    assert "python/x" in found


def test_no_wrappers_are_made_for_entry_points(tmp_path):
    """entry_points.txt is there for who asks."""
    found = placed(tmp_path, {"a.py": b""}, entry_points="[console_scripts]\ntool = a:main\n")
    assert not any(path.startswith("python/bin/") for path in found)
    assert "python/example-1.0.dist-info/entry_points.txt" in found
