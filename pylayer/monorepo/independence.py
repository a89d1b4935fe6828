"""A project's build configuration → whether its pure wheel is the same whichever Python minor builds it.

Careful: what is not known here to be independent of the interpreter is taken to depend on it, and costs no
more than a build per minor.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pylayer.dataclassing import dataclass
from pylayer.names import required_name
from pylayer.tables import table_at, value_at

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from collections.abc import Set as AbstractSet

Vcs = Literal["setuptools-scm", "hatch-vcs"]

POETRY = "poetry.core.masonry.api"
SETUPTOOLS = ("setuptools.build_meta", "setuptools.build_meta:__legacy__")
# Distributions that build, and run no code of the project's or of a plugin's.
_BUILDERS = frozenset(
    {
        *("setuptools", "wheel", "setuptools-scm", "tomli", "hatchling", "hatch-vcs"),
        *("flit-core", "poetry-core", "uv-build", "pdm-backend"),
    },
)
# Of these, those that never ask git which files there are.
_BLIND = _BUILDERS - {"setuptools-scm", "poetry-core"}
# Those that package what version control tracks.
_LISTERS = frozenset({"setuptools-scm", "setuptools-git", "vcs-versioning"})
# What runs in a build and takes a version from git, and is given none by `monorepo.vcs`.
_VERSIONERS = frozenset(
    {
        *(
            "dunamai",
            "flit-scm",
            "pbr",
            "poetry-dynamic-versioning",
            "setuptools-git-versioning",
            "uv-dynamic-versioning",
        ),
        *("versioneer", "versioningit"),
    },
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """What of a project decides how it is built.

    `files` are the names in its folder, `setup_cfg` is that file's text.
    """

    pyproject: Mapping[str, Any]
    hatch_toml: Mapping[str, Any]
    files: AbstractSet[str]
    requires: tuple[str, ...]
    backend: str
    backend_path: tuple[str, ...]
    setup_cfg: str = ""

    @property
    def dynamic(self) -> frozenset[str]:
        """The metadata that `[project]` leaves to the build (PEP 621)."""
        listed = value_at(self.pyproject, "project", "dynamic")
        return frozenset(map(str, listed)) if isinstance(listed, list) else frozenset()

    @property
    def hatch(self) -> Mapping[str, Any]:
        """The settings of hatchling: `[tool.hatch]`, a table at a time overridden by hatch.toml."""
        return {**table_at(self.pyproject, "tool", "hatch"), **self.hatch_toml}


def version_from_vcs(configuration: Configuration, *, setup_py_asks: bool) -> Vcs | None:
    """Name the tool that takes the version from version control, if one does.

    `setup_py_asks`: whether setup.py has `use_scm_version`.
    """
    builders = {required_name(requirement) for requirement in configuration.requires}
    hatch = configuration.hatch
    if configuration.backend == "hatchling.build" and (
        value_at(hatch, "version", "source") == "vcs" or "vcs" in _hooks(hatch)
    ):
        return "hatch-vcs"
    if configuration.backend in SETUPTOOLS and ("setuptools-scm" in builders or setup_py_asks):
        project = table_at(configuration.pyproject, "project")
        tabled = "setuptools_scm" in table_at(configuration.pyproject, "tool")
        if project and "version" not in configuration.dynamic:
            return None
        told = "version" in table_at(configuration.pyproject, "tool", "setuptools", "dynamic")
        if setup_py_asks or tabled or (project and not told):
            return "setuptools-scm"
    return None


def is_python_independent(configuration: Configuration, *, vcs: Vcs | None) -> bool:
    """Whether the interpreter has no say in the wheel's metadata and files, provided that it is pure."""
    if configuration.backend_path or "setup.py" in configuration.files:
        return False
    if any(required_name(requirement) not in _BUILDERS for requirement in configuration.requires):
        return False
    if not table_at(configuration.pyproject, "project"):
        return configuration.backend == POETRY and not _runs_code(configuration)
    if not configuration.dynamic <= {"version"}:
        return False
    stated = "version" not in configuration.dynamic or vcs is not None or _reads_version(configuration)
    return stated and not _runs_code(configuration)


def may_ask_git(configuration: Configuration) -> bool:
    """Whether a build might ask git about files: its backend does, or code that is not known here might.

    Not where it reads the history: then it has another git directory, with all of it.
    """
    if reads_history(configuration):
        return False
    builders = {required_name(requirement) for requirement in configuration.requires}
    own = configuration.backend_path or "setup.py" in configuration.files
    return bool(own or not builders <= _BLIND) or _runs_code(configuration)


def reads_history(configuration: Configuration) -> bool:
    """Whether a build takes a version from git by itself: no more than this may change with every commit."""
    builders = {required_name(requirement) for requirement in configuration.requires}
    if configuration.backend == "pdm.backend":
        return bool(value_at(configuration.pyproject, "tool", "pdm", "version", "source") == "scm")
    vendored = "versioneer.py" in configuration.files and configuration.backend in SETUPTOOLS
    return vendored or not builders.isdisjoint(_VERSIONERS)


def lists_tracked(requires: Sequence[str], vcs: Vcs | None) -> bool:
    """Whether a build packages files that version control tracks."""
    return vcs == "setuptools-scm" or not _LISTERS.isdisjoint(map(required_name, requires))


def _reads_version(configuration: Configuration) -> bool:
    """Whether the backend takes the version from a literal, a file or the (declared) environment."""
    tool = table_at(configuration.pyproject, "tool")
    match configuration.backend:
        case "setuptools.build_meta" | "setuptools.build_meta:__legacy__":
            return not {"attr", "file"}.isdisjoint(table_at(tool, "setuptools", "dynamic", "version"))
        case "hatchling.build":
            # "code" runs code: https://hatch.pypa.io/latest/version/
            return value_at(configuration.hatch, "version", "source") in (None, "regex", "env")
        case "pdm.backend":
            return bool(value_at(tool, "pdm", "version", "source") == "file")
        case backend:
            return backend in ("flit_core.buildapi", POETRY)


def _runs_code(configuration: Configuration) -> bool:
    """Whether code of the project's own takes part in the build, or none can say so."""
    tool = table_at(configuration.pyproject, "tool")
    match configuration.backend:
        case "setuptools.build_meta" | "setuptools.build_meta:__legacy__":
            own = not {"ext-modules", "cmdclass"}.isdisjoint(table_at(tool, "setuptools"))
            return own or "[options" in configuration.setup_cfg
        case "hatchling.build":
            hooks = _hooks(configuration.hatch) | set(table_at(configuration.hatch, "metadata", "hooks"))
            return not hooks <= {"vcs", "version"}
        case "pdm.backend":
            return "custom-hook" in table_at(tool, "pdm", "build") or "pdm_build.py" in configuration.files
        case "poetry.core.masonry.api":
            # https://python-poetry.org/docs/building-extension-modules/
            return "build" in table_at(tool, "poetry")
        case backend:
            return backend not in ("flit_core.buildapi", "uv_build")


def _hooks(hatch: Mapping[str, Any]) -> set[str]:
    """Name the build hooks that apply to a wheel."""
    return {*table_at(hatch, "build", "hooks"), *table_at(hatch, "build", "targets", "wheel", "hooks")}
