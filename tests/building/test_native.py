"""Which projects say that they compile something."""

from __future__ import annotations

from pathlib import Path

import pytest

from pylayer.building import native
from pylayer.monorepo.trees import TreeEntry
from pylayer.monorepo.workspace import Project

SETUP = "setuptools.build_meta"
FLIT = "flit_core.buildapi"


def expected(files, *, backend=SETUP, requires=(), backend_path=(), subdir="."):
    """What is expected of a project with `files`, each a name or a name with its content."""
    entries = [
        TreeEntry(name=name, source=content.encode())
        for name, _, content in (file.partition("=") for file in files)
    ]
    project = Project(name="a", path=Path("a"), requires=requires, backend=backend, backend_path=backend_path)
    return native.expected(project, entries, subdir=subdir)


@pytest.mark.parametrize(
    ("files", "how", "compiles"),
    [
        (["setup.py=setup(ext_modules=[])", "src/a.c"], {}, True),
        (["setup.py=setup(ext_modules=[])", "src/a.py"], {}, False),
        (["setup.py=setup()", "tests/a.c"], {}, False),
        (["pyproject.toml=[[tool.setuptools.ext-modules]]", "a.c"], {}, True),
        (["a.c"], {"backend": FLIT}, False),
        (["a.py"], {"backend": "mesonpy"}, True),
        (["a.py"], {"backend": "scikit_build_core.build"}, True),
        (["a.py"], {"requires": ("Cython>=3",)}, True),
        (["tools/own/hooks.py=cythonize()", "a.pyx"], {"backend_path": ("tools",)}, True),
        (["other/own.py=cythonize()", "a.pyx"], {"backend_path": ("tools",)}, False),
        (["part/setup.py=Extension()", "part/a.c"], {"subdir": "part"}, True),
        (["setup.py=Extension()", "part/a.c"], {"subdir": "part"}, False),
    ],
    ids=[
        "setup.py names extensions, and there are sources",
        "it names extensions, and there is nothing to compile",
        "sources for something else",
        "pyproject.toml names them",
        "a backend that compiles nothing",
        "Meson's backend",
        "CMake's backend",
        "Cython, which compiles what looks like Python too",
        "an own backend",
        "what no backend is",
        "a project below the top of its tree",
        "another one's setup.py",
    ],
)
def test_what_compiles_says_so(files, how, compiles):
    """By its backend, its build requirements, or its sources with the words of its configuration."""
    assert expected(files, **how) is compiles


@pytest.mark.parametrize(
    ("name", "content", "is_so"),
    [
        ("a.cpp", b"", True),
        ("a.c", b"", False),
        ("a.pyx", b"# cython: x=True\n# distutils: language = c++\n", True),
        ("a.pyx", b"from libc.math cimport sin\n", False),
    ],
)
def test_what_becomes_cplusplus(name, content, is_so):
    """What zig needs for it is made once, and not by each build."""
    assert native.has_cplusplus([TreeEntry(name=name, source=content)]) is is_so


def test_how_much_there_is_to_compile(tmp_path):
    """In bytes of what is compiled alone."""
    (tmp_path / "a.c").write_text("12345")
    entries = [
        TreeEntry(name="a.c", source=tmp_path / "a.c", stat=(tmp_path / "a.c").stat()),
        TreeEntry(name="b.pyx", source=b"123"),
        TreeEntry(name="c.py", source=b"1" * 900),
    ]

    assert native.bulk(entries) == 8
