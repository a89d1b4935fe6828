"""What a build configuration names outside of the project's folder."""

import pytest
import tomli

from pylayer.monorepo import references
from pylayer.monorepo.independence import Configuration


@pytest.fixture
def folder(tmp_path):
    """A project below files that it may name."""
    for name in ("README.md", "VERSION", "components/acme/x/__init__.py", "p/a/README.md", "data/a.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    return tmp_path / "p/a"


def outside(folder, text="", *, hatch=None, setup_cfg="", setup_py="", requires=()):
    """What a project's files name."""
    configuration = Configuration(
        pyproject=tomli.loads(text),
        hatch_toml=hatch or {},
        files=frozenset(),
        requires=requires,
        backend="",
        backend_path=(),
        setup_cfg=setup_cfg,
    )
    return references.outside(folder, configuration, setup_py=setup_py)


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
        (
            '[tool.poetry]\npackages = [{ include = "acme/*/*.py", from = "../../components" }]',
            ["../../components/acme/*/*.py"],
        ),
        (
            '[tool.poetry]\ninclude = [{ path = "../../data/*.json", format = "wheel" }, "../../data/*.txt"]',
            ["../../data/*.json"],
        ),
        ('[tool.poetry.dependencies]\nb = { path = "../../components" }', []),
        ('[tool.poetry.group.dev.dependencies]\nb = { path = "../../components" }', []),
        ('[tool.polylith.bricks]\n"../../components/acme/x" = "acme/x"', ["../../components/acme/x"]),
        ('[tool.setuptools.packages.find]\nwhere = ["../../components"]', ["../../components"]),
        ('[tool.setuptools.package-dir]\n"" = "../.."', []),
        (
            '[[tool.setuptools.ext-modules]]\nsources = ["../../VERSION"]\ninclude-dirs = ["../../data"]',
            ["../../VERSION", "../../data"],
        ),
        ('[tool.pdm.build]\ncustom-hook = "../../VERSION"', ["../../VERSION"]),
        ('[tool.pdm.build]\npackage-dir = "../../components"', ["../../components"]),
        ('[tool.pdm.build]\nincludes = ["../../data/*.json"]', ["../../data/*.json"]),
        ('[tool.pdm.build]\nsource-includes = ["../../data"]\nexcludes = ["../../VERSION"]', []),
        (
            '[tool.scikit-build.wheel.packages]\n"acme/x" = "../../components/acme/x"',
            ["../../components/acme/x"],
        ),
        ('[tool.scikit-build]\nwheel.packages = ["../../components/acme"]', ["../../components/acme"]),
        ('[tool.maturin]\nmanifest-path = "../../data/Cargo.toml"', ["../../data"]),
        ('[tool.mypy]\nmypy_path = "../../components"', []),
        ('[tool.poetry]\npackages = "odd"', []),
    ],
)
def test_what_is_named_and_there_is_listed(folder, text, named):
    """Each backend has its own words for it; what developers alone use is no part of a build."""
    assert outside(folder, text) == named


@pytest.mark.parametrize(
    ("requires", "named"), [(("Version-It>=1",), ["../../VERSION"]), (("flit_core",), [])]
)
def test_what_builds_beside_a_backend_has_a_table_of_its_own_name(folder, requires, named):
    """Of other tools the tables are nobody's business."""
    assert outside(folder, '[tool.version_it]\nfile = "../../VERSION"', requires=requires) == named


def test_where_setuptools_scm_counts_and_writes_is_read_by_no_build(folder):
    """A build is told the version."""
    text = '[tool.setuptools_scm]\nroot = "../.."\nversion_file = "../../VERSION"'
    assert outside(folder, text, requires=("setuptools-scm",)) == []


def test_hatch_may_be_configured_in_a_file_of_its_own(folder):
    """Its tables are read as hatchling merges them."""
    bricks = {"../../components/acme/x": "acme/x", "../../components/acme/gone": "acme/gone"}
    hatch = {"build": {"targets": {"wheel": {"force-include": bricks}}}}
    assert outside(folder, hatch=hatch) == ["../../components/acme/x"]


@pytest.mark.parametrize(
    "hatch",
    [
        {"metadata": {"hooks": {"requirements_txt": {"files": ["../../VERSION"]}}}},
        {"metadata": {"hooks": {"requirements_txt": {"optional-dependencies": {"x": ["../../VERSION"]}}}}},
        {"metadata": {"hooks": {"custom": {"path": "../../VERSION"}}}},
        {"build": {"hooks": {"custom": {"path": "../../VERSION"}}}},
        {"build": {"targets": {"wheel": {"hooks": {"custom": {"path": "../../VERSION"}}}}}},
        {"build": {"targets": {"wheel": {"shared-data": {"../../VERSION": "etc/version"}}}}},
        {"build": {"targets": {"wheel": {"packages": ["../../VERSION"]}}}},
        {"build": {"only-include": ["../../VERSION"], "dev-mode-dirs": ["../../data"]}},
        {"version": {"path": "../../VERSION"}},
    ],
)
def test_what_hatch_reads_is_listed(folder, hatch):
    """Packages of a monorepo share their hooks, and files of requirements."""
    assert outside(folder, hatch=hatch) == ["../../VERSION"]


def test_what_hatch_puts_into_an_sdist_is_not(folder):
    """A wheel is all that is built."""
    assert (
        outside(folder, hatch={"build": {"targets": {"sdist": {"force-include": {"../../VERSION": "V"}}}}})
        == []
    )


def test_a_file_that_setup_py_names_is_listed(folder):
    """A folder might be anything."""
    text = """open("../../VERSION"); join(here, '/../../README.md'); sys.path.insert(0, "../../components")"""
    assert outside(folder, setup_py=text) == ["../../VERSION", "../../README.md"]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('setup(package_dir={"": "../../components"})', ["../../components"]),
        (
            'setup(package_dir={"x": os.path.join("..", "..", "components", "acme")})',
            ["../../components/acme"],
        ),
        ('setup(packages=find_packages(os.path.join(here, "..", "..", "components")))', ["../../components"]),
        ('setup(packages=find_packages(where="../../components"))', ["../../components"]),
        ('setup(ext_modules=[Extension("x", ["x.c"], include_dirs=["../../data", np()])])', ["../../data"]),
        ('setup(package_dir={"": "../../gone"})', []),
        ("setup(package_dir={'': '../../components'}", []),
    ],
)
def test_a_folder_that_setuptools_is_given_is_listed(folder, text, named):
    """Where it is missing, setuptools finds no package, and says nothing."""
    assert outside(folder, setup_py=f"import os\n{text}\n") == named


def test_a_text_that_climbs_without_end_is_soon_read(folder):
    """Each of its steps upwards would be tried as the last one."""
    text = 'open("../../VERSION"); x = "' + "../" * 200_000
    assert outside(folder, setup_py=text) == ["../../VERSION"]


def test_a_long_sum_is_read(folder):
    """Parsers nest it as deeply."""
    text = "+".join(["'../../components'"] * 1500)
    assert outside(folder, setup_py=f"setup(package_dir={text})") == ["../../components"]


@pytest.mark.parametrize(
    ("text", "setup_py"),
    [
        ('[tool.setuptools.package-dir]\n"" = ".."', ""),
        ('[tool.setuptools.packages.find]\nwhere = [".."]', ""),
        ("", 'setup(packages=find_packages(".."), package_dir={"": ".."})'),
        ("", ""),
    ],
)
def test_of_a_folder_that_holds_the_project_its_packages_are_listed(folder, text, setup_py):
    """All that is beside the project is no part of it."""
    for name in ("one/__init__.py", "two.py", "data/x.py"):
        (folder.parent / name).parent.mkdir(exist_ok=True)
        (folder.parent / name).write_text("")
    (folder / "__init__.py").write_text("")
    setup_cfg = (
        "" if text or setup_py else "[options]\npackage_dir =\n  = ..\n[options.packages.find]\nwhere = .."
    )
    assert ["../one"] == outside(folder, text, setup_py=setup_py, setup_cfg=setup_cfg)


def test_setup_cfg_has_folders_too(folder):
    """Other tools have sections in it."""
    text = (
        "[options]\npackage_dir =\n    =../../components\n[options.packages.find]\nwhere = ../../components\n"
        "[mypy]\nmypy_path = ../../data\n"
    )
    assert outside(folder, setup_cfg=text) == ["../../components"]
    assert outside(folder, setup_cfg="no section") == []
