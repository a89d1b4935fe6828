"""Where distributions are looked for and who asks: indexes, credentials, and what of them may be shown."""

from __future__ import annotations

import os
import re
from dataclasses import field, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from pylayer import redaction
from pylayer.dataclassing import dataclass
from pylayer.markers import may_hold

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """Who asks; `password` is None where only a name (or a token in its place) is known."""

    username: str = field(repr=False)
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """A place that serves distributions; `url` holds no credentials, `name` is empty where it has none.

    An `explicit` one serves only the names that are pinned to it; a `default` one is asked last, in place
    of uv's own.
    """

    url: str
    name: str = ""
    explicit: bool = False
    default: bool = False
    login: Login | None = field(default=None, repr=False)

    @classmethod
    def at(
        cls,
        url: str,
        *,
        name: str = "",
        explicit: bool = False,
        default: bool = False,
        folder: Path | None = None,
    ) -> Index:
        """Make one from what a user wrote: credentials in the address, or a path relative to `folder`."""
        login = None
        if "://" not in url:
            url = ((folder or Path.cwd()) / url).absolute().as_uri()
        elif (parts := urlsplit(url)).username or parts.password:
            password = unquote(parts.password) if parts.password is not None else None
            login = Login(username=unquote(parts.username or ""), password=password)
            url = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
        return cls(url=url, name=name, explicit=explicit, default=default, login=login)

    @property
    def with_login(self) -> str:
        """The address with the credentials in it: for an environment variable, and nothing else."""
        if not self.login:
            return self.url
        parts = urlsplit(self.url)
        userinfo = quote(self.login.username, safe="")
        if self.login.password is not None:
            userinfo += ":" + quote(self.login.password, safe="")
        return urlunsplit(parts._replace(netloc=f"{userinfo}@{parts.netloc}"))

    @property
    def variable(self) -> str:
        """What the variables of its credentials begin with: `UV_INDEX_CORP_PYPI`."""
        return "UV_INDEX_" + re.sub(r"[^A-Za-z0-9]", "_", self.name).upper()

    def __str__(self) -> str:
        return f"{self.name} ({display(self.url)})" if self.name else display(self.url)


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexPin:
    """`distribution` comes from the index of that name alone; `marker` (PEP 508) limits where it does.

    It is a normalised name, or a glob of such. The marker may ask which extras of packages are wanted.
    """

    distribution: str
    index: str
    marker: str = ""


ALL = "*"  # every distribution


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexSettings:
    """Where distributions are looked for: `indexes` in their order, `default` (None: uv's own) last.

    `env` is the environment that uv, git and keyring are started with. Of what is in `fresh` (normalised
    names, or `ALL`) indexes are asked anew, however long they said that a page holds.
    """

    indexes: tuple[Index, ...] = ()
    default: Index | None = None
    pinnings: tuple[IndexPin, ...] = ()
    find_links: tuple[Index, ...] = ()
    strategy: str = "first-index"
    keyring: bool = False
    no_index: bool = False
    offline: bool = False
    fresh: frozenset[str] = frozenset()
    env: Mapping[str, str] = field(default_factory=lambda: dict(os.environ), repr=False)

    @property
    def everywhere(self) -> tuple[Index, ...]:
        """Every place with an address."""
        return (*self.indexes, *((self.default,) if self.default else ()), *self.find_links)

    def index(self, name: str) -> Index | None:
        """Find an index by its name."""
        return next((each for each in self.everywhere if name and each.name == name), None)

    def pinned(self, distribution: str) -> tuple[Index, ...]:
        """Give the indexes that alone serve `distribution` (normalised), or none where any may."""
        names = [each.index for each in self.pinnings if fnmatchcase(distribution, each.distribution)]
        return tuple(each for each in self.everywhere if each.name in names)

    def where(self, markers: Mapping[str, str], *, extras: Collection[str] = ()) -> IndexSettings:
        """The same with the pinnings alone that hold there, where packages are wanted with `extras`."""
        pinnings = (each for each in self.pinnings if may_hold(each.marker, markers, extras=extras))
        return replace(self, pinnings=tuple(replace(each, marker="") for each in pinnings))

    def key(self) -> dict[str, Any]:
        """What of it decides which distributions are found, without any address: for the lock."""
        return {
            "indexes": [each.name for each in self.indexes],
            "explicit": [each.name for each in self.indexes if each.explicit],
            "default": self.default.name if self.default else "",
            "pinned": sorted([each.distribution, each.index, each.marker] for each in self.pinnings),
            "strategy": self.strategy,
        }

    def redact(self, text: str) -> str:
        """Take credentials out of a text that may be shown."""
        logins = [each.login for each in self.everywhere if each.login]
        secrets = [login.password or login.username for login in logins]
        return redaction.addresses(redaction.without(secrets, text))


def local_path(url: str) -> Path | None:
    """Give the file of a file:// address; None for any other."""
    parts = urlsplit(url)
    return Path(unquote(parts.path)) if parts.scheme == "file" else None


def same_place(one: str, other: str) -> bool:
    """Whether two addresses of indexes are one, whoever asks there."""
    return display(one).rstrip("/").lower() == display(other).rstrip("/").lower()


def to_fetch(url: str) -> str:
    """Give an address as a file is asked for: without credentials, but with a query, which may be needed."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment=""))


def display(url: str) -> str:
    """Give an address as it may be shown: no credentials, and no query, which may hold a token."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment=""))
