"""A work tree → the revision that a layer version's description may name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pylayer import process
from pylayer.errors import PublishError, ToolError

if TYPE_CHECKING:
    from pathlib import Path


def revision(root: Path) -> str:
    """The commit that is checked out in `root`, in 12 digits, with `-dirty` where tracked files differ."""
    hint = "leave {revision} out of [publish] description and license"
    try:
        done = process.run(["git", "describe", "--always", "--dirty", "--exclude=*", "--abbrev=12"], cwd=root)
    except ToolError as error:
        raise PublishError("no revision to name: git is not installed", hint=hint) from error
    if done.status:
        raise PublishError("no revision to name", where=str(root), hint=hint, log=done.stderr)
    return done.stdout.strip()
