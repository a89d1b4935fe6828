"""A project whose version comes from version control → that version, asked on the host, where the history is.

In a container there is no `.git`. setuptools-scm and hatch-vcs both take a version from the environment
instead (https://setuptools-scm.readthedocs.io/en/latest/overrides/), so the tool itself, from the wheels of
the project's own build requirements, says on the host what the version is. It is others' code, as all that
builds is, and a project can have it start programs: it reads the checkout, and can do nothing else.
"""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING

from pylayer import below, process
from pylayer.dataclassing import dataclass
from pylayer.errors import BuildError
from pylayer.keys import key
from pylayer.monorepo.repository import Repository, places, ran, told
from pylayer.store.kinds import VCS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from pylayer.monorepo.workspace import Project
    from pylayer.process import Completed
    from pylayer.store import Store
    from pylayer.wheels import Wheel

# One before 8.0 writes the version into the checkout as well.
_SETUPTOOLS_SCM = """
import runpy, setuptools_scm
setuptools_scm.dump_version = lambda *_, **__: None
runpy.run_module('setuptools_scm', run_name='__main__', alter_sys=True)
"""
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
_PRETEND = "SETUPTOOLS_SCM_PRETEND_VERSION"
# Of git's settings those by which it compares a file with what was committed, besides filters.
_COMPARING = (
    *("autocrlf", "checkstat", "eol", "filemode", "ignorecase", "precomposeunicode", "safecrlf", "symlinks"),
    "trustctime",
)
TIMEOUT = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignProgram:
    """A program of others, to be run on this host in `cwd`, and all that it may see.

    It can read `readable`, besides what is installed and the system's folders, and has a home that holds the
    files `home`, by their names. `timeout` is in seconds.
    """

    command: Sequence[str]
    cwd: Path
    readable: Sequence[Path]
    env: Mapping[str, str]
    home: Mapping[str, str]
    timeout: float


def version(
    project: Project,
    required: Sequence[Wheel],
    *,
    store: Store,
    run: Callable[[ForeignProgram], Completed],
) -> str | None:
    """The version that VCS gives `project`, None where its version comes from elsewhere.

    `required` are the wheels of its build requirements, with which `run` starts the tool. Asked again only
    when what git says of the tree changes, and not at all where layers.toml says it. Raises BuildError with
    what the tool printed.
    """
    if project.vcs is None:
        return None
    if told := declared(project):
        return told
    state = describe(project.path)
    tools = sorted(wheel.sha256 for wheel in required)
    given = dict(project.options.env)
    asked = {"state": state, "tools": tools, **({"env": given} if given else {})}
    memo = key({**_place(project.path), **asked}) if state else ""
    if state and (known := store.record(VCS, memo)):
        return str(known["version"])
    script = {"setuptools-scm": _SETUPTOOLS_SCM, "hatch-vcs": _HATCH_VCS}[project.vcs]
    paths = [wheel.path for wheel in required]
    own = {
        "PYTHONPATH": os.pathsep.join(map(str, paths)),
        "PYTHONSAFEPATH": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONNOUSERSITE": "1",
    }
    done = run(
        ForeignProgram(
            command=[sys.executable, "-c", "import os, sys\n" + script],
            cwd=project.path,
            readable=[*_history(project.path), *paths],
            env={**given, **own},
            home={".gitconfig": _settings(project.path)},
            timeout=TIMEOUT,
        )
    )
    answer = done.stdout.strip().rpartition("\n")[2]
    if done.status != 0 or not _VERSION.match(answer):
        raise BuildError(
            f"{project.vcs} cannot work out its version on this host",
            where=project.name,
            hint="does the git history have a tag (a shallow clone has none)? Its output is above. Without "
            f'git: env = {{ {_PRETEND} = "1.2.3" }} under [projects.{project.name}] in layers.toml',
            log=done.stdout + done.stderr,
        )
    if state:
        store.put_record(VCS, memo, {"version": answer})
    return answer


def doubt(project: Project, version: str) -> str:
    """Say that `version` may be wrong: it counts from a tag, and a shallow clone has brought none."""
    if not (project.vcs or project.reads_history) or declared(project):
        return ""
    here = Repository.of(project.path)
    if here is None or not here.shallow() or here.tags():
        return ""
    return (
        f"{project.name} {version} may have the wrong version: the clone is shallow, and no tag is in it; "
        "`git fetch --unshallow --tags`, or in CI `fetch-depth: 0`"
    )


def declared(project: Project) -> str:
    """The version that `env` of a project in layers.toml gives the tool; empty where it gives none."""
    env = dict(project.options.env)
    return next((env[name] for name in _variables(project) if env.get(name)), "")


def environment(project: Project, version: str | None) -> dict[str, str]:
    """The variables by which the tool takes `version` for what VCS says."""
    return {} if version is None else dict.fromkeys(_variables(project), version)


def _variables(project: Project) -> tuple[str, ...]:
    name = re.sub(r"[-_.]+", "_", project.name).upper()
    return (f"{_PRETEND}_FOR_{name}", _PRETEND)


def describe(folder: Path) -> str:
    """What git says of the tree around `folder`, in one line; empty where git cannot say, or with changes.

    A tree with changes has no lasting state: tools put the date into its version.
    """
    words = ("describe", "--always", "--long", "--tags", "--dirty", "--abbrev=40", "--match=*")
    done = ran(folder, *words, timeout=TIMEOUT)
    text = done.stdout.strip()
    return "" if done.status != 0 or text.endswith("-dirty") else text


def _place(folder: Path) -> dict[str, str]:
    """Where in its repository a folder is, and the names by which tools count there: no path of this machine.

    Another checkout of the same commit may lack a tag that is not the nearest one, or have another branch.
    """
    words = ("rev-parse", "--show-prefix", "--symbolic-full-name", "HEAD")
    found = ran(folder, *words, timeout=TIMEOUT)
    words = ("for-each-ref", "--merged=HEAD", "--format=%(objectname) %(refname)", "refs/tags")
    tags = ran(folder, *words, timeout=TIMEOUT)
    return {"place": found.stdout, "tags": tags.stdout}


def _history(folder: Path) -> list[Path]:
    """Where the checkout around a folder is, and where its version control keeps what it knows of it."""
    top = below.repository(folder.resolve())
    found = [top]
    done = ran(folder, "rev-parse", *places(["--git-dir"], ["--git-common-dir"]), timeout=TIMEOUT)
    if done.status == 0:
        found += [(folder / path).resolve() for path in told(done.stdout)]
        for place in tuple(found[1:]):
            found += _lenders(place / "objects")
    shared = top / ".hg/sharedpath"
    if shared.is_file():
        found.append(top / ".hg" / shared.read_text(errors="surrogateescape").strip())
    return list(dict.fromkeys(found))


def _lenders(objects: Path, *, most: int = 5) -> list[Path]:
    """The folders of other repositories whose objects a clone shares with them."""
    alternates = objects / "info/alternates"
    if not most or not alternates.is_file():
        return []
    lines = alternates.read_text(errors="surrogateescape").splitlines()
    near = [(objects / line).resolve() for line in lines if line and not line.startswith("#")]
    return [*near, *(far for place in near for far in _lenders(place, most=most - 1))]


def _settings(folder: Path) -> str:
    """The user's settings by which git tells whether a file was changed, and that it may read a checkout."""
    lines = ['[safe]\n\tdirectory = "*"\n\tbareRepository = explicit\n']
    words = ["git", "config", "--global", "--includes", "--null", "--list"]
    for entry in process.run(words, cwd=folder, timeout=TIMEOUT).stdout.split("\0"):
        name, given, value = entry.partition("\n")
        section, _, rest = name.partition(".")
        middle, _, last = rest.rpartition(".")
        if section == "filter" and middle:
            lines.append(f'[filter "{_escaped(middle)}"]\n')
        elif section == "core" and rest in _COMPARING:
            lines.append("[core]\n")
        else:
            continue
        lines.append(f'\t{last} = "{_escaped(value)}"\n' if given else f"\t{last}\n")
    return "".join(lines)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
