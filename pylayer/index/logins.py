"""The address of a request → the credentials for it: an index's own, netrc's, or the keyring's."""

from __future__ import annotations

import netrc
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pylayer import folders
from pylayer.errors import ToolError
from pylayer.index.indexes import Index, Login
from pylayer.process import run

if TYPE_CHECKING:
    from pylayer.index.indexes import IndexSettings

LOGIN_HINT = (
    "they are taken from UV_INDEX_<NAME>_USERNAME and UV_INDEX_<NAME>_PASSWORD, from the index's address in "
    "a variable, from netrc, or from the keyring where UV_KEYRING_PROVIDER=subprocess is set"
)
_PATIENCE = 120  # seconds: a keyring may ask its user to unlock it
_PORTS = {"http": 80, "https": 443}


class Logins:
    """Finds credentials, each asked for once; safe to use from several threads."""

    def __init__(self, settings: IndexSettings) -> None:
        self._settings = settings
        self._lock = Lock()
        self._found: dict[str, Login | None] = {}

    def of(self, url: str) -> Login | None:
        """Give what to log in with at `url`: never that of another scheme, host or port."""
        nearest = self._nearest(url)
        service = nearest.url if nearest else url
        with self._lock:
            if service not in self._found:
                self._found[service] = self._find(service, nearest.login if nearest else None)
            return self._found[service]

    def _nearest(self, url: str) -> Index | None:
        """Find the index on the same server whose path agrees longest with `url`."""
        near = [each for each in self._settings.everywhere if realm(each.url) == realm(url)]
        return max(near, key=lambda each: (_shared(each.url, url), each.login is not None), default=None)

    def _find(self, service: str, login: Login | None) -> Login | None:
        if login and login.password is not None:
            return login
        username = login.username if login else ""
        return self._from_netrc(service, username) or self._from_keyring(service, username) or login

    def _from_netrc(self, service: str, username: str) -> Login | None:
        env = self._settings.env
        path = folders.expanded(env.get("NETRC") or Path(env.get("HOME") or "~", ".netrc"))
        try:
            found = netrc.netrc(path).authenticators(urlsplit(service).hostname or "")
        except (OSError, netrc.NetrcParseError):
            return None
        if not found or (username and found[0] != username):
            return None
        return Login(username=found[0], password=found[2] or "")

    def _from_keyring(self, service: str, username: str) -> Login | None:
        if not self._settings.keyring:
            return None
        for place in (service, urlsplit(service).netloc):
            words = ["get", place, username] if username else ["get", "--mode", "creds", place]
            try:
                done = run(["keyring", *words], env=self._settings.env, timeout=_PATIENCE)
            except ToolError:
                return None
            lines = done.stdout.splitlines()
            if done.status == 0 and len(lines) >= (1 if username else 2):
                return Login(username=username or lines[0], password=lines[0 if username else 1])
        return None


def realm(url: str) -> tuple[str, str, int]:
    """Give the part of an address that credentials are good for (RFC 7235)."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 0)


def _shared(one: str, other: str) -> int:
    """Count the path segments that two addresses begin with."""
    pairs = zip(urlsplit(one).path.split("/"), urlsplit(other).path.split("/"), strict=False)
    count = 0
    for mine, theirs in pairs:
        if mine != theirs:
            break
        count += 1
    return count
