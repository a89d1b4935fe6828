"""In a cross build each Python starts with this: a project's code is answered as by the target, and told of.

Python finds it as `sitecustomize`. Variables:
    PYLAYER_MACHINE   the target's word for `uname -m`
    PYLAYER_SOURCE    the folder of the project: only what its own code asks is told
    PYLAYER_PROBES    the file to which lines are added
Build tools ask too, know what they do with the answer, and get the true one; a project's own code has no
other use for it than to choose what it compiles. A program of the target that is started here is told whoever
starts it.
"""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
import sysconfig

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import Any

ELF_MACHINES = {"x86_64": 62, "aarch64": 183}
# Their frames stand between whoever asks and the answer.
_BETWEEN = {os.path.realpath(module.__file__ or "") for module in (os, platform, subprocess, sysconfig)}


def main() -> None:
    """Take the place of what asks the machine."""
    machine = os.environ["PYLAYER_MACHINE"]
    sys.platform = "linux"
    sysconfig.get_config_vars()  # while the target's own can be imported
    system = os.uname()
    answer = platform.uname_result("Linux", system.nodename, "", "", machine)
    answer.__dict__["processor"] = machine  # else it would be asked of the program uname
    os.uname = told("os.uname()", os.uname, os.uname_result((*answer[:5],)))
    platform.uname = told("platform.uname()", platform.uname, answer)
    platform.machine = told("platform.machine()", platform.machine, machine)
    platform.processor = told("platform.processor()", platform.processor, machine)
    sys.addaudithook(listen)


def told(name: str, ask: Callable[[], Any], answer: Any) -> Callable[[], Any]:
    """Give a function that answers a project's own code and tells of it; others are answered by `ask`."""

    def asked() -> Any:
        return answer if tell(name) else ask()

    return asked


def tell(name: str) -> bool:
    """Note a question of the project's own code; False where somebody else asks."""
    frame: FrameType | None = sys._getframe(2)  # noqa: SLF001  as documented for finding a caller
    while frame is not None and os.path.realpath(frame.f_code.co_filename) in _BETWEEN:
        frame = frame.f_back
    if frame is None:
        return False
    filename = frame.f_code.co_filename
    if filename.startswith("<"):  # a setup.py as setuptools runs it
        filename = frame.f_globals.get("__file__") or os.sep
    path = os.path.realpath(filename)
    source = os.path.realpath(os.environ["PYLAYER_SOURCE"])
    if not path.startswith(source + os.sep):
        return False
    note("asks %s in %s, line %d" % (name, os.path.relpath(path, source), frame.f_lineno))
    return True


def listen(event: str, arguments: tuple[Any, ...]) -> None:
    """Note the start of a program that is the target's."""
    if event in ("subprocess.Popen", "os.exec", "os.posix_spawn"):
        program = arguments[0]
        if event == "subprocess.Popen" and not program:
            program = arguments[1][0] if isinstance(arguments[1], (list, tuple)) else arguments[1]
    elif event == "os.system":
        program = arguments[0]
    else:
        return
    text = os.fsdecode(program)
    if re.search(r"\buname\b", "%s %s" % (text, arguments[1:2])):
        tell("uname")
    if "/" not in text:
        return
    words = text.split() if event == "os.system" else [text]
    # Meson sees so whether the compiler that it finds for this machine, in a cross build too, is one.
    if words and "sanity_check" not in words[0] and is_targets(words[0]):
        note("runs %s, which it compiled for the target" % os.path.basename(words[0]))


def is_targets(path: str) -> bool:
    """Say whether a file of the job is a program for the target's machine."""
    here = os.path.realpath(os.path.join(os.environ["PYLAYER_SOURCE"], os.pardir))
    if not os.path.realpath(path).startswith(here + os.sep):
        return False
    try:
        with open(path, "rb") as file:
            head = file.read(20)
    except OSError:
        return False
    machine = ELF_MACHINES[os.environ["PYLAYER_MACHINE"]]
    return head[:4] == b"\x7fELF" and int.from_bytes(head[18:20], "little") == machine


def note(line: str) -> None:
    """Add a line for whoever decides."""
    with open(os.environ["PYLAYER_PROBES"], "a", encoding="utf-8") as file:
        file.write(line + "\n")


main()
