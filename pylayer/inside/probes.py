"""In a cross build each Python starts with this: what asks about the machine is answered as by the target.

Python finds it as `sitecustomize`. Variables:
    PYLAYER_MACHINE   the target's word for `uname -m`
    PYLAYER_GLIBC     the version of the target's glibc
    PYLAYER_FOREIGN   not empty where this machine cannot run what is compiled for the target
    PYLAYER_SOURCE    the folder of the project, in that of the job
    PYLAYER_PROBES    the file to which lines are added
Meson has been told of the target by a cross file: it asks about the machine that builds, and gets the truth.
A program of the target that is started here is told of: what follows from its failure is not the target's.
"""

from __future__ import annotations

import importlib.machinery
import os
import platform
import re
import sys
import sysconfig

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType
    from typing import Any

ELF_MACHINES = {"x86_64": 62, "aarch64": 183}
SHELLS = ("sh", "bash", "dash")
# Their frames stand between whoever asks and the answer.
BETWEEN = ("os", "platform", "posix", "sysconfig", __name__)
KNOWS = "mesonbuild"
noted: set[str] = set()


def main() -> None:
    """Take the place of what asks the machine."""
    machine, foreign = os.environ["PYLAYER_MACHINE"], os.environ["PYLAYER_FOREIGN"]
    gnu = machine + "-linux-gnu"
    sys.platform = "linux"
    sys.implementation._multiarch = gnu  # type: ignore[attr-defined]  # noqa: SLF001  sysconfig reads it
    sysconfig.get_config_vars()  # while the target's own can be imported
    own = os.uname()
    there = ("5.10.0", "")
    if own.sysname == "Linux":
        there = (own.release, own.version)  # a container of the target would have this kernel too
    answer = platform.uname_result("Linux", own.nodename, *there, machine)
    answer.__dict__["processor"] = machine  # else it would be asked of the program uname
    os.uname = answered(os.uname, os.uname_result((*answer[:5],)))
    platform.uname = answered(platform.uname, answer)
    platform.machine = answered(platform.machine, machine)
    platform.processor = answered(platform.processor, machine)
    answer_libc(os.environ["PYLAYER_GLIBC"])
    # The importing of modules has a list of its own.
    suffix = ".cpython-%d%d-%s.so" % (*sys.version_info[:2], gnu)
    importlib.machinery.EXTENSION_SUFFIXES[:] = [suffix, ".abi3.so", ".so"]
    if foreign:
        sys.cross_compiling = True  # type: ignore[attr-defined]  # as crossenv says it
        sys.addaudithook(listen)


def answered(ask: Callable[[], Any], answer: Any) -> Callable[[], Any]:
    """Give a function that answers for the target, and only who knows of cross builds by `ask`."""

    def asked() -> Any:
        return ask() if knows() else answer

    return asked


def knows() -> bool:
    """Say whether a build tool asks that has been told of the target."""
    frame: FrameType | None = sys._getframe(2)  # noqa: SLF001  as documented for finding a caller
    while frame is not None and frame.f_globals.get("__name__") in BETWEEN:
        frame = frame.f_back
    return frame is not None and str(frame.f_globals.get("__name__")).partition(".")[0] == KNOWS


def answer_libc(version: str) -> None:
    """Let the target's glibc be found, by the names that packaging and platform have for it."""
    ask_confstr, ask_version = os.confstr, platform.libc_ver

    def confstr(name: str | int) -> str | None:
        return "glibc " + version if name == "CS_GNU_LIBC_VERSION" else ask_confstr(name)

    def libc_ver(executable: str | None = None, *rest: Any, **more: Any) -> tuple[str, str]:
        own = executable in (None, sys.executable)
        return ("glibc", version) if own else ask_version(executable, *rest, **more)

    os.confstr, platform.libc_ver = confstr, libc_ver


def listen(event: str, arguments: tuple[Any, ...]) -> None:
    """Note the start of a program that is the target's."""
    if event not in {"subprocess.Popen", "os.exec", "os.posix_spawn", "os.system"}:
        return
    if isinstance(arguments[0], int):
        return  # a descriptor
    folder = os.fsdecode(arguments[2] or "." if event == "subprocess.Popen" else ".")
    for program in programs(event, arguments):
        # Meson sees so whether the compiler that it finds for this machine, in a cross build too, is one.
        if "/" in program and "sanity_check" not in program and is_targets(program, folder):
            note("runs %s, which it compiled for the target" % os.path.basename(program))


def programs(event: str, arguments: tuple[Any, ...]) -> Iterator[str]:
    """Give the programs that something starts; a shell starts those that its text begins commands with."""
    program = os.fsdecode(arguments[0])
    words = [] if event == "os.system" else [os.fsdecode(word) for word in arguments[1]]
    if event == "os.system":
        text = program
    elif os.path.basename(program) in SHELLS and words[1:2] == ["-c"]:
        text = " ".join(words[2:3])
    else:
        yield program
        return
    for command in re.split(r"[;&|\n]+", text):
        match = re.match(r"\s*(?:\w+=\S*\s+)*[\"']?([^\s\"']+)", command)
        if match:
            yield match[1]


def is_targets(program: str, folder: str) -> bool:
    """Say whether a file of the job is a program for the target's machine."""
    path = os.path.realpath(os.path.join(folder, program))
    here = os.path.realpath(os.path.join(os.environ["PYLAYER_SOURCE"], os.pardir))
    if not path.startswith(here + os.sep):
        return False
    try:
        with open(path, "rb") as file:
            head = file.read(20)
    except OSError:
        return False
    machine = ELF_MACHINES[os.environ["PYLAYER_MACHINE"]]
    return head[:4] == b"\x7fELF" and int.from_bytes(head[18:20], "little") == machine


def note(line: str) -> None:
    """Add a line for whoever decides, once: starting one program may be several events."""
    if line in noted:
        return
    noted.add(line)
    with open(os.environ["PYLAYER_PROBES"], "a", encoding="utf-8") as file:
        file.write(line + "\n")


main()
