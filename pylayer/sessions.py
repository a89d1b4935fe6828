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
    from collections.abc import Collection, Sequence

# The session that is there once for each build: `layer(libexample-python3.13-arm64)`.
LAYER = "layer"
_NAMES = (*table.NAMES, LAYER)
# Words of nox's command line after which sessions are named, and those by which they are chosen otherwise.
_BY_NAME = ("-s", "-e", "--session", "--sessions")
_OTHERWISE = ("-t", "-k", "-l", "--tags", "--keywords", "--list")


def register(*, prefix: str = "", only: Collection[str] | None = None) -> None:
    """Add a session for each command, and one for each build; or those that `only` names (`layer`: builds).

    `prefix` goes before their names. Where the noxfile has a session of such a name, that one stays: there is
    none of ours, and where `only` asks for it, a UsageError, as for a name that is no command. A build's
    session has the tags `layer:NAME`, `layer:RUNTIME` and `layer:ARCHITECTURE`.
    """
    theirs = {name for name, session in registry.get().items() if session.func.__module__ != __name__}
    if only is not None:
        _refuse(only, prefix=prefix, theirs=theirs)
    for name in _NAMES if only is None else only:
        if prefix + name in {*theirs, *registry.get()}:  # else it is ours already
            continue
        if name == LAYER:
            _add_builds(prefix + name)
        else:
            _add(name, prefix + name)


def _refuse(only: Collection[str], *, prefix: str, theirs: Collection[str]) -> None:
    faults = [
        Fault(what=f'there is no command "{name}"', where="only", hint=suggestion(name, _NAMES))
        for name in only
        if name not in _NAMES
    ]
    faults += [
        Fault(
            what="the noxfile already has a session of this name",
            where=prefix + name,
            hint='write register(prefix="pylayer-"), or leave it out of `only`',
        )
        for name in only
        if prefix + name in theirs
    ]
    if faults:
        raise UsageError.of(faults)


def _add(command: str, name: str) -> None:
    def session(session: nox.Session) -> None:
        session.run(sys.executable, "-m", "pylayer", command, *session.posargs, external=True)

    session.__doc__ = table.summary(command)
    nox.session(name=name, venv_backend="none", default=False)(session)


def _add_builds(name: str) -> None:
    """Add the sessions of builds, unless others alone are asked for: then layers.toml need not be read."""
    if not concerns(name, sys.argv[1:]):
        return
    from pylayer.commands.completing import known_builds

    builds = known_builds()
    if not builds:
        return

    def session(session: nox.Session, build: str) -> None:
        words = ("build-layer", build, *session.posargs)
        session.run(sys.executable, "-m", "pylayer", *words, external=True)

    session.__doc__ = "One of the builds that `layers` makes at once."
    params = [nox.param(build, id=build, tags=_tags(build, layer)) for build, layer in builds.items()]
    nox.session(name=name, venv_backend="none", default=False)(nox.parametrize("build", params)(session))


def concerns(name: str, words: Sequence[str]) -> bool:
    """Whether a command line of nox's may have to do with the sessions `name(…)`; if in doubt, it does."""
    before = [*words[: words.index("--")]] if "--" in words else [*words]
    options = {word.partition("=")[0] for word in before}
    by_name = not options.isdisjoint(_BY_NAME) and options.isdisjoint(_OTHERWISE)
    return not by_name or any(f"{name}(" in word or name == word.rpartition("=")[2] for word in before)


def _tags(build: str, layer: str) -> list[str]:
    """What builds are chosen by; with a word before each, since the noxfile has tags of its own."""
    runtime, architecture = build.removeprefix(f"{layer}-").split("-", 1)
    return [f"{LAYER}:{each}" for each in (layer, runtime, architecture)]
