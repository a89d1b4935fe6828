"""Folders and links of which a short path stands for one that is longer than a system takes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_STEPS = "abcdefghijklmnop"
_LONG = "d" * 247
_BACK = "l" * 254
WAY = "/".join([*_STEPS, _BACK])  # leads to where it begins


def members() -> list[tuple[str, str]]:
    """Give names and where each, a link, leads; nothing for a folder."""
    found, folder = [], ""
    for step in _STEPS:
        found += [(folder + _LONG, ""), (folder + step, _LONG)]
        folder += f"{_LONG}/"
    return [*found, (WAY, "../" * len(_STEPS))]


def make(root: Path) -> None:
    """Make them in a folder; their own names are too long to be made by."""
    folder = os.open(root, os.O_RDONLY)
    for step in _STEPS:
        os.mkdir(_LONG, dir_fd=folder)
        os.symlink(_LONG, step, dir_fd=folder)
        inner = os.open(_LONG, os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = inner
    os.symlink("../" * len(_STEPS), _BACK, dir_fd=folder)
    os.close(folder)
