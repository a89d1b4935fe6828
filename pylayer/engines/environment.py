"""Wheels of build requirements become a virtual environment, made without running the Python it is for."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from zipfile import BadZipFile, ZipFile

from installer import install as install_wheel
from installer.destinations import SchemeDictionaryDestination
from installer.exceptions import InstallerError
from installer.records import InvalidRecordEntry
from installer.sources import WheelFile

from pylayer.disk import filling
from pylayer.errors import BuildError, Fault

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from installer.sources import WheelContentElement

    from pylayer.engines import Interpreter
    from pylayer.wheels import Wheel

# What zig has for systems that are no target and no host: a third of its bytes, more than half of its files.
# Nothing asks for it, so an environment that was made with it is as good.
_UNUSED = {
    "ziglang": re.compile(
        r"ziglang/lib/(?:docs|libtsan|libc/(?:freebsd|mingw|netbsd|openbsd|wasi))/"
        r"|ziglang/lib/libc/include/[^/]*(?:bsd|wasm|wasi|windows)[^/]*/"
    )
}
# To be raised when the same wheels would give another environment.
FORMAT = 2


class _Source(WheelFile):
    """A wheel whose members that match `without` are not installed."""

    def __init__(self, archive: ZipFile, *, without: re.Pattern[str] | None) -> None:
        super().__init__(archive)
        self._without = without

    def get_contents(self) -> Iterator[WheelContentElement]:
        for element in super().get_contents():
            if not (self._without and self._without.match(element[0][0])):
                yield element


def key(wheels: Sequence[Wheel], *, interpreter: Interpreter) -> str:
    """Give the name (hex) that an environment of `wheels` for `interpreter` has wherever it is kept."""
    contents = sorted((wheel.filename, wheel.sha256) for wheel in wheels)
    text = json.dumps([FORMAT, interpreter.identity, interpreter.executable, contents])
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def tools_key(wheels: Sequence[Wheel]) -> str:
    """Give the name (hex) of an environment of programs, which are the same beside any Python."""
    text = json.dumps([FORMAT, sorted((wheel.filename, wheel.sha256) for wheel in wheels)])
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def install(wheels: Sequence[Wheel], into: Path, *, interpreter: Interpreter, prefix: str) -> None:
    """Make the environment in the folder `into`, fit to be found at `prefix` by its Python.

    It is what `venv` makes (https://docs.python.org/3/library/venv.html), so `.pth` files and scripts work.
    Wheels come first, so that there is no link yet that one could write through. What zig has for other
    systems is left out. Raises BuildError for one that cannot be installed, or has a file in a place of the
    environment's own.
    """
    python = f"python3.{interpreter.minor}"
    packages = into / "lib" / python / "site-packages"
    packages.mkdir(parents=True)
    (into / "bin").mkdir()
    own = ("pyvenv.cfg", "bin/python", "bin/python3", f"bin/{python}")
    for wheel in sorted(wheels, key=lambda wheel: wheel.filename):
        destination = SchemeDictionaryDestination(
            scheme_dict={
                "purelib": str(packages),
                "platlib": str(packages),
                "scripts": str(into / "bin"),
                "headers": str(into / "include" / "site" / python / wheel.metadata.name),
                "data": str(into),
            },
            interpreter=f"{prefix}/bin/python",
            script_kind="posix",
            overwrite_existing=True,
        )
        _install_one(wheel, destination, into)
        _refuse_taken(into, own, wheel)
    (into / "bin" / "python").symlink_to(interpreter.executable)
    (into / "bin" / "python3").symlink_to("python")
    (into / "bin" / python).symlink_to("python")
    if not (into / "lib64").exists():  # some wheels have a folder of that name among their data
        (into / "lib64").symlink_to("lib")
    (into / "pyvenv.cfg").write_text(
        f"home = {PurePosixPath(interpreter.executable).parent}\n"
        "include-system-site-packages = false\n"
        f"version = {interpreter.version}\n",
        encoding="utf-8",
    )


def _refuse_taken(into: Path, own: Sequence[str], wheel: Wheel) -> None:
    """Raise BuildError where `wheel` has taken a place; where case does not count, in any spelling."""
    faults = [
        Fault(
            what=f"the build requirement {wheel.filename} has a file of its own for {place}",
            hint="that is the environment's own: use another version of it, or do without it",
        )
        for place in own
        if (into / place).exists()
    ]
    if faults:
        raise BuildError.of(faults)


def _install_one(wheel: Wheel, destination: SchemeDictionaryDestination, into: Path) -> None:
    try:
        with filling(into), ZipFile(wheel.path) as archive:
            # Its name there is what counts: a store may keep the file under another one.
            archive.filename = wheel.filename
            source = _Source(archive, without=_UNUSED.get(wheel.metadata.name))
            install_wheel(source, destination, additional_metadata={"INSTALLER": b"pylayer\n"})
    except (InstallerError, InvalidRecordEntry, BadZipFile, KeyError, ValueError, OSError) as error:
        raise BuildError(
            f"the build requirement {wheel.filename} cannot be installed: {error}",
            hint="allow another version of it in build-system.requires",
        ) from error
