"""layers.lock → pip-audit's word on it, where pip-audit is installed."""

from __future__ import annotations

import json
import shutil
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from pylayer import folders, process
from pylayer.config.manifest import LOCK_NAME
from pylayer.errors import CheckError, DownloadError, LockError, ToolError
from pylayer.index import gits
from pylayer.locks import lock, pinning
from pylayer.locks.fetcher import yanked
from pylayer.locks.sourcing import settings_of
from pylayer.markers import readable
from pylayer.monorepo import workspace
from pylayer.names import normalise
from pylayer.resolver.withdrawn import withdrawn

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from pathlib import Path

    from pylayer.index.indexes import IndexSettings
    from pylayer.locks.lock import Lock

_PATIENCE = 600  # seconds


def run(manifest: Path, *, say: Callable[[str], None]) -> None:
    """Have pip-audit judge every version that layers hold; what it finds, and what is yanked, goes to `say`.

    Whatever comes from one private index alone, from git or from an address is left out: its name is nobody
    else's business.
    Raises ToolError where pip-audit is not installed, LockError where there is no lock, CheckError where it
    finds something, or could look up nothing of what there is.
    """
    command = _command()
    found = workspace.load(manifest)
    locked = lock.read(found.manifest.root / LOCK_NAME)
    if locked is None:
        raise LockError("there is none", where=LOCK_NAME, hint="run `pylayer lock`")
    resolver = settings_of(found)
    names = {pin.name for entry in locked.builds.values() for pin in entry.pins}
    elsewhere = {source.distribution for table in found.tables for source in table.stated}
    elsewhere |= addressed(locked) | pinning.addressed(found)
    apart = {name for name in names if name in elsewhere or resolver.pinned(name)}
    if left := sorted(apart):
        say(f"not checked, since they do not come from a public index: {', '.join(left)}")
    asked = sets(locked, without=apart)
    if not names:
        say(f"{LOCK_NAME} has nothing from elsewhere: there is nothing to look up")
        return
    if not asked:
        raise CheckError(
            f"nothing was looked up: all {len(names)} distributions come from git, an address, a path or a "
            "private index",
            where=LOCK_NAME,
            hint="check them with a tool that knows them",
        )
    _tell_yanked(locked, without=elsewhere, settings=resolver, say=say)
    with folders.private() as folder:
        answers = [_answer(command, lines, folder=folder, say=say) for lines in asked]
    _judge([row for answer in answers for row in answer], say=say)


def _tell_yanked(
    locked: Lock, *, without: Collection[str], settings: IndexSettings, say: Callable[[str], None]
) -> None:
    """Tell which versions are yanked: by the index that each comes from, so by private ones as well."""
    pins = [
        pin
        for entry in (*locked.builds.values(), *locked.environments.values())
        for pin in entry.pins
        if pin.name not in without and not gits.commit_of(pin)
    ]
    try:
        found = withdrawn(pins, settings=settings)
    except DownloadError as error:
        say(f"not looked up, whether anything is yanked: {error}")
        return
    for line in dict.fromkeys(yanked(pin.name, pin.version, pin.yanked or "") for pin in found):
        say(line)


def addressed(locked: Lock) -> frozenset[str]:
    """The names of what comes from an address or a path, for builds or their environments.

    An index may have the same name, which then is a stranger's. What is from git says so itself, in its pin.
    """
    terms = [entry.terms for entry in (*locked.builds.values(), *locked.environments.values())]
    texts = {text for each in terms for text in (*each.requirements, *each.overrides)}
    asked = readable(text for text in texts if "@" in text)
    return frozenset(normalise(each.name) for each in asked if each.url and not gits.is_git(each.url))


def _answer(
    command: Sequence[str | Path], lines: Sequence[str], *, folder: Path, say: Callable[[str], None]
) -> list[dict[str, Any]]:
    """What pip-audit says of each of `lines`; CheckError where that is nothing, `say` getting its words."""
    path = folder / "requirements.txt"
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    options = ["--no-deps", "--disable-pip", "--progress-spinner", "off", "--format", "json"]
    done = process.run([*command, *options, "--requirement", path], timeout=_PATIENCE)
    try:
        rows: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError, TypeError) as error:
        say((done.stdout + done.stderr).replace(str(path), LOCK_NAME).strip())
        raise CheckError(
            f"pip-audit ended with status {done.status} and no answer: nothing is known",
            where=LOCK_NAME,
            hint="its own words are above",
        ) from error
    return rows


def _judge(rows: Sequence[dict[str, Any]], *, say: Callable[[str], None]) -> None:
    """Tell what was found; CheckError where something was, or nothing was looked up."""
    skipped = [row["skip_reason"] for row in rows if "skip_reason" in row]
    for reason in dict.fromkeys(skipped):
        say(f"not looked up: {reason}")
    if len(skipped) == len(rows):
        raise CheckError(
            f"pip-audit could look up none of {len(rows)} versions: nothing is known",
            where=LOCK_NAME,
            hint="let this machine reach PyPI, or the service that pip-audit is to ask",
        )
    found = {(row["name"], row["version"]): row["vulns"] for row in rows if row.get("vulns")}
    for (name, version), vulnerabilities in found.items():
        for one in vulnerabilities:
            mended = f", mended in {', '.join(one['fix_versions'])}" if one.get("fix_versions") else ""
            also = f" ({', '.join(one['aliases'])})" if one.get("aliases") else ""
            say(f"{name} {version}: {one['id']}{also}{mended}")
    looked = len(rows) - len(skipped)
    if found:
        raise CheckError(
            f"{len(found)} of {looked} versions that were looked up have known vulnerabilities",
            where=LOCK_NAME,
            hint="move what is named above with `pylayer lock --upgrade=NAME`",
        )
    say(f"{looked} of {len(rows)} versions were looked up: no known vulnerability")


def sets(locked: Lock, *, without: Collection[str] = ()) -> list[tuple[str, ...]]:
    """The versions of all builds as `name==version`, in as many sets as the most that a distribution has."""
    versions: dict[str, set[str]] = {}
    for entry in locked.builds.values():
        for pin in entry.pins:
            if pin.name not in without and not gits.commit_of(pin):
                versions.setdefault(pin.name, set()).add(pin.version)
    most = max((len(each) for each in versions.values()), default=0)
    ordered = {name: sorted(each) for name, each in sorted(versions.items())}
    return [
        tuple(f"{name}=={each[number]}" for name, each in ordered.items() if number < len(each))
        for number in range(most)
    ]


def _command() -> Sequence[str | Path]:
    if find_spec("pip_audit"):
        return (sys.executable, "-m", "pip_audit")
    if found := shutil.which("pip-audit"):
        return (found,)
    raise ToolError(
        "pip-audit is not installed",
        where="audit",
        hint="`pip install pip-audit`, or `pipx install pip-audit`",
    )
