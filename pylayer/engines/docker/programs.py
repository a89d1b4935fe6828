"""A container's Python → the words that start the program which does jobs in it, and what readies it."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING

from pylayer.engines import variables
from pylayer.engines.scripts import script_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT = "/pylayer"
WORK = f"{ROOT}/work"  # a folder for each job

_OF_ONE_JOB = ("HOME", "TMPDIR")
_FIRST_WAITING, _WAITING = 60000, 2500  # users of programs that wait, in pairs


def words(python: str) -> list[str]:
    """Give the words that start the program, with the path of a container's `python`."""
    return [python, "-I", "-S", "-c", script_text("stream")]


def waiting_users() -> dict[bool, int]:
    """Give users (numbers) for programs that are started before anybody asks: for a build, and for guests.

    They are drawn of so many that containers which run at once seldom have the same: the kernel counts a
    user's processes in all of them.
    """
    first = _FIRST_WAITING + 2 * secrets.randbelow(_WAITING)
    return {guest: first + guest for guest in (False, True)}


def warm(modules: Sequence[str], *, env: Mapping[str, str]) -> str:
    """Give text of what jobs have in common that are forks of one program; `env` is the engine's."""
    own = {name: value for name, value in env.items() if name not in _OF_ONE_JOB}
    return json.dumps({"modules": list(modules), "env": own})


def preparation(warm: str, *, user: int) -> bytes:
    """Give what has the program that such jobs are forks of made before there is one; nothing comes back.

    The format is that of `pylayer/inside/stream.py`.
    """
    common = json.loads(warm)
    folder = f"{WORK}/.{secrets.token_hex(8)}"
    env = {**variables.of_job(folder, path=""), **common["env"]}
    runner = script_text("program").encode()
    header = {
        "user": user,
        "options": [],
        "folder": folder,
        "script": "",
        "env": env,
        "warm": {"modules": common["modules"], "env": env},
        "files": [("inside/program.py", len(runner), False, "")],
    }
    return json.dumps(header).encode() + b"\n" + runner
