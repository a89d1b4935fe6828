"""A container's Python → the words that start the program which does jobs in it, and what readies it."""

from __future__ import annotations

import itertools
import json
import secrets
from typing import TYPE_CHECKING

from pylayer.engines import variables
from pylayer.engines.scripts import script_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pylayer.engines import Job

ROOT = "/pylayer"
WORK = f"{ROOT}/work"  # a folder for each job

# Where a record has what a program is made ready with, one for builds and one for guests.
READY = {False: "ready for builds", True: "ready for guests"}

_SHAPE = {"modules": list, "options": list, "env": dict}
_OF_ONE_JOB = ("HOME", "TMPDIR")
# Users of programs (numbers): within the 65536 that a rootless engine has, and nobody's in any image; of so
# many that containers which run at once seldom have the same: the kernel counts a user's processes in all of
# them.
_FIRST_USER, _USERS = 20000, 40000
_FIRST_WAITING, _WAITING = 60000, 5000  # of programs that wait for the first build in a container


def words(python: str) -> list[str]:
    """Give the words that start the program, with the path of a container's `python`."""
    return [python, "-I", "-S", "-c", script_text("stream")]


def users() -> Iterator[int]:
    """Give users for programs that are started as they are wanted, each of them once."""
    return itertools.count(_FIRST_USER + secrets.randbelow(_USERS))


def waiting_user() -> int:
    """Give a user for a program that is started before anybody asks."""
    return _FIRST_WAITING + secrets.randbelow(_WAITING)


def warm(job: Job, *, env: Mapping[str, str]) -> str:
    """Give text of what jobs like one have in common that are forks of one program; `env` is the engine's."""
    own = {name: value for name, value in env.items() if name not in _OF_ONE_JOB}
    return json.dumps({"modules": list(job.warm), "options": list(job.options), "env": own})


def preparation(warm: str, *, user: int) -> bytes:
    """Give what has the program that such jobs are forks of made before there is one; nothing comes back.

    The format is that of `pylayer/inside/stream.py`. Raises ValueError for what `warm` did not give.
    """
    common = json.loads(warm)
    if not (isinstance(common, dict) and {name: type(value) for name, value in common.items()} == _SHAPE):
        raise ValueError("no such preparation")
    folder = f"{WORK}/.{secrets.token_hex(8)}"
    env = {**variables.of_job(folder, path=""), **common["env"]}
    runner = script_text("program").encode()
    header = {
        "user": user,
        "options": common["options"],
        "folder": folder,
        "script": "",
        "env": env,
        "warm": {"modules": common["modules"], "env": env},
        "files": [("inside/program.py", len(runner), False, "")],
    }
    return json.dumps(header).encode() + b"\n" + runner
