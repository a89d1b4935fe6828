"""Members of an archive → those that Lambda cannot read, that hide each other, or that nothing looks for."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from pylayer.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pylayer.checks.contents import ArchiveContents

_READ, _RUN = 0o004, 0o001
_PROGRAMS = ("bin/", "python/bin/")
# https://docs.aws.amazon.com/lambda/latest/dg/packaging-layers.html
_KNOWN = frozenset(("python", "lib", "bin"))
_CODE = (".py", ".pyc", ".so", ".pth")


def check(contents: ArchiveContents) -> Iterator[Problem]:
    """Problems of paths and modes."""
    yield from _modes(contents)
    yield from _twins(contents)
    yield from _clashes(contents)
    yield from _strays(contents)


def _modes(contents: ArchiveContents) -> Iterator[Problem]:
    for member in contents.members:
        folder = member.name.endswith("/")
        if not member.mode & _READ or (folder and not member.mode & _RUN):
            what = f"has mode {member.mode & 0o7777:04o}: Lambda's user could not read it"
            hint = "files need 0644, folders and programs 0755"
            yield Problem(kind="mode", severity="error", where=member.name, what=what, hint=hint)
        elif member.name.startswith(_PROGRAMS) and not folder and not member.mode & _RUN:
            what = f"has mode {member.mode & 0o7777:04o}: it is among programs, but cannot be run"
            yield Problem(
                kind="mode", severity="warning", where=member.name, what=what, hint="programs need 0755"
            )


def _twins(contents: ArchiveContents) -> Iterator[Problem]:
    spellings = defaultdict(list)
    for member in contents.members:
        spellings[member.name.lower()].append(member.name)
    for names in spellings.values():
        if len(names) > 1:
            what = (
                f"differs from {', '.join(names[1:])} only in case: macOS and Windows keep just one of them"
            )
            yield Problem(
                kind="path", severity="warning", where=names[0], what=what, hint="rename one of them"
            )


def _clashes(contents: ArchiveContents) -> Iterator[Problem]:
    names = {member.name for member in contents.members}
    folders: dict[str, str] = {}
    for name in names:
        folder = name.rstrip("/").rpartition("/")[0]
        while folder and folder not in folders:
            folders[folder] = name
            folder = folder.rpartition("/")[0]
    for name in sorted(names & folders.keys()):
        what = f"is a file, but also the folder of {folders[name]}"
        yield Problem(kind="path", severity="error", where=name, what=what, hint="rename one of them")


def _strays(contents: ArchiveContents) -> Iterator[Problem]:
    strays = [
        member.name
        for member in contents.members
        if member.name.partition("/")[0] not in _KNOWN
        and (member.name.endswith(_CODE) or ".dist-info/" in member.name)
    ]
    if strays:
        more = f" ({len(strays) - 1} more like it)" if strays[1:] else ""
        what = f"is outside python/, where Lambda's Python does not look{more}"
        hint = "the zip must have python/ at its root: https://docs.aws.amazon.com/lambda/latest/dg/python-layers.html"
        yield Problem(kind="import", severity="error", where=strays[0], what=what, hint=hint)
