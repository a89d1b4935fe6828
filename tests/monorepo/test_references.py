"""What a build configuration names outside of the project's folder."""

import pytest
import tomli

from pylayer.monorepo.references import outside


@pytest.fixture
def folder(tmp_path):
    """A project below files that it may name."""
    for name in ("README.md", "VERSION", "components/acme/x/__init__.py", "p/a/README.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    return tmp_path / "p/a"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('[project]\nreadme = "../../README.md"', ["../../README.md"]),
        ('[project]\nreadme = { file = "../../README.md" }', ["../../README.md"]),
        ('[project]\nreadme = "README.md"', []),
        ('[project]\nreadme = "../../NOT.md"', []),
        ('[tool.poetry]\nreadme = ["README.md", "../../README.md"]', ["../../README.md"]),
        (
            '[tool.poetry]\npackages = [{ include = "acme/x", from = "../../components" }]',
            ["../../components/acme/x"],
        ),
        ('[tool.polylith.bricks]\n"../../components/acme/x" = "acme/x"', ["../../components/acme/x"]),
        ('[tool.setuptools.packages.find]\nwhere = ["../../components"]', ["../../components"]),
        ('[tool.setuptools.package-dir]\n"" = "../.."', []),
        ('[tool.pdm.build]\ncustom-hook = "../../VERSION"', ["../../VERSION"]),
        ('[tool.mypy]\nmypy_path = "../../components"', []),
        ('[tool.poetry]\npackages = "odd"', []),
    ],
)
def test_what_is_named_and_there_is_listed(folder, text, named):
    """Each backend has its own words for it."""
    assert outside(folder, tomli.loads(text), {}, "") == named


def test_hatch_may_be_configured_in_a_file_of_its_own(folder):
    """Its tables are handed in as hatchling merges them."""
    bricks = {"../../components/acme/x": "acme/x", "../../components/acme/gone": "acme/gone"}
    hatch = {"build": {"targets": {"wheel": {"force-include": bricks}}}}
    assert outside(folder, {}, hatch, "") == ["../../components/acme/x"]


@pytest.mark.parametrize(
    "hatch",
    [
        {"metadata": {"hooks": {"requirements_txt": {"files": ["../../VERSION"]}}}},
        {"metadata": {"hooks": {"requirements_txt": {"optional-dependencies": {"x": ["../../VERSION"]}}}}},
        {"metadata": {"hooks": {"custom": {"path": "../../VERSION"}}}},
        {"build": {"hooks": {"custom": {"path": "../../VERSION"}}}},
        {"build": {"targets": {"wheel": {"hooks": {"custom": {"path": "../../VERSION"}}}}}},
        {"version": {"path": "../../VERSION"}},
    ],
)
def test_what_hatch_s_hooks_read_is_listed(folder, hatch):
    """Packages of a monorepo share their hooks, and files of requirements."""
    assert outside(folder, {}, hatch, "") == ["../../VERSION"]


def test_a_file_that_setup_py_names_is_listed(folder):
    """A folder might be anything."""
    text = """open("../../VERSION"); join(here, '/../../README.md'); sys.path.insert(0, "../../components")"""
    assert outside(folder, {}, {}, text) == ["../../VERSION", "../../README.md"]
