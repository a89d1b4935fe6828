"""What patterns leave out of an archive, and what stays in spite of them."""

from __future__ import annotations

import zipfile

import pytest
from factories.elf import library
from factories.layers import target
from factories.wheels import make_wheel, make_zip

from pylayer import wheels
from pylayer.archives.archive import assemble
from pylayer.archives.dropping import choose
from pylayer.errors import ArchiveError

TARGET = target()


def dropped(*paths, patterns, bytecode=()):
    """What is chosen of the wheels at `paths`."""
    read = [wheels.read(path) for path in paths]
    return choose(read, bytecode, patterns=patterns, runtime=TARGET.runtime)


def left_out(*paths, patterns):
    """The paths that go, without `python/`."""
    return {path.removeprefix("python/") for path in dropped(*paths, patterns=patterns).paths}


FILES = {
    "pkg/__init__.py": b"",
    "pkg/core.py": b"x = 1\n" * 100,
    "pkg/tests/__init__.py": b"",
    "pkg/tests/test_core.py": b"assert True\n" * 100,
    "pkg/tests/data/big.bin": b"0" * 5000,
    "pkg/stubs.pyi": b"x: int\n",
}


@pytest.mark.parametrize(
    ("pattern", "gone"),
    [
        ("**/tests/**", {"pkg/tests/__init__.py", "pkg/tests/test_core.py", "pkg/tests/data/big.bin"}),
        ("tests/", {"pkg/tests/__init__.py", "pkg/tests/test_core.py", "pkg/tests/data/big.bin"}),
        ("pkg/tests/data", {"pkg/tests/data/big.bin"}),
        ("*.pyi", {"pkg/stubs.pyi"}),
        ("tests/*", set()),
        ("nothing-of-the-kind", set()),
    ],
)
def test_patterns_are_those_of_a_gitignore_from_the_site_packages_folder(tmp_path, pattern, gone):
    """A folder that matches goes with all below it; what has a slash before its end counts from the top."""
    assert gone == left_out(make_wheel(tmp_path, FILES), patterns=[pattern])


def test_what_is_saved_is_counted(tmp_path):
    """Unzipped, as AWS limits it, and zipped."""
    wheel = make_wheel(tmp_path, FILES)
    found = dropped(wheel, patterns=["**/tests/**"])
    with zipfile.ZipFile(wheel) as file:
        infos = [info for info in file.infolist() if "/tests/" in info.filename]
    assert (3, 6200) == (found.files, found.size)
    assert sum(info.compress_size for info in infos) == found.packed
    assert [f"drop saves 3 files, 6.1 KiB unzipped, {found.packed} B zipped"] == found.notes


def test_bytecode_goes_with_its_source(tmp_path):
    """In `__pycache__`, or in the source's place."""
    names = ["python/pkg/tests/__pycache__/test_core.cpython-313.pyc", "python/pkg/tests/__init__.pyc"]
    compiled = make_zip(tmp_path / "c.zip", dict.fromkeys([*names, "python/pkg/core.pyc"], b"code"))
    found = dropped(make_wheel(tmp_path, FILES), patterns=["tests/"], bytecode=[compiled])
    assert set(names) == {path for path in found.paths if path.endswith(".pyc")}
    # The source that bytecode replaces would not have been there.
    assert 4 == found.files


def test_a_dist_info_folder_stays_whole(tmp_path):
    """What is installed is found out from it."""
    assert set() == left_out(make_wheel(tmp_path, FILES), patterns=["*.dist-info/", "METADATA", "*.txt"])


def test_the_init_of_a_package_stays_while_anything_of_it_does(tmp_path):
    """Without it, a package would be a namespace."""
    found = dropped(make_wheel(tmp_path, FILES), patterns=["__init__.py", "pkg/tests/*.py"])
    assert {"python/pkg/tests/test_core.py"} == found.paths
    reason = "part of its package stays"
    assert (
        ("python/pkg/__init__.py", reason),
        ("python/pkg/tests/__init__.py", reason),
    ) == found.kept
    assert f"drop keeps python/pkg/__init__.py: {reason}" in found.notes


def test_the_modules_of_entry_points_stay(tmp_path):
    """Plugins are found by them, and imported when nobody expects it."""
    points = "[console_scripts]\nrun = pkg.cli:main [extra]\n# no = pkg.core:x\n[pytest11]\np = pkg.plugin\n"
    files = {"pkg/__init__.py": b"", "pkg/cli.py": b"", "pkg/plugin/__init__.py": b"", "pkg/core.py": b""}
    found = dropped(make_wheel(tmp_path, files, entry_points=points), patterns=["pkg/*"])
    assert {"python/pkg/core.py"} == found.paths
    assert "an entry point is in pkg.cli" == dict(found.kept)["python/pkg/cli.py"]


def test_a_library_that_is_needed_stays_with_what_it_needs(tmp_path):
    """By its soname, at any remove; what only dropped files need goes with them."""
    files = {
        "pkg/__init__.py": b"",
        "pkg/fast.so": library("libone.so.1"),
        "pkg/gone.so": library("libthree.so"),
        "pkg.libs/libone-12ab.so": library("libtwo.so", soname="libone.so.1"),
        "pkg.libs/libtwo.so": library(soname="libtwo.so"),
        "pkg.libs/libthree.so": library(soname="libthree.so"),
    }
    wheel = make_wheel(tmp_path, files, tag="cp313-cp313-manylinux_2_17_x86_64", pure=False)
    found = dropped(wheel, patterns=["pkg.libs/", "gone.so"])
    assert {"python/pkg/gone.so", "python/pkg.libs/libthree.so"} == found.paths
    assert {
        "python/pkg.libs/libone-12ab.so": "python/pkg/fast.so needs it",
        "python/pkg.libs/libtwo.so": "python/pkg.libs/libone-12ab.so needs it",
    } == dict(found.kept)


def test_a_distribution_of_which_nothing_stays_is_refused(tmp_path):
    """`exclude` says that, and checks look at what it leaves."""
    one = make_wheel(tmp_path, {"one/__init__.py": b"", "one/a.py": b""}, name="one")
    two = make_wheel(tmp_path, {"two.py": b""}, name="two")
    with pytest.raises(ArchiveError) as caught:
        dropped(one, two, make_wheel(tmp_path, FILES), patterns=["one/", "two.py"])
    hints = [fault.hint for fault in caught.value.faults]
    assert ['to do without it, write exclude = ["one"]', 'to do without it, write exclude = ["two"]'] == hints


def test_record_lists_what_is_there(tmp_path):
    """In the archive, it has no row of what was left out."""
    wheel = make_wheel(tmp_path, FILES)
    found = dropped(wheel, patterns=["tests/"])
    made = assemble([wheels.read(wheel)], tmp_path / "l.zip", target=TARGET, without=found.paths)
    with zipfile.ZipFile(made.path) as file:
        record = file.read("python/example-1.0.dist-info/RECORD").decode()
        listed = {line.partition(",")[0] for line in record.splitlines()}
        assert {f"python/{name}" for name in listed} == set(file.namelist())
    assert not any("/tests/" in name for name in listed)
