"""Text that may hold credentials → the same without them: the one rule for whatever is shown or kept.

What an address says of who asks (`user:password@`) and its query, where tokens are, is left out. Values of
variables whose name says what they are, and of logins that are known, are written as `****`.
"""

from __future__ import annotations

import os
import re
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MASK = "****"
# As far as the last @ of what can be an authority: as people type them, passwords hold an @ too. The name
# that ssh needs is no secret.
_USERINFO = re.compile(r"(ssh://[^/?#\s`'\"<>@:]+)(:[^/?#\s`'\"<>]*)?@|(?<=://)[^/?#\s`'\"<>]*@")
# It matches where there is no query, too: what was looked through is not looked through again.
_QUERY = re.compile(r"(://[^\s`'\"<>?#]*)(?:\?[^\s`'\"<>#)\]},;]+)?")
_NAMED = (
    "PASSWORD",
    "PASSWD",
    "PASSPHRASE",
    "SECRET",
    "TOKEN",
    "CREDENTIAL",
    "APIKEY",
    "ACCESSKEY",
    "AUTHCONFIG",
)
_PLACES = ("FILE", "DIR", "PATH", "CREDENTIALS")
_SHORTEST = 3  # characters of a known login: shorter ones would blot out ordinary words
_SHORTEST_VALUE = 8  # of what only a name says to be one: `TOKEN=none`


def addresses(text: str) -> str:
    """Take credentials out of all addresses in a text that is shown."""
    return _QUERY.sub(r"\1", without_login(text)) if "://" in text else text


def without_login(text: str) -> str:
    """Give an address, or all in a text, without who asks; a query stays, which an address may need."""
    return _USERINFO.sub(lambda match: f"{match[1]}@" if match[1] else "", text)


def has_login(text: str) -> bool:
    """Whether an address in a text says who asks: a password, or a name that is more than ssh needs."""
    return "://" in text and any(match[2] or not match[1] for match in _USERINFO.finditer(text))


def without(secrets: Iterable[str], text: str) -> str:
    """Mask every one of `secrets` in a text, as it is, as addresses write it, and as output is decoded."""
    given = {*secrets}
    forms = {*given, *(each.encode(errors="surrogateescape").decode(errors="replace") for each in given)}
    if "%" in text:
        from urllib.parse import quote  # slow to import, and seldom needed

        forms |= {quote(secret, safe="", errors="surrogateescape") for secret in given}
    for form in sorted(forms, key=len, reverse=True):
        if len(form) >= _SHORTEST:
            text = text.replace(form, MASK)
    return text


def named_secrets(variables: Mapping[str, str]) -> tuple[str, ...]:
    """The values of those variables whose name says that they are credentials; not those that name files."""
    found: set[str] = set()
    for name, value in variables.items():
        upper = name.upper().replace("_", "")
        if not (upper.endswith("AUTH") or any(word in upper for word in _NAMED)):
            continue
        if upper.endswith(_PLACES) and value.startswith(("/", "~", ".")):
            continue
        found |= {line for line in map(str.strip, value.splitlines()) if len(line) >= _SHORTEST_VALUE}
    return tuple(found)


def shown(text: str) -> str:
    """What of a text may be shown by this process, whoever wrote it."""
    return without(_own(), addresses(text))


def look_again() -> None:
    """Look anew at this process's variables when they are next needed: a program may have set others."""
    _own.cache_clear()


@cache
def _own() -> tuple[str, ...]:
    return named_secrets(os.environ)
