"""A project whose version comes from version control → that version, asked on the host, where the history is.

In a container there is no `.git`. setuptools-scm and hatch-vcs both take a version from the environment
instead (https://setuptools-scm.readthedocs.io/en/latest/overrides/), so the tool itself, from the wheels of
the project's own build requirements, says on the host what the version is.
"""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING

from pylayer import process
from pylayer.errors import BuildError
from pylayer.keys import key
from pylayer.store.kinds import VCS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pylayer.monorepo.workspace import Project
    from pylayer.store import Store
    from pylayer.wheels import Wheel

_SETUPTOOLS_SCM = "import runpy; runpy.run_module('setuptools_scm', run_name='__main__', alter_sys=True)"
_HATCH_VCS = """
try:
    import tomllib
except ImportError:
    import tomli as tomllib
from hatch_vcs.version_source import VCSVersionSource
with open("pyproject.toml", "rb") as file:
    table = tomllib.load(file)["tool"]["hatch"]["version"]
print(VCSVersionSource(os.getcwd(), table).get_version_data()["version"])
"""
_VERSION = re.compile(r"^[0-9][0-9A-Za-z.!+_-]*$")
TIMEOUT = 60


def version(project: Project, required: Sequence[Wheel], *, store: Store) -> str | None:
    """The version that VCS gives `project`, None where its version comes from elsewhere.

    `required` are the wheels of its build requirements. Asked again only when what git says of the tree
    changes. Raises BuildError with what the tool printed.
    """
    if project.vcs is None:
        return None
    state = describe(project.path)
    tools = sorted(wheel.sha256 for wheel in required)
    memo = key({**_place(project.path), "state": state, "tools": tools}) if state else ""
    if state and (known := store.record(VCS, memo)):
        return str(known["version"])
    script = {"setuptools-scm": _SETUPTOOLS_SCM, "hatch-vcs": _HATCH_VCS}[project.vcs]
    paths = os.pathsep.join(str(wheel.path) for wheel in required)
    done = process.run(
        [sys.executable, "-c", "import os, sys\n" + script],
        cwd=project.path,
        env={**_environment(), "PYTHONPATH": paths, "PYTHONSAFEPATH": "1", "PYTHONDONTWRITEBYTECODE": "1"},
        timeout=TIMEOUT,
    )
    answer = done.stdout.strip().rpartition("\n")[2]
    if done.status != 0 or not _VERSION.match(answer):
        raise BuildError(
            f"{project.vcs} cannot work out its version on this host",
            where=project.name,
            hint="does the git history have a tag (a shallow clone has none)? Its output is above",
            log=done.stdout + done.stderr,
        )
    if state:
        store.put_record(VCS, memo, {"version": answer})
    return answer


def environment(project: Project, version: str | None) -> dict[str, str]:
    """The variables by which the tool takes `version` for what VCS says."""
    if version is None:
        return {}
    name = re.sub(r"[-_.]+", "_", project.name).upper()
    return {
        "SETUPTOOLS_SCM_PRETEND_VERSION": version,
        f"SETUPTOOLS_SCM_PRETEND_VERSION_FOR_{name}": version,
    }


def describe(folder: Path) -> str:
    """What git says of the tree around `folder`, in one line; empty where git cannot say, or with changes.

    A tree with changes has no lasting state: tools put the date into its version.
    """
    command = ["git", "describe", "--always", "--long", "--tags", "--dirty", "--abbrev=40", "--match=*"]
    done = process.run(command, cwd=folder, timeout=TIMEOUT)
    text = done.stdout.strip()
    return "" if done.status != 0 or text.endswith("-dirty") else text


def _place(folder: Path) -> dict[str, str]:
    """Where in its repository a folder is, and the names by which tools count there: no path of this machine.

    Another checkout of the same commit may lack a tag that is not the nearest one, or have another branch.
    """
    found = process.run(
        ["git", "rev-parse", "--show-prefix", "--symbolic-full-name", "HEAD"], cwd=folder, timeout=TIMEOUT
    )
    tags = process.run(
        ["git", "for-each-ref", "--merged=HEAD", "--format=%(objectname) %(refname)", "refs/tags"],
        cwd=folder,
        timeout=TIMEOUT,
    )
    return {"place": found.stdout, "tags": tags.stdout}


def _environment() -> dict[str, str]:
    """This process's environment without what would change another Python's imports."""
    return {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "SETUPTOOLS_SCM"))
    }
