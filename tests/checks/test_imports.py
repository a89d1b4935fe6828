"""What Python on Lambda finds of an archive."""

from __future__ import annotations

import pytest
from factories.layers import found, make_layer, native, target, zip_layer
from factories.wheels import make_wheel

from pylayer.checks.provided import provided


def test_an_extension_for_another_python_is_an_error(tmp_path):
    """Its import says that there is no such module."""
    made = zip_layer(tmp_path, {"python/a/fast.cpython-312-x86_64-linux-gnu.so": b"", "python/a/x.py": b""})
    what = (
        "cannot be imported: it is for cpython-312-x86_64-linux-gnu, "
        "python3.13-x86_64 loads cpython-313-x86_64-linux-gnu or abi3"
    )
    where = "python/a/fast.cpython-312-x86_64-linux-gnu.so"
    assert found(made) == [("error", "import", where, what)]


@pytest.mark.parametrize(
    "other",
    ["fast.py", "fast.abi3.so", "fast.cpython-313-x86_64-linux-gnu.so", "fast/__init__.py", "fast.pyc"],
)
def test_an_extension_with_a_stand_in_is_no_problem(tmp_path, other):
    """Some wheels carry one for each Python, or fall back to slow code."""
    made = zip_layer(
        tmp_path, {"python/a/fast.cpython-312-x86_64-linux-gnu.so": b"", f"python/a/{other}": b""}
    )
    assert found(made) == []


def test_site_packages_of_another_version_are_an_error(tmp_path):
    """Lambda puts python/lib/python3.13/site-packages on sys.path, and no other."""
    made = zip_layer(tmp_path, {"python/lib/python3.12/site-packages/a.py": b""})
    where = "python/lib/python3.12/site-packages/a.py"
    what = "is where only python3.12 looks; this archive is for python3.13"
    assert found(made) == [("error", "import", where, what)]


def test_site_packages_of_several_versions_are_a_warning(tmp_path):
    """One archive may serve several runtimes."""
    made = zip_layer(tmp_path, {f"python/lib/python3.{minor}/site-packages/a.py": b"" for minor in (12, 13)})
    assert [("warning", "import")] == [problem[:2] for problem in found(made)]


def test_bytecode_of_another_version_is_a_warning(tmp_path):
    """It is weight alone."""
    made = zip_layer(tmp_path, {"python/__pycache__/a.cpython-312.pyc": b"", "python/a.py": b""})
    what = "is bytecode that python3.13 does not read: dead weight"
    assert found(made) == [("warning", "import", "python/__pycache__/a.cpython-312.pyc", what)]


def test_an_editable_install_is_an_error(tmp_path):
    """`pip install -e -t` leaves a .pth that names a folder of the machine that built it."""
    made = zip_layer(tmp_path, {"python/__editable__.liba-0.1.pth": b"/home/me/liba/src\n"})
    assert [("error", "import")] == [problem[:2] for problem in found(made)]


def test_a_pth_file_is_a_warning(tmp_path):
    """Lambda reads none: PYTHONPATH's folders are no site folders."""
    made = zip_layer(tmp_path, {"python/hook.pth": b"import hook\n", "python/hook.py": b""})
    assert [("warning", "import", "python/hook.pth")] == [problem[:3] for problem in found(made)]


@pytest.mark.parametrize("name", ["distutils-precedence.pth", "zope.event-3.8-nspkg.pth"])
def test_pth_files_that_nothing_misses_are_no_problem(tmp_path, name):
    """Setuptools leaves them in every second environment."""
    assert found(zip_layer(tmp_path, {f"python/{name}": b"import x\n", "python/a.py": b""})) == []


def test_a_module_and_a_package_of_one_name_are_an_error(tmp_path):
    """Python takes the package, whoever meant the module."""
    one = make_wheel(tmp_path, {"helpers.py": b"A = 1\n"}, name="one")
    two = make_wheel(tmp_path, {"helpers/__init__.py": b"B = 1\n"}, name="two")
    what = (
        "module helpers is there twice: two has it as a package (python/helpers/__init__.py), "
        "which hides this file of one"
    )
    assert found(make_layer(tmp_path, one, two)) == [("error", "twice", "python/helpers.py", what)]


def test_a_file_with_a_dot_in_its_name_is_no_module(tmp_path):
    """No import finds it: it stands in nobody's way."""
    one = make_wheel(tmp_path, {"a/__init__.py": b""}, name="one")
    two = make_wheel(tmp_path, {"a.conf.py": b""}, name="two")
    assert found(make_layer(tmp_path, one, two)) == []


def test_a_package_of_two_distributions_is_a_warning(tmp_path):
    """Each has its own in a checkout, and here they are one."""
    one = make_wheel(tmp_path, {"common/__init__.py": b"", "common/a.py": b""}, name="one")
    two = make_wheel(tmp_path, {"common/__init__.py": b"", "common/b.py": b""}, name="two")
    what = "package common comes from one and two: their files are mixed in one folder"
    expected = [("warning", "twice", "python/common/__init__.py", what)]
    assert expected == found(make_layer(tmp_path, one, two))


def test_namespace_packages_are_no_problem(tmp_path):
    """With an __init__ that says so, or without any."""
    old = b"__path__ = __import__('pkgutil').extend_path(__path__, __name__)\n"
    one = make_wheel(tmp_path, {"old/__init__.py": old, "old/a.py": b"", "new/a.py": b""}, name="one")
    two = make_wheel(tmp_path, {"old/__init__.py": old, "old/b.py": b"", "new/b.py": b""}, name="two")
    assert found(make_layer(tmp_path, one, two)) == []


def test_a_compiled_module_beside_its_source_is_no_problem(tmp_path):
    """Mypyc and Cython ship both, in one distribution."""
    made = make_layer(tmp_path, native(tmp_path, {"fast.py": b"", "fast.abi3.so": b""}))
    assert found(made) == []


def test_a_shadowed_standard_module_is_a_warning(tmp_path):
    """Layers come before the standard library on Lambda's sys.path."""
    made = make_layer(tmp_path, make_wheel(tmp_path, {"enum.py": b""}, name="enum34"))
    what = "enum34 replaces the standard library's enum: layers come first"
    assert found(made) == [("warning", "stdlib", "python/enum.py", what)]


def test_a_namespace_shadows_no_standard_module(tmp_path):
    """Python goes on looking when a folder has no __init__."""
    assert found(zip_layer(tmp_path, {"python/logging/handlers/x.py": b""})) == []


@pytest.mark.parametrize(
    ("runtime", "name", "there"),
    [
        ("python3.10", "tomllib", False),
        ("python3.11", "tomllib", True),
        ("python3.12", "distutils", False),
        ("python3.11", "distutils", True),
        ("python3.12", "telnetlib", True),
        ("python3.13", "telnetlib", False),
        ("python3.14", "annotationlib", True),
    ],
)
def test_the_standard_library_is_that_of_the_runtime(runtime, name, there):
    """A backport shadows nothing where the module is gone, or not there yet."""
    assert there == (name in provided(target(f"{runtime}-arm64")).stdlib)


@pytest.mark.parametrize(
    ("members", "metadata", "local", "told"),
    [
        ({}, [], True, True),
        ({}, [], False, False),
        ({}, ["Requires-Dist: six"], True, False),
        ({"data.json": b""}, [], True, False),
    ],
)
def test_a_package_without_anything_is_told(tmp_path, members, metadata, local, told):
    """Its build found no packages, and said nothing; one that requires something stands for that."""
    made = make_layer(tmp_path, make_wheel(tmp_path, members, name="own", metadata=metadata))
    problems = found(made, local=["own"] if local else [], excluded=["six"])
    expected = ("warning", "import", "own", "has no file but its metadata, and requires nothing")
    assert [expected] * told == problems
