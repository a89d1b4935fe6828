"""A script of pylayer's as a program: a new process, or a fork of one that has a build backend imported.

`program.py SCRIPT` runs the script. `program.py fork DESCRIPTOR MODULE...` imports the modules, writes a line
to the descriptor, and then runs a script for each line of JSON on standard input, in a fork of itself; its
wait status is the line that it answers:
    in     {"folder": path, "script": name, "env": {...}, "processors": [numbers], "log": name of a FIFO}
A module that cannot be imported after the first is left out. It ends without its first line where nothing
should be forked of it: the first module, which is the backend, cannot be imported, or started a thread, or
opened something that all forks would share.
"""

from __future__ import annotations

import fcntl
import gc
import importlib
import json
import os
import sys
import traceback
from contextlib import suppress

TYPE_CHECKING = False  # typing is not worth its import in each job
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

DUMPABLE = 4  # of prctl


def main() -> None:
    """Do what the arguments ask for."""
    if sys.argv[1] == "fork":
        serve(int(sys.argv[2]), sys.argv[3:])
    else:
        run(sys.argv[1])


def run(script: str) -> None:
    """Run the script as the program that it would be, and end with its exit status."""
    sys.argv = [os.path.abspath(script)]
    sys.path[:] = [path for path in sys.path if path]
    try:
        with open(script, encoding="utf-8") as file:
            code = compile(file.read(), sys.argv[0], "exec")
        exec(code, {"__name__": "__main__", "__file__": sys.argv[0]})  # noqa: S102  it is pylayer's own
        status = 0
    except SystemExit as leaving:
        status = leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
        if isinstance(leaving.code, str):
            print(leaving.code, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
        status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    # Not by way of the interpreter's end: a thread that the script left running would hold it up.
    os._exit(status)


def serve(answers: int, modules: Sequence[str]) -> None:
    """Import the modules, then fork for each request, until there are no more."""
    before = dict(os.environ)
    sys.path[:] = [path for path in sys.path[1:] if path]  # the first is where this file is, for now
    os.chdir("/")
    gc.disable()  # as https://docs.python.org/3/library/gc.html#gc.freeze has it, and it would only cost time
    load(modules)
    # What the backend says of the environment when it is imported, all its builds are to hear.
    said = {name: value for name, value in os.environ.items() if before.get(name) != value}
    if not private(answers):
        os._exit(1)
    gc.freeze()  # a collection in a fork would copy what is never used
    requests = os.fdopen(os.dup(0), "rb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.write(answers, b"{}\n")
    for line in requests:
        child = os.fork()
        if child == 0:
            try:
                requests.close()
                os.close(answers)
                become(json.loads(line), said)
            finally:
                os._exit(127)
        os.write(answers, b"%d\n" % os.waitpid(child, 0)[1])


def load(modules: Sequence[str]) -> None:
    """Import them; raises what the first of them raises."""
    importlib.import_module(modules[0])
    for name in modules[1:]:
        with suppress(Exception):
            importlib.import_module(name)


def private(answers: int) -> bool:
    """Keep all others of this user from looking into this process; say whether forks share nothing of it."""
    try:
        import ctypes

        hidden = ctypes.CDLL(None).prctl(DUMPABLE, *[ctypes.c_ulong(0)] * 4) == 0
        threads = os.listdir("/proc/self/task")
        opened = {int(name) for name in os.listdir("/proc/self/fd")}
    except (ImportError, OSError, AttributeError):
        return False
    known = {0, 1, 2, answers}
    return hidden and len(threads) == 1 and len(opened - known) == 1  # the list of them is open itself


def become(request: Mapping[str, Any], said: Mapping[str, str]) -> None:
    """Let this fork be the program that a new process with this request would be."""
    gc.enable()
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update({**request["env"], **said})
    if request["processors"]:
        os.sched_setaffinity(0, request["processors"])
    redirect(request["log"])
    if (tempfile := sys.modules.get("tempfile")) is not None:
        setattr(tempfile, "tempdir", None)  # noqa: B010  what it found was nobody's
    run(request["script"])


def redirect(log: str) -> None:
    """Let both outputs go to a FIFO that somebody reads."""
    descriptor = os.open(log, os.O_WRONLY)
    flags = fcntl.fcntl(descriptor, fcntl.F_GETFL)
    fcntl.fcntl(descriptor, fcntl.F_SETFL, flags & ~os.O_NONBLOCK)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.close(descriptor)


if __name__ == "__main__":
    main()
