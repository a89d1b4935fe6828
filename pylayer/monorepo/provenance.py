"""Where a distribution comes from, as a team's own files say it."""

from __future__ import annotations

from os.path import normpath
from typing import TYPE_CHECKING, Literal
from urllib.parse import unquote, urlsplit

from pylayer import redaction
from pylayer.dataclassing import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

Kind = Literal["index", "registry", "url", "git", "path", "workspace"]

_SCHEMES = ("http", "https", "ssh", "git", "file")


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """A place: `addresses` has one member, but for a registry that has several which serve alike.

    By `kind`: the name of an index; the address of one; that of an archive; that of a git repository, as a
    direct reference has it (`git+https://…@ref#subdirectory=…`); an absolute path; nothing, for a member of
    the workspace.
    """

    kind: Kind
    addresses: tuple[str, ...] = ("",)

    @property
    def address(self) -> str:
        """The first of its addresses."""
        return self.addresses[0]

    @classmethod
    def at(cls, url: str, *, folder: Path) -> Provenance:
        """The place that a direct reference names; a path in it counts from `folder`."""
        if url.startswith("git+"):
            return cls(kind="git", addresses=(url,))
        parts = urlsplit(url)
        if parts.scheme in {"", "file"}:
            return cls.path(unquote(parts.path), folder=folder)
        return cls(kind="url", addresses=(url,))

    @classmethod
    def path(cls, written: str, *, folder: Path) -> Provenance:
        """A file or folder."""
        # Not resolved: a symbolic link has the name that the team gave it.
        return cls(kind="path", addresses=(normpath(folder.absolute() / written),))

    @classmethod
    def repository(cls, url: str, *, ref: str = "", subdirectory: str = "") -> Provenance:
        """A git repository; credentials in its address are left out."""
        url = redaction.without_login(_ssh(url.removeprefix("git+")))
        at = f"@{ref}" if ref else ""
        below = f"#subdirectory={subdirectory}" if subdirectory else ""
        return cls(kind="git", addresses=(f"git+{url}{at}{below}",))

    def __str__(self) -> str:
        where = redaction.addresses(" or ".join(self.addresses))
        words: Mapping[Kind, str] = {
            "index": f'the index "{where}"',
            "registry": where,
            "url": where,
            "git": where,
            "path": f"the path {where}",
            "workspace": "the workspace",
        }
        return words[self.kind]


def _ssh(url: str) -> str:
    """Write `git@host:team/name`, as git and poetry take it, as an address."""
    if urlsplit(url).scheme in _SCHEMES or "@" not in url or ":" not in url:
        return url
    host, _, path = url.partition(":")
    return f"ssh://{host}/{path}"
