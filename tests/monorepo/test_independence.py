"""Whether an interpreter has a say in a pure wheel."""

from __future__ import annotations

import pytest
import tomli

from pylayer.monorepo.independence import Configuration, is_python_independent, version_from_vcs

PROJECT = '[project]\nname = "a"\nversion = "1"\n'
DYNAMIC = '[project]\nname = "a"\ndynamic = ["version"]\n'
SETUPTOOLS = ("setuptools.build_meta", "setuptools>=61")
HATCH = ("hatchling.build", "hatchling")
POETRY = ("poetry.core.masonry.api", "poetry-core")
FLIT = ("flit_core.buildapi", "flit_core")
UV = ("uv_build", "uv_build>=0.9")
PDM = ("pdm.backend", "pdm-backend")


def configuration(text, built_by, *requires, files=("pyproject.toml",), **more):
    """Make a configuration of a pyproject.toml and a build backend with its requirements."""
    backend, *own = built_by
    return Configuration(
        pyproject=tomli.loads(text),
        hatch_toml=tomli.loads(more.pop("hatch_toml", "")),
        files=frozenset(files),
        requires=(*own, *requires),
        backend=backend,
        backend_path=more.pop("backend_path", ()),
        **more,
    )


def python_independent(*args, **options):
    """Tell whether such a project is static, whatever version control says."""
    made = configuration(*args, **options)
    return is_python_independent(made, vcs=version_from_vcs(made, setup_py_asks=False))


@pytest.mark.parametrize("built_by", [SETUPTOOLS, HATCH, POETRY, FLIT, UV, PDM], ids=lambda it: it[0])
def test_a_project_that_states_everything_is_static(built_by):
    """PEP 621, a backend that runs nothing of the project's."""
    assert python_independent(PROJECT, built_by)


@pytest.mark.parametrize(
    ("text", "built_by", "requires"),
    [
        (DYNAMIC + '[tool.setuptools.dynamic]\nversion = {attr = "a.__version__"}', SETUPTOOLS, ()),
        (DYNAMIC + '[tool.setuptools.dynamic]\nversion = {file = "VERSION"}', SETUPTOOLS, ()),
        (DYNAMIC + "[tool.setuptools_scm]", SETUPTOOLS, ("setuptools-scm>=8",)),
        (DYNAMIC + '[tool.hatch.version]\npath = "a.py"', HATCH, ()),
        (DYNAMIC + '[tool.hatch.version]\nsource = "vcs"', HATCH, ("hatch-vcs",)),
        (DYNAMIC, FLIT, ()),
        (DYNAMIC + '[tool.poetry]\nversion = "1"', POETRY, ()),
        (DYNAMIC + '[tool.pdm.version]\nsource = "file"\npath = "a.py"', PDM, ()),
        (
            PROJECT + '[tool.hatch.build.hooks.vcs]\nversion-file = "a/_version.py"',
            HATCH,
            ("hatch-vcs",),
        ),
        ('[tool.poetry]\nname = "a"\nversion = "1"', POETRY, ()),
        (PROJECT, SETUPTOOLS, ("wheel", "tomli; python_version < '3.11'")),
    ],
)
def test_a_version_from_a_literal_or_version_control_is_static(text, built_by, requires):
    """No interpreter has a say in those."""
    assert python_independent(text, built_by, *requires)


@pytest.mark.parametrize(
    ("text", "built_by", "requires"),
    [
        ('[project]\nname = "a"\nversion = "1"\ndynamic = ["dependencies"]', SETUPTOOLS, ()),
        ('[project]\nname = "a"\nversion = "1"\ndynamic = ["readme"]', HATCH, ("hatch-fancy-pypi-readme",)),
        (DYNAMIC, SETUPTOOLS, ()),
        (DYNAMIC + '[tool.hatch.version]\nsource = "code"\npath = "a.py"', HATCH, ()),
        (DYNAMIC + '[tool.pdm.version]\nsource = "call"', PDM, ()),
        (DYNAMIC, UV, ()),
        (PROJECT + '[[tool.setuptools.ext-modules]]\nname = "a._c"\nsources = ["a.c"]', SETUPTOOLS, ()),
        (PROJECT + '[tool.setuptools.cmdclass]\nbuild_py = "a.Build"', SETUPTOOLS, ()),
        (PROJECT + "[tool.hatch.build.hooks.custom]", HATCH, ()),
        (PROJECT + "[tool.hatch.build.targets.wheel.hooks.custom]", HATCH, ()),
        (PROJECT + "[tool.hatch.metadata.hooks.custom]", HATCH, ()),
        (PROJECT + '[tool.poetry.build]\nscript = "build.py"', POETRY, ()),
        ('[tool.poetry]\nname = "a"\nversion = "1"\nbuild = "build.py"', POETRY, ()),
        ('[tool.poetry]\nname = "a"\nversion = "1"', SETUPTOOLS, ()),
        (PROJECT + '[tool.pdm.build]\ncustom-hook = "x.py"', PDM, ()),
        (PROJECT, SETUPTOOLS, ("cython",)),
        (PROJECT, SETUPTOOLS, ("my-build-tool",)),
        (PROJECT, ("maturin", "maturin"), ()),
        ("", SETUPTOOLS, ()),
    ],
)
def test_what_runs_code_or_is_not_known_is_not_static(text, built_by, requires):
    """Better built once per minor than wrong in one."""
    assert not python_independent(text, built_by, *requires)


def test_code_beside_the_configuration_is_not_static():
    """A setup.py, an in-tree backend, a build hook of the backend's."""
    assert not python_independent(PROJECT, SETUPTOOLS, files=("pyproject.toml", "setup.py"))
    assert not python_independent(PROJECT, SETUPTOOLS, backend_path=("_build",))
    assert not python_independent(PROJECT, PDM, files=("pyproject.toml", "pdm_build.py"))
    assert not python_independent(PROJECT, HATCH, hatch_toml="[build.hooks.custom]")


def test_a_setup_cfg_counts_where_it_has_options():
    """It may name commands; where it is there for a linter it says nothing of the build."""
    assert not python_independent(PROJECT, SETUPTOOLS, setup_cfg="[options]\npackages = find:\n")
    assert python_independent(PROJECT, SETUPTOOLS, setup_cfg="[flake8]\nmax-line-length = 100\n")


@pytest.mark.parametrize(
    ("text", "built_by", "requires", "expected"),
    [
        (DYNAMIC + "[tool.setuptools_scm]", SETUPTOOLS, ("setuptools_scm",), "setuptools-scm"),
        (DYNAMIC, SETUPTOOLS, ("setuptools-scm[simple]",), "setuptools-scm"),
        ("[tool.setuptools_scm]", SETUPTOOLS, ("setuptools-scm",), "setuptools-scm"),
        (PROJECT + "[tool.setuptools_scm]", SETUPTOOLS, ("setuptools-scm",), None),
        (
            DYNAMIC + '[tool.setuptools.dynamic]\nversion = {attr = "a.v"}',
            SETUPTOOLS,
            ("setuptools-scm",),
            None,
        ),
        ("", SETUPTOOLS, ("setuptools-scm",), None),
        (PROJECT, SETUPTOOLS, (), None),
        (DYNAMIC + '[tool.hatch.version]\nsource = "vcs"', HATCH, ("hatch-vcs",), "hatch-vcs"),
        (PROJECT + "[tool.hatch.build.hooks.vcs]", HATCH, ("hatch-vcs",), "hatch-vcs"),
        (DYNAMIC + '[tool.hatch.version]\npath = "a.py"', HATCH, (), None),
    ],
)
def test_the_tool_that_asks_version_control_is_found(text, built_by, requires, expected):
    """It gets the version from outside, and the version belongs to the key."""
    made = configuration(text, built_by, *requires)
    assert version_from_vcs(made, setup_py_asks=False) == expected


def test_setup_py_may_ask_version_control():
    """With setuptools-scm required in setup.py or in pyproject.toml."""
    made = configuration("", SETUPTOOLS, files=("setup.py",))
    assert version_from_vcs(made, setup_py_asks=True) == "setuptools-scm"


def test_hatch_toml_wins_over_pyproject():
    """Hatch reads it in the place of the tables of the same name."""
    made = configuration(
        DYNAMIC + '[tool.hatch.version]\npath = "a.py"',
        HATCH,
        hatch_toml='[version]\nsource = "vcs"',
    )
    assert version_from_vcs(made, setup_py_asks=False) == "hatch-vcs"
