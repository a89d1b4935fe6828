"""Members of an archive → those that look like secrets, which whoever may use the layer could read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pylayer.checks import credentials
from pylayer.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pylayer.checks.contents import ArchiveContents


def check(contents: ArchiveContents) -> Iterator[Problem]:
    """Files that hold credentials by their name, or by what is in those of the team's own."""
    for member in contents.members:
        kind = member.size and (credentials.by_name(member.name) or contents.secrets.get(member.name))
        if kind:
            yield Problem(
                kind="secret",
                severity="warning",
                where=member.name,
                what=f"looks like a secret ({kind}), which whoever has the layer can read",
                hint="leave it out: by `drop`, or by `ignore` under [projects.NAME]",
            )
