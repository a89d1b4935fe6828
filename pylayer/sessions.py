"""The table of commands → nox sessions: `pylayer.sessions.register()` in a noxfile.py.

Each session runs the console command in a process of its own: arguments after `--` are that command's. None
is among the sessions that a plain `nox` runs.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import nox
from nox import registry

from pylayer.commands import table
from pylayer.errors import Fault, UsageError
from pylayer.tables import suggestion

if TYPE_CHECKING:
    from collections.abc import Collection


def register(*, prefix: str = "", only: Collection[str] = table.NAMES) -> None:
    """Add a session for each command, or for those that `only` names; `prefix` goes before their names.

    UsageError for a name in `only` that is no command, and where the noxfile has a session of that name.
    """
    theirs = {name for name, session in registry.get().items() if session.func.__module__ != __name__}
    faults = [
        Fault(what=f'there is no command "{name}"', where="only", hint=suggestion(name, table.NAMES))
        for name in only
        if name not in table.NAMES
    ]
    faults += [
        Fault(
            what="the noxfile already has a session of this name",
            where=prefix + name,
            hint='write register(prefix="pylayer-"), or register(only=[…]) without it',
        )
        for name in only
        if prefix + name in theirs
    ]
    if faults:
        raise UsageError.of(faults)
    for name in only:
        if prefix + name not in registry.get():  # else it is ours already
            _add(name, prefix + name)


def _add(command: str, name: str) -> None:
    def session(session: nox.Session) -> None:
        session.run(sys.executable, "-m", "pylayer", command, *session.posargs, external=True)

    session.__doc__ = table.summary(command)
    nox.session(name=name, venv_backend="none", default=False)(session)
