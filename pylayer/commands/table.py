"""The table of commands: names → classes, each in a module of its own that is imported when it is asked for.

`build-layer` is the class BuildLayerCommand of the module `build_layer`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pylayer.commands.command import Command

# What they are for, in the order in which a newcomer needs them.
GROUPS = {
    "Start": ("init", "schema"),
    "Build": ("layers", "build-layer", "watch", "lock"),
    "Check": ("verify", "audit", "doctor"),
    "Publish": ("publish", "prune"),
    "CI": ("plan", "wheels", "matrix", "collect"),
    "Inspect": ("list", "log", "report", "why", "sbom"),
    "Clean up": ("clean", "cache"),
}
NAMES = tuple(name for names in GROUPS.values() for name in names)


def load(name: str) -> type[Command]:
    """The class of the command `name`, one of NAMES."""
    module = import_module(f"pylayer.commands.{name.replace('-', '_')}")
    kind: type[Command] = getattr(module, "".join(map(str.title, name.split("-"))) + "Command")
    return kind


def summary(name: str) -> str:
    """What the command `name` does, in a line."""
    return (load(name).__doc__ or "").partition("\n")[0]
