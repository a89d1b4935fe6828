"""A program of others that has to run on this host → run held to its folders, as the local engine's builds.

Where this host has neither bubblewrap nor Landlock, it has none of the user's variables all the same.
"""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING

from pylayer import folders, process
from pylayer.engines.local import bubblewrap
from pylayer.engines.local.confinement import Confinement

if TYPE_CHECKING:
    from pylayer.monorepo.vcs import ForeignProgram
    from pylayer.process import Completed

_PASSED = ("SOURCE_DATE_EPOCH", "TZ")  # of the user's variables: they say what time it is


def run(program: ForeignProgram) -> Completed:
    """Run `program` without network; it can write in its home and for temporary files alone.

    Raises ToolError as `process.run` does.
    """
    path = os.environ.get("PATH", os.defpath)
    with folders.private() as folder:
        for name in ("home", "tmp"):
            (folder / name).mkdir()
        for name, text in program.home.items():
            (folder / "home" / name).write_text(text, encoding="utf-8", errors="surrogateescape")
        held = Confinement.to_folder(folder, python=program.command[0], path=path, readable=program.readable)
        variables = {
            **{name: os.environ[name] for name in _PASSED if name in os.environ},
            "HOME": f"{folder}/home",
            "LC_ALL": "C.UTF-8",
            "PATH": path,
            "TMPDIR": f"{folder}/tmp",  # noqa: S108  in a folder of its own
            **program.env,
        }
        wrapper = _wrapper(path)
        before = bubblewrap.words(wrapper, held, folder=program.cwd) if wrapper else []
        return process.run(
            [*before, *program.command],
            cwd=program.cwd,
            env=variables,
            timeout=program.timeout,
            confine=bubblewrap.keep_sockets if wrapper else held.enter,
        )


@cache
def _wrapper(path: str) -> str | None:
    return bubblewrap.program(path)
