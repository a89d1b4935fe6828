from __future__ import annotations

import base64
import hashlib
import itertools
import os
import posixpath
import shutil
import stat
import subprocess
import sys
import warnings
import zipfile

import pytest
from factories.layers import compiled
from factories.wheels import File, make_wheel, make_zip
from hypothesis import given, settings
from hypothesis import strategies as st

from pylayer import wheels
from pylayer.archives import archive
from pylayer.archives.layout import ROOT
from pylayer.errors import ArchiveError, StoreError
from pylayer.targets import Architecture, Target, load_runtimes

RUNTIMES = load_runtimes()
TARGET = Target(runtime=RUNTIMES["python3.13"], architecture=Architecture.ARM64)
NAMESPACE = b"__path__ = __import__('pkgutil').extend_path(__path__, __name__)\n"


def assemble(folder, *paths, target=TARGET, name="layer.zip", **options):
    """The archive of the wheels at `paths`."""
    read = [wheels.read(path) for path in paths]
    return archive.assemble(read, folder / name, target=target, **options)


def contents(path):
    """Content by name, read by zipfile, with its checks."""
    with zipfile.ZipFile(path) as file:
        assert file.testzip() is None
        return {name: file.read(name) for name in file.namelist()}


def test_members_of_all_wheels_are_there_sorted_and_dated(tmp_path):
    """One date, two modes, Unix, no data descriptors."""
    one = make_wheel(tmp_path, {"b/z.py": b"1", "a.py": b"2"}, name="one")
    two = make_wheel(tmp_path, {"b/tool": File(content=b"3", mode=0o100700)}, name="two")
    made = assemble(tmp_path, one, two)
    with zipfile.ZipFile(made.path) as file:
        infos = file.infolist()
    names = [info.filename for info in infos]
    assert sorted(names) == names
    assert {"python/a.py", "python/b/z.py", "python/b/tool"} < set(names)
    assert {((1980, 1, 1, 0, 0, 0), 3, 0)} == {(i.date_time, i.create_system, i.flag_bits) for i in infos}
    modes = {info.filename: oct(info.external_attr >> 16) for info in infos}
    assert "0o100755" == modes.pop("python/b/tool")
    assert {"0o100644"} == set(modes.values())


def test_an_archive_tells_hashes_and_sizes(tmp_path):
    """Of the file as it is, and as Lambda counts it."""
    made = assemble(tmp_path, make_wheel(tmp_path, {"a.py": b"a" * 1000, "empty": b""}))
    data = made.path.read_bytes()
    found = contents(made.path)
    assert hashlib.sha256(data).hexdigest() == made.sha256
    assert base64.b64encode(hashlib.sha256(data).digest()).decode() == made.code_sha256
    sizes = (len(data), sum(map(len, found.values())), len(found))
    assert sizes == (made.size, made.unzipped_size, made.members)


def test_compressed_bytes_come_from_the_wheel(tmp_path):
    """Level 1 and stored members stay what they are."""
    files = {
        "fast.py": File(content=b"abc" * 500, level=1),
        "stored.py": File(content=b"abc" * 500, method=zipfile.ZIP_STORED),
    }
    wheel = make_wheel(tmp_path, files)
    made = assemble(tmp_path, wheel)
    with zipfile.ZipFile(wheel) as old, zipfile.ZipFile(made.path) as new:
        for name in files:
            before, after = old.getinfo(name), new.getinfo(ROOT + name)
            assert before.compress_size == after.compress_size
            assert before.compress_type == after.compress_type


def test_order_and_place_of_wheels_do_not_matter(tmp_path):
    """Nor how often one is named."""
    made = set()
    for number, order in enumerate(itertools.permutations(["one", "two", "three"])):
        folder = tmp_path / f"{number}"
        paths = [
            make_wheel(folder, {f"{name}.py": b"1", "ns/__init__.py": NAMESPACE}, name=name) for name in order
        ]
        made.add(assemble(folder, *paths, paths[0]).sha256)
    assert 1 == len(made)


def test_a_pure_wheel_without_scripts_gives_the_same_bytes_everywhere(tmp_path):
    """Whatever the target."""
    wheel = make_wheel(tmp_path, {"a.py": b"1"}, entry_points="[console_scripts]\na = a:main\n")
    targets = [
        Target(runtime=runtime, architecture=arch) for runtime in RUNTIMES.values() for arch in Architecture
    ]
    assert 1 == len({assemble(tmp_path, wheel, target=target).sha256 for target in targets})


def test_bytecode_is_copied_to_where_their_members_say(tmp_path):
    """Bytecode has its paths in the archive already."""
    code = make_zip(tmp_path / "bytecode.zip", {"python/__pycache__/a.cpython-313.pyc": b"code"})
    made = assemble(tmp_path, make_wheel(tmp_path, {"a.py": b"1"}), bytecode=[compiled(code)])
    found = contents(made.path)
    assert b"code" == found["python/__pycache__/a.cpython-313.pyc"]
    assert b".pyc" not in found["python/example-1.0.dist-info/RECORD"]


def test_the_order_of_bytecode_does_not_matter(tmp_path):
    """Their names do not either: two machines keep them under different ones."""
    made = set()
    for names in (("x", "y"), ("y", "x")):
        paths = [
            make_zip(tmp_path / f"{name}.zip", {f"python/{number}.pyc": b"1", "python/n.pyc": b"2"})
            for number, name in enumerate(names)
        ]
        bytecode = [compiled(path) for path in paths]
        made.add(assemble(tmp_path, make_wheel(tmp_path), bytecode=bytecode).sha256)
    assert 1 == len(made)


def test_the_same_file_from_two_wheels_is_kept_once(tmp_path):
    """Namespace packages of the old kind: each wheel brings the same __init__.py."""
    one = make_wheel(tmp_path, {"ns/__init__.py": NAMESPACE, "ns/one.py": b""}, name="one")
    two = make_wheel(tmp_path, {"ns/__init__.py": NAMESPACE, "ns/two.py": b""}, name="two")
    assert NAMESPACE == contents(assemble(tmp_path, one, two).path)["python/ns/__init__.py"]


def test_the_same_file_in_other_compression_and_mode_is_one_whatever_the_order(tmp_path):
    """Which of them is taken depends on their bytes alone; executable in one is executable."""
    made = set()
    for first, second in (("one", "two"), ("two", "one")):
        folder = tmp_path / first
        variants = {
            first: File(content=NAMESPACE * 9, level=9, mode=0o100755),
            second: File(content=NAMESPACE * 9, method=zipfile.ZIP_STORED),
        }
        paths = [make_wheel(folder, {"ns.py": variants[name]}, name=name) for name in ("one", "two")]
        made_here = assemble(folder, *paths)
        with zipfile.ZipFile(made_here.path) as file:
            info = file.getinfo("python/ns.py")
            made.add((info.compress_size, info.external_attr >> 16))
    assert {(len(NAMESPACE) * 9, 0o100755)} == made


def test_all_conflicts_are_named_at_once(tmp_path):
    """Each path with the wheels that write different bytes to it."""
    one = make_wheel(tmp_path, {"a.py": b"1", "b.py": b"1", "c.py": b"same"}, name="one")
    two = make_wheel(tmp_path, {"a.py": b"2", "b.py": b"22", "c.py": b"same"}, name="two")
    three = make_wheel(tmp_path, {"a.py": b"1"}, name="three")
    with pytest.raises(ArchiveError) as caught:
        assemble(tmp_path, two, one, three)
    faults = [(fault.where, fault.what) for fault in caught.value.faults]
    names = {name: f"{name}-1.0-py3-none-any.whl" for name in ("one", "two", "three")}
    assert [
        ("python/a.py", f"{names['one']} and {names['three']} and {names['two']} put different files there"),
        ("python/b.py", f"{names['one']} and {names['two']} put different files there"),
    ] == faults
    assert caught.value.faults[0].hint
    assert not (tmp_path / "layer.zip").exists()


def test_an_equal_checksum_is_not_enough(tmp_path):
    """CRC-32 can be had twice; bytes are compared."""
    contents_of_one_crc = (b"plumless", b"buckeroo")
    paths = [
        make_wheel(tmp_path, {"a.txt": content}, name=name)
        for name, content in zip(("one", "two"), contents_of_one_crc, strict=True)
    ]
    with pytest.raises(ArchiveError, match="put different files there"):
        assemble(tmp_path, *paths)


def test_a_file_where_another_wheel_has_a_folder_is_a_conflict(tmp_path):
    """No file system can hold both."""
    one = make_wheel(tmp_path, {"thing": b""}, name="one")
    two = make_wheel(tmp_path, {"thing/deep/er.py": b""}, name="two")
    message = (
        r"python/thing: one-1\.0-py3-none-any\.whl has a file there, two-1\.0-py3-none-any\.whl a folder"
    )
    with pytest.raises(ArchiveError, match=message):
        assemble(tmp_path, one, two)


def test_a_script_and_a_module_that_meet_are_a_conflict(tmp_path):
    """`.data/scripts` and a package called bin share a folder: different bytes there are a conflict, too."""
    wheel = make_wheel(tmp_path, {"bin/x": b"1", "example-1.0.data/scripts/x": b"2"})
    with pytest.raises(ArchiveError, match=r"python/bin/x: .*any\.whl and its \.data folder put different"):
        assemble(tmp_path, wheel)


def test_bytecode_against_a_wheels_file_is_a_conflict(tmp_path):
    """What a wheel brings where bytecode is to be is no other distribution's."""
    code = make_zip(tmp_path / "bytecode.zip", {"python/a.py": b"other"})
    with pytest.raises(ArchiveError, match=r"any\.whl and its bytecode put different files there"):
        assemble(tmp_path, make_wheel(tmp_path, {"a.py": b"1"}), bytecode=[compiled(code)])


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("../evil.py", File()),
        ("/evil.py", File()),
        ("link", File(content=b"/etc", mode=stat.S_IFLNK | 0o777)),
    ],
)
def test_a_wheel_that_cannot_be_copied_safely_is_refused_by_name(tmp_path, name, file):
    """Wheel and member are named, and nothing is written."""
    wheel = wheels.read(make_wheel(tmp_path, {}))
    make_wheel(tmp_path, {name: file})
    with pytest.raises(ArchiveError, match=r"example-1\.0-py3-none-any\.whl: .*(evil|link)"):
        archive.assemble([wheel], tmp_path / "layer.zip", target=TARGET)
    assert not (tmp_path / "layer.zip").exists()


def test_an_archive_without_files_is_refused(tmp_path):
    """Lambda would refuse it, too."""
    with pytest.raises(ArchiveError, match=r"layer\.zip: would be an empty archive"):
        assemble(tmp_path)


def test_a_failure_leaves_the_old_archive_and_nothing_else(tmp_path):
    """The last good one stays until there is a better."""
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "layer.zip").write_bytes(b"the last good one")
    one = make_wheel(tmp_path, {"a.py": b"1"}, name="one")
    two = make_wheel(tmp_path, {"a.py": b"2"}, name="two")
    with pytest.raises(ArchiveError):
        assemble(folder, one, two)
    assert [b"the last good one"] == [path.read_bytes() for path in folder.iterdir()]


def test_a_folder_that_is_not_there_is_an_error_of_the_store(tmp_path):
    """With the archive's path."""
    with pytest.raises(StoreError, match=r"layer\.zip: cannot be written: No such file or directory"):
        assemble(tmp_path / "nowhere", make_wheel(tmp_path))


MANY = """
import resource, sys
from pathlib import Path
from pylayer.archives import archive; from pylayer import targets, wheels

paths = [Path(path) for path in sys.argv[2:]]
read = [wheels.read(path) for path in paths]
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
runtime = targets.load_runtimes()["python3.13"]
target = targets.Target(runtime=runtime, architecture=targets.Architecture.ARM64)
print(archive.assemble(read, Path(sys.argv[1]), target=target).members)
"""


def test_more_wheels_than_a_process_may_have_files_open(tmp_path):
    """A layer of hundreds of wheels, on a machine that allows few."""
    paths = [
        make_wheel(tmp_path, {"ns/a.py": b"", f"ns/{name}.py": b"1"}, name=f"w{name}") for name in range(100)
    ]
    command = [sys.executable, "-c", MANY, tmp_path / "layer.zip", *paths]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert 100 * 4 + 1 == int(done.stdout)


@pytest.mark.skipif(not shutil.which("unzip"), reason="unzip is not installed")
def test_unzip_and_zipfile_accept_what_is_made(tmp_path):
    """Their own tests of a file, run as a person would."""
    files = {
        "a.py": b"1",
        "empty": b"",
        "dé/日本.txt": b"2" * 5000,
        "example-1.0.data/scripts/t": b"#!python\n",
    }
    made = assemble(tmp_path, make_wheel(tmp_path, files))
    for command in (["unzip", "-tqq"], [sys.executable, "-m", "zipfile", "-t"]):
        subprocess.run([*command, made.path], check=True, capture_output=True)


DIST_INFO = "example-1.0.dist-info"
PLACES = [
    "",
    "pkg/",
    "pkg/sub/",
    *(f"example-1.0.data/{kind}/" for kind in ("purelib", "platlib", "data", "scripts")),
]
NAMES = st.text("abü .-_", min_size=1, max_size=5).filter(lambda name: name.strip(".") == name)
FILES = st.dictionaries(
    st.builds(
        str.__add__, st.sampled_from([*PLACES, "pkg/__pycache__/", "example-1.0.data/headers/"]), NAMES
    ),
    st.builds(
        File,
        content=st.binary(max_size=300)
        | st.builds(bytes.__add__, st.just(b"#!python\n"), st.binary(max_size=50)),
        mode=st.sampled_from([0o100644, 0o100755, 0o100600, 0o644, 0o755, 0o100711]),
        method=st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]),
    ),
    max_size=8,
)


def installed(wheel, folder):
    """Content and executable bit of each file that the `installer` library makes of `wheel` in `folder`."""
    from installer import install
    from installer.destinations import SchemeDictionaryDestination
    from installer.sources import WheelFile

    schemes = {scheme: str(folder) for scheme in ("purelib", "platlib", "data")}
    schemes |= {"scripts": str(folder / "bin"), "headers": str(folder.parent / "headers")}
    destination = SchemeDictionaryDestination(schemes, "/var/lang/bin/python3.13", "posix")
    with WheelFile.open(wheel) as source, warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # it says that it leaves out __pycache__
        install(source, destination, {})
    return {
        str(path.relative_to(folder)): (path.read_bytes(), os.access(path, os.X_OK))
        for path in folder.rglob("*")
        if path.is_file()
    }


def clashing(files):
    """Whether two of `files` meet in one path, or one lies where another has a folder."""
    placed = [name.split("/", 2)[2] if ".data/" in name else name for name in files]
    scripts = [name for name in files if ".data/scripts/" in name]
    paths = {f"bin/{path}" if name in scripts else path for name, path in zip(files, placed, strict=True)}
    folders = {path.rsplit("/", depth)[0] for path in paths for depth in (1, 2) if "/" in path}
    return len(paths) < len(files) or bool(paths & (folders | {DIST_INFO, "pkg", "bin"}))


@given(files=FILES.filter(lambda files: not clashing(files)))
@settings(max_examples=50, deadline=None)
def test_an_archive_holds_what_an_installer_would_install(tmp_path_factory, files):
    """Same paths, same bytes, same executable bits; scripts are executable for pip, as they are here."""
    folder = tmp_path_factory.mktemp("wheel")
    wheel = make_wheel(folder, files)
    made = assemble(folder, wheel)
    with zipfile.ZipFile(made.path) as file:
        found = {
            info.filename.removeprefix(ROOT): (file.read(info), bool(info.external_attr >> 16 & 0o111))
            for info in file.infolist()
        }
    expected = installed(wheel, folder / "installed")
    records = [dict_of_record(kept.pop(f"{DIST_INFO}/RECORD")[0]) for kept in (expected, found)]
    scripts = {name for name in found if name.startswith("bin/")}
    assert {
        name: (content, executable or name in scripts) for name, (content, executable) in expected.items()
    } == found
    assert {name: row for name, row in records[0].items() if not name.startswith("../headers/")} == records[1]


def dict_of_record(text):
    """RECORD's rows by path."""
    import csv
    import io

    return {
        posixpath.normpath(name): rest for name, *rest in csv.reader(io.StringIO(text.decode(), newline=""))
    }


def test_extra_files_stand_where_they_say_with_their_modes(tmp_path):
    """Beside `python/`, and in it where no wheel has a file."""
    tool = File(content=b"#!/bin/sh", mode=0o100755)
    files = make_zip(tmp_path / "files.zip", {"bin/tool": tool, "lib/a.so": b"1", "python/data.txt": b"2"})
    made = assemble(tmp_path, make_wheel(tmp_path, {"a.py": b""}), files=files)
    with zipfile.ZipFile(made.path) as file:
        assert "0o100755" == oct(file.getinfo("bin/tool").external_attr >> 16)
        assert "0o100644" == oct(file.getinfo("lib/a.so").external_attr >> 16)
        assert {"bin/tool", "lib/a.so", "python/a.py", "python/data.txt"} < set(file.namelist())


def test_an_extra_file_over_a_wheels_is_a_conflict(tmp_path):
    """Both are named; the wheel's, left out, makes room for it."""
    wheel = make_wheel(tmp_path, {"a.py": b"1"})
    files = make_zip(tmp_path / "files.zip", {"python/a.py": b"2"})
    message = (
        r"python/a\.py: .*example-1\.0-py3-none-any\.whl and `files` of layers\.toml put different files"
    )
    with pytest.raises(ArchiveError, match=message):
        assemble(tmp_path, wheel, files=files)
    made = assemble(tmp_path, wheel, files=files, without={"python/a.py"})
    assert b"2" == contents(made.path)["python/a.py"]


def test_what_is_left_out_is_neither_there_nor_in_record(tmp_path):
    """Of wheels and of bytecode."""
    code = make_zip(tmp_path / "c.zip", {"python/__pycache__/b.cpython-313.pyc": b"code"})
    without = {"python/b.py", "python/__pycache__/b.cpython-313.pyc"}
    wheel = make_wheel(tmp_path, {"a.py": b"1", "b.py": b"2"})
    found = contents(assemble(tmp_path, wheel, bytecode=[compiled(code)], without=without).path)
    assert not without & set(found)
    assert b"b.py" not in found["python/example-1.0.dist-info/RECORD"]
    assert b"a.py" in found["python/example-1.0.dist-info/RECORD"]
