"""`import pylayer.sessions` in a noxfile.py → the sessions `layers`, `build-layer`, `verify` and others.

Each runs the same task as the console command, in a process of its own: arguments after `--` are that task's.
None is among the sessions that a plain `nox` runs.
"""

from __future__ import annotations

import sys

import nox


@nox.session(venv_backend="none", default=False)
def layers(session: nox.Session) -> None:
    """Build every layer of layers.toml for all its targets."""
    _task(session, "layers")


@nox.session(name="build-layer", venv_backend="none", default=False)
def build_layer(session: nox.Session) -> None:
    """Build the layers named after `--`."""
    _task(session, "build-layer")


@nox.session(venv_backend="none", default=False)
def lock(session: nox.Session) -> None:
    """Bring layers.lock up to date."""
    _task(session, "lock")


@nox.session(venv_backend="none", default=False)
def verify(session: nox.Session) -> None:
    """Import what is in the archives, and run handlers, as Lambda would."""
    _task(session, "verify")


@nox.session(venv_backend="none", default=False)
def publish(session: nox.Session) -> None:
    """Publish what dist/layers holds and AWS has not."""
    _task(session, "publish")


@nox.session(venv_backend="none", default=False)
def report(session: nox.Session) -> None:
    """Tell what is in the archives and how large, what changed, and where the last build's time went."""
    _task(session, "report")


@nox.session(venv_backend="none", default=False)
def doctor(session: nox.Session) -> None:
    """Say where each target can be built on this machine, and what is in the way."""
    _task(session, "doctor")


def _task(session: nox.Session, name: str) -> None:
    session.run(sys.executable, "-m", "pylayer", name, *session.posargs, external=True)
