"""layers.lock → pip-audit's word on it, where pip-audit is installed."""

from __future__ import annotations

import shutil
import sys
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from pylayer import process
from pylayer.config.manifest import LOCK_NAME
from pylayer.errors import CheckError, LockError, ToolError
from pylayer.index import gits
from pylayer.locks import lock
from pylayer.locks.sourcing import settings_of
from pylayer.monorepo import workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from pylayer.locks.lock import Lock

_PATIENCE = 600  # seconds


def run(manifest: Path, *, say: Callable[[str], None]) -> None:
    """Have pip-audit judge every version that layers hold; its words go to `say`.

    Whatever comes from one private index alone, or from git, is left out: its name is nobody else's business.
    Raises ToolError where pip-audit is not installed, LockError where there is no lock, CheckError where it
    finds something.
    """
    command = _command()
    found = workspace.load(manifest)
    locked = lock.read(found.manifest.root / LOCK_NAME)
    if locked is None:
        raise LockError("there is none", where=LOCK_NAME, hint="run `pylayer lock`")
    resolver = settings_of(found)
    names = {pin.name for entry in locked.builds.values() for pin in entry.pins}
    elsewhere = {source.distribution for table in found.tables for source in table.stated}
    apart = {name for name in names if name in elsewhere or resolver.pinned(name)}
    if left := sorted(apart):
        say(f"not checked, since they do not come from a public index: {', '.join(left)}")
    status = 0
    with TemporaryDirectory(prefix="pylayer-") as folder:
        for number, lines in enumerate(sets(locked, without=apart)):
            path = Path(folder) / f"requirements-{number}.txt"
            path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
            options = ["--no-deps", "--disable-pip", "--progress-spinner", "off"]
            done = process.run([*command, *options, "--requirement", path], timeout=_PATIENCE)
            say((done.stdout + done.stderr).replace(str(path), LOCK_NAME).strip())
            status = status or done.status
    if status:
        raise CheckError(
            f"pip-audit ended with status {status}",
            where=LOCK_NAME,
            hint="upgrade what it names with `pylayer lock --upgrade=NAME`",
        )


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
