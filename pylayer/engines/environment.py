"""Wheels of build requirements become a virtual environment, made without running the Python it is for."""

from __future__ import annotations

import hashlib
import json
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from pylayer.errors import BuildError, Fault

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pylayer.engines import Interpreter
    from pylayer.wheels import Wheel

# To be raised when the same wheels would give another environment.
FORMAT = 2


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
    from pylayer.engines.installing import install_wheel  # seldom needed, and slow to import

    python = f"python3.{interpreter.minor}"
    (into / "lib" / python / "site-packages").mkdir(parents=True)
    (into / "bin").mkdir()
    own = ("pyvenv.cfg", "bin/python", "bin/python3", f"bin/{python}")
    for wheel in sorted(wheels, key=lambda wheel: wheel.filename):
        install_wheel(wheel, into, python=python, prefix=prefix)
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
