"""What the tables of uv, poetry and PDM say is read as those tools mean it."""

from __future__ import annotations

from pathlib import Path

import pytest
import tomli

from pylayer.monorepo import sourcetables
from pylayer.monorepo.provenance import Provenance

HERE = Path("/repository/packages/liba")


def read(text):
    """Give what a pyproject.toml with this text says."""
    return sourcetables.read(tomli.loads(text), folder=HERE, where="packages/liba/pyproject.toml")


def stated(text):
    """Give names, kinds, addresses and markers."""
    return [
        (source.distribution, source.provenance.kind, source.provenance.address, source.marker)
        for source in read(text).stated
    ]


def test_uv_s_sources():
    """Each kind; a group is for development, and an extra is asked for by a marker."""
    text = """
[tool.uv.sources]
My_A = { index = "corp" }
b = [{ url = "https://a.example/b.whl", marker = "os_name == 'nt'" }, { index = "corp", extra = "x" }]
c = { git = "https://me:secret@git.example/c", tag = "v1", subdirectory = "py" }
d = { path = "../d", editable = true }
e = { workspace = true }
f = { index = "corp", group = "dev" }
"""
    assert [
        ("my-a", "index", "corp", ""),
        ("b", "url", "https://a.example/b.whl", "os_name == 'nt'"),
        ("b", "index", "corp", "(extra == 'x')"),
        ("c", "git", "git+https://git.example/c@v1#subdirectory=py", ""),
        ("d", "path", "/repository/packages/d", ""),
        ("e", "workspace", "", ""),
    ] == stated(text)


def test_poetry_s_dependencies_go_before_its_groups():
    """A group counts for what is not stated before; a version alone states nothing."""
    text = """
[tool.poetry.dependencies]
python = "^3.11"
a = { version = "^1", source = "corp" }
b = [{ path = "../b", platform = "linux", markers = "python_version > '3'" }]
[tool.poetry.group.dev.dependencies]
a = { path = "../a" }
c = { git = "git@git.example:team/c.git", branch = "main" }
[tool.poetry.dev-dependencies]
d = { url = "https://a.example/d.whl" }
"""
    assert [
        ("a", "index", "corp", ""),
        ("b", "path", "/repository/packages/b", "(python_version > '3') and (sys_platform == 'linux')"),
        ("d", "url", "https://a.example/d.whl", ""),
        ("c", "git", "git+ssh://git@git.example/team/c.git@main", ""),
    ] == stated(text)


def test_pdm_s_globs():
    """A source includes packages."""
    text = '[[tool.pdm.source]]\nname = "corp"\nurl = "https://corp.example"\ninclude_packages = ["Corp_*"]\n'

    assert [("corp-*", "index", "corp", "")] == stated(text)
    assert [(True, False)] == [(each.explicit, each.alone) for each in read(text).indexes]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('[tool.pdm.dev-dependencies]\nd = ["-e file:///${PROJECT_ROOT}/../b#egg=B"]', "packages/b"),
        (
            '[tool.pdm.dev-dependencies]\nd = ["-e file:///${PROJECT_ROOT}/sub%20b#egg=b[x]"]',
            "packages/liba/sub b",
        ),
        ('[project]\ndependencies = ["b[x] @ file:///${PROJECT_ROOT}/../b ; os_name == 2"]', "packages/b"),
        ('[project.optional-dependencies]\nx = ["b @ {root:uri}/b"]', "packages/liba/b"),
        ('[project]\ndependencies = ["b @ {root:parent:uri}/b"]', "packages/b"),
        ('[project]\ndependencies = ["b @ {root:parent:parent:real:uri}/libs/b"]', "libs/b"),
        (
            '[dependency-groups]\nd = ["b @ file:///${PROJECT_ROOT}/../b", { include-group = "x" }]',
            "packages/b",
        ),
        ('[tool.pixi.pypi-dependencies]\nb = { path = "../b", editable = true }\nc = ">=1"', "packages/b"),
        ('[tool.pixi.feature.x.pypi-dependencies]\nb = { path = "../b" }', "packages/b"),
        ('[tool.pixi.target.linux-64.pypi-dependencies]\nb = { path = "../b" }', "packages/b"),
    ],
)
def test_neighbours_by_their_folders(text, place):
    """PDM, hatch and pixi have words of their own for where a package is."""
    assert [("b", "path", f"/repository/{place}", "")] == stated(text)


@pytest.mark.parametrize(
    "text",
    [
        '[tool.pdm.dev-dependencies]\nd = ["-e file:///${PROJECT_ROOT}/../b", "pytest", 1]',
        '[project]\ndependencies = ["b @ file:///opt/b", "c @ https://a.example/c.whl", "d>=1"]',
        '[tool.pixi.pypi-dependencies]\nb = { version = "*" }',
    ],
)
def test_what_names_no_folder_or_no_package(text):
    """Elsewhere than below the package's folder or its parents is nobody's monorepo."""
    assert [] == stated(text)


@pytest.mark.parametrize(("tool", "implicit"), [("uv", False), ("pdm", True), ("rye", True)])
def test_workspaces_of_all_three(tool, implicit):
    """Only uv wants a source for each that is taken from it."""
    found = read(f'[tool.{tool}.workspace]\nmembers = ["libs/*"]\n')
    assert (("libs/*",), implicit) == (found.members, found.implicit)


def test_indexes_of_all_three():
    """Whether each is asked for everything, and in place of the public index."""
    text = """
[[tool.uv.index]]
name = "uv"
url = "https://uv.example"
explicit = true
[[tool.poetry.source]]
name = "first"
url = "https://first.example"
[[tool.poetry.source]]
name = "more"
url = "https://more.example"
priority = "supplemental"
[[tool.poetry.source]]
name = "named"
url = "https://named.example"
priority = "explicit"
[[tool.pdm.source]]
name = "pypi"
url = "https://mirror.example"
"""
    beside = '[[tool.poetry.source]]\nname = "PyPI"\n'
    assert [
        ("uv", "uv", True, False),
        ("first", "poetry", False, True),
        ("more", "poetry", False, False),
        ("named", "poetry", True, False),
        ("pypi", "pdm", False, True),
    ] == [(each.name, each.tool, each.explicit, each.alone) for each in read(text).indexes]
    assert [False, False, False, False, True] == [each.alone for each in read(beside + text).indexes]


def test_uv_s_older_keys_for_indexes_are_read():
    """They have no names."""
    found = read('[tool.uv]\nindex-url = "https://one.example"\nextra-index-url = ["https://two.example"]\n')

    assert [("", "https://two.example", False), ("", "https://one.example", True)] == [
        (each.name, each.url, each.alone) for each in found.indexes
    ]


def test_what_is_of_another_form_says_nothing():
    """Its own tool refuses it."""
    text = (
        '[tool.uv]\nsources = "x"\nindex = 1\n[tool.poetry]\ndependencies = ["a"]\n[tool.pdm]\nsource = [1]\n'
    )

    assert sourcetables.SourceTables() == read(text)


def test_paths_lose_their_dots_and_places_read_well():
    """An address is what an error shows."""
    assert "the path /repository/x" == str(Provenance.at("file:../../x", folder=HERE))
    assert 'the index "corp"' == str(Provenance(kind="index", addresses=("corp",)))
