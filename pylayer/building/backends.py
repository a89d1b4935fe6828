"""A build backend → the modules that its builds import, so that they can be there before a build begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pylayer.monorepo.workspace import Project

# By the backend's first name: what it imports only once it builds, in whichever of its versions. What these
# import in turn comes by itself. Only what each build imports belongs here: a build could tell the
# difference.
_LATER = {
    "setuptools": (
        "distutils.command.build_scripts",
        "packaging.requirements",
        "setuptools.archive_util",
        "setuptools.compat.py310",
        "setuptools.compat.py312",
        "setuptools.config._validate_pyproject",
        "setuptools.command.bdist_wheel",
        "setuptools.command.build",
        "setuptools.command.build_ext",
        "setuptools.command.build_py",
        "setuptools.command.dist_info",
        "setuptools.command.egg_info",
        "setuptools.command.install",
        "setuptools.command.install_egg_info",
        "setuptools.command.install_lib",
        "setuptools.command.install_scripts",
        "setuptools.command.sdist",
        "setuptools.namespaces",
        "email.generator",
    ),
    "hatchling": (
        "hatchling.builders.wheel",
        "hatchling.bridge.app",
        "hatchling.metadata.core",
        "hatchling.plugin.manager",
        "email.headerregistry",
        "packaging.requirements",
    ),
    "poetry": (
        "poetry.core.factory",
        "poetry.core.json",
        "poetry.core.masonry.builders.wheel",
        "poetry.core.packages.directory_dependency",
        "poetry.core.packages.url_dependency",
        "poetry.core.packages.vcs_dependency",
        "poetry.core.poetry",
        "poetry.core.pyproject.tables",
        "poetry.core.spdx.helpers",
        "poetry.core.version.requirements",
        "lark",  # vendored, and found once the backend is imported
    ),
    "pdm": (
        "pdm.backend.wheel",
        "pdm.backend._vendor.pyproject_metadata",
        "pdm.backend.hooks.setuptools",
        "pdm.backend.hooks.version.scm",
        "email.parser",
    ),
    "flit_core": ("flit_core.wheel",),
}
_OF_THE_HOOK = ("importlib.metadata", "shutil")  # what hook.py imports itself


def imports(project: Project) -> tuple[str, ...]:
    """The modules, the backend's own first; none where they must be imported by each build for itself.

    That is where the backend is in the project's own tree, or could look at variables that the project's
    table sets.
    """
    if project.backend_path or project.options.env:
        return ()
    module = project.backend.partition(":")[0]
    return (module, *_LATER.get(module.partition(".")[0], ()), *_OF_THE_HOOK)
