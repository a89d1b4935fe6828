"""Members of an archive → those that stand for a file which Git LFS keeps elsewhere.

A clone without git-lfs has them, and so has CI where it does not ask for more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pylayer.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md
_START = b"version https://git-lfs.github.com/spec/v1"


def is_pointer(content: bytes) -> bool:
    """Whether the bytes of a file are a pointer."""
    return content.startswith(_START)


def check(found: Iterable[str]) -> Iterator[Problem]:
    """Files of the team's own whose content is not in the checkout; `found` are their paths."""
    for name in sorted(found):
        yield Problem(
            kind="pointer",
            severity="error",
            where=name,
            what="is only a pointer of Git LFS, not the file itself",
            hint="`git lfs pull` (in CI, `lfs: true` of actions/checkout), or leave it out by `drop`",
        )
