"""A work tree → the revision that a layer version's description may name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pylayer.errors import PublishError, ToolError
from pylayer.monorepo.repository import ran

if TYPE_CHECKING:
    from pathlib import Path


def revision(root: Path) -> str:
    """The commit that is checked out in `root`, in 12 digits, with `-dirty` where tracked files differ."""
    hint = "leave {revision} out of [publish] description and license"
    try:
        done = ran(root, "describe", "--always", "--dirty", "--exclude=*", "--abbrev=12")
    except ToolError as error:
        raise PublishError(f"no revision to name: {error.faults[0].what}", hint=hint) from error
    if done.status:
        raise PublishError("no revision to name", where=str(root), hint=hint, log=done.stderr)
    return done.stdout.strip()
