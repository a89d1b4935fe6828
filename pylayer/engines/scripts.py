"""The name of a script of `pylayer.inside` → its text."""

from __future__ import annotations

from functools import cache
from importlib import resources


@cache
def script_text(script: str) -> str:
    """Give the text of a module of `pylayer.inside`."""
    return resources.files("pylayer").joinpath("inside", f"{script}.py").read_text(encoding="utf-8")
