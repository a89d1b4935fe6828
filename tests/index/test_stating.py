"""Indexes of packages serve what names them, and nobody's name goes to an index that it is not meant for."""

from __future__ import annotations

import pytest
import tomli

from pylayer.errors import ManifestError
from pylayer.index import publicindex, settings
from pylayer.index.indexes import Index
from pylayer.monorepo import sourcetables

URL = "https://corp.example/simple"


def read(tmp_path, *packages, root="", tables=(), pins=None, env=None):
    """Put the settings together that pyproject.toml files of these texts lead to."""
    (tmp_path / "pyproject.toml").write_text(root)
    texts = [("pyproject.toml", root)]
    texts += [(f"packages/{number}/pyproject.toml", text) for number, text in enumerate(packages)]
    stated = [sourcetables.read(tomli.loads(text), folder=tmp_path, where=where) for where, text in texts]
    return settings.read(
        tmp_path, tables=tables, pins=pins, stated=stated, env={"HOME": str(tmp_path), **(env or {})}
    )


def source(name="corp", url=URL):
    """What takes `private` from an index by name, as uv has it."""
    return (
        f'[tool.uv.sources]\nprivate = {{ index = "{name}" }}\n'
        f'[[tool.uv.index]]\nname = "{name}"\nurl = "{url}"\n'
    )


def test_an_index_of_a_package_is_for_what_names_it(tmp_path):
    """It becomes an explicit one; that of the configuration goes before."""
    found = read(tmp_path, source())
    given = read(tmp_path, source(), env={"UV_INDEX": "corp=https://mirror.example/simple"})

    assert [("corp", True, URL)] == [(each.name, each.explicit, each.url) for each in found.indexes]
    assert ["corp"] == [each.name for each in found.pinned("private")]
    assert ["https://mirror.example/simple"] == [each.url for each in given.pinned("private")]


def test_layers_toml_goes_before_packages(tmp_path):
    """It is written for layers."""
    tables = (Index(url="https://layers.example", name="layers", explicit=True),)
    found = read(tmp_path, source(), tables=tables, pins={"private": "layers"})

    assert ["layers"] == [each.name for each in found.pinned("private")]


def test_one_name_for_two_indexes_is_refused(tmp_path):
    """Which is meant could not be told."""
    with pytest.raises(ManifestError) as caught:
        read(tmp_path, source(), source(url="https://other.example/simple"))

    assert 'uses the name "corp" for another index than packages/0/pyproject.toml does' in str(caught.value)


PRIMARY = f'[[tool.poetry.source]]\nname = "corp"\nurl = "{URL}/"\n'


def test_an_index_for_everything_has_to_be_known(tmp_path):
    """The public one is, and so is one that is named for the repository."""
    with pytest.raises(ManifestError) as caught:
        read(tmp_path, PRIMARY)
    read(tmp_path, PRIMARY.replace(URL, publicindex.address()))
    known = read(tmp_path, PRIMARY, tables=(Index(url=URL),))

    assert 'takes distributions from the index "corp", which is not used here' in str(caught.value)
    assert URL == known.indexes[0].url


def test_uv_ignores_an_index_for_everything_of_a_member(tmp_path):
    """A workspace has those of its root."""
    index = f'[[tool.uv.index]]\nname = "corp"\nurl = "{URL}"\n'
    read(tmp_path, index, root='[tool.uv.workspace]\nmembers = ["packages/*"]\n')
    with pytest.raises(ManifestError):
        read(tmp_path, index)


def test_poetry_s_primary_source_stands_for_the_public_index(tmp_path):
    """Beside layers.toml, for all."""
    default = read(tmp_path, root=PRIMARY).default

    assert default is not None
    assert ("corp", f"{URL}/") == (default.name, default.url)


def test_poetry_s_pypi_is_the_public_index_or_what_stands_for_it(tmp_path):
    """By name, beside an index that is asked first."""
    text = '[tool.poetry.dependencies]\nsix = { version = "*", source = "PyPI" }\n'
    mirror = {"UV_DEFAULT_INDEX": "https://mirror.example/simple"}

    assert [publicindex.address()] == [each.url for each in read(tmp_path, text).pinned("six")]
    assert ["https://mirror.example/simple"] == [
        each.url for each in read(tmp_path, text, env=mirror).pinned("six")
    ]


def test_globs_of_pdm_pin_what_they_match(tmp_path):
    """And nothing else."""
    text = f'[[tool.pdm.source]]\nname = "corp"\nurl = "{URL}"\ninclude_packages = ["corp-*"]\n'
    found = read(tmp_path, text)

    assert (["corp"], ()) == ([each.name for each in found.pinned("corp-sdk")], found.pinned("six"))
