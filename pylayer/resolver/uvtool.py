"""Words for `uv pip compile` → the lock that it prints, or its complaint as an error.

uv sees no setting but those stated here: credentials go to it in environment variables and nowhere else. It
never builds anything and never fetches a Python.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pylayer.authorities import CA_HINT, ca_variable
from pylayer.errors import DownloadError
from pylayer.index import publicindex
from pylayer.index.indexes import ALL, Index, IndexSettings
from pylayer.index.logins import LOGIN_HINT
from pylayer.process import run, uv
from pylayer.store import uv_cache

if TYPE_CHECKING:
    from collections.abc import Sequence

_COMMAND = ("pip", "compile", "-", "--no-config", "--no-header", "--color", "never", "--no-progress")
_LOCK = ("--format", "pylock.toml", "--only-binary", ":all:")
# What changes how uv works, and not what it finds.
_KEPT = re.compile(
    r"UV_(CACHE_DIR|HTTP_\w+|REQUEST_TIMEOUT|CONCURRENT_\w+|NATIVE_TLS|SYSTEM_CERTS|CREDENTIALS_DIR|LOCK_TIMEOUT)"
)
_REFUSED = re.compile(r"An index (?:URL )?\((\S+)\) .*\b(401|403)\b")
_PATIENCE = 1800.0  # seconds: uv waits for ever for an index that sends a byte now and then
_YANKED = re.compile(r'^warning: `(\S+)==(\S+)` is yanked(?: \(reason: "(.*)"\))?$', re.MULTILINE)
_FETCH = re.compile(r"Failed to fetch: `?([^`\s]+)")


class UnsolvedError(Exception):
    """Nothing satisfies what was asked; the text is uv's reasoning, without credentials."""


def compile_lock(
    words: Sequence[str | Path],
    *,
    settings: IndexSettings,
    folder: Path,
    stdin: str,
    patience: float = _PATIENCE,
) -> tuple[str, dict[tuple[str, str], str]]:
    """Run uv in `folder`, with requirements as `stdin`; give a pylock.toml, and what of it is yanked.

    That is by names and versions, with the reason that is given.

    Raises UnsolvedError, DownloadError where an index cannot be queried, ToolError after `patience` seconds.
    """
    command = [uv(), *_COMMAND, *_LOCK, *words, *_asking(settings)]
    done = run(command, cwd=folder, env=environment(settings), input=stdin, timeout=patience)
    if done.status == 0:
        return done.stdout, {(name, version): why for name, version, why in _YANKED.findall(done.stderr)}
    text = _reasoning(settings.redact(done.stderr))
    if refused := _REFUSED.search(text):
        raise DownloadError(
            f"refused the credentials, or needs some ({refused[2]})", where=refused[1], hint=LOGIN_HINT
        )
    if failed := _FETCH.search(text):
        raise _failure(text, url=failed[1])
    raise UnsolvedError(text)


def _asking(settings: IndexSettings) -> list[str]:
    """How indexes are asked; uv's own options for upgrades imply the same."""
    if settings.no_index:
        return ["--no-index"]
    if settings.offline:
        return []
    names = sorted(settings.fresh)
    return ["--refresh"] if ALL in names else [word for name in names for word in ("--refresh-package", name)]


def _failure(text: str, *, url: str) -> DownloadError:
    lines = [line.replace(f" for url ({url})", "") for line in text.splitlines()]
    lines = [line for line in lines if url not in line and not line.startswith("Consider ")]
    hint = "try again once the server works"
    if "certificate" in text:
        hint = CA_HINT
    return DownloadError(": ".join(lines) or "cannot be queried", where=url, hint=hint)


def with_default(settings: IndexSettings) -> IndexSettings:
    """Give the settings with an address for the default index: uv's own where none is set."""
    if settings.default or settings.no_index:
        return settings
    return replace(settings, default=Index(url=publicindex.address(), default=True))


def environment(settings: IndexSettings) -> dict[str, str]:
    """Give the variables that uv is started with."""
    variable = ca_variable(settings.env)
    ca = settings.env[variable] if variable else ""
    stated = {
        "UV_PYTHON_DOWNLOADS": "never",
        "UV_INDEX_STRATEGY": settings.strategy,
        "UV_INDEX": " ".join(_stated(each) for each in settings.indexes if not each.explicit),
        "UV_DEFAULT_INDEX": _stated(settings.default) if settings.default else "",
        "UV_FIND_LINKS": ",".join(each.with_login for each in settings.find_links),
        "UV_OFFLINE": "1" if settings.offline else "",
        "UV_KEYRING_PROVIDER": "subprocess" if settings.keyring else "",
        "SSL_CERT_DIR" if ca and Path(ca).is_dir() else "SSL_CERT_FILE": ca,
    }
    for index in settings.everywhere:
        if index.name and index.login:
            stated[f"{index.variable}_USERNAME"] = index.login.username
            stated[f"{index.variable}_PASSWORD"] = index.login.password or ""
    kept = {
        name: value
        for name, value in settings.env.items()
        if not name.startswith("UV_") or _KEPT.fullmatch(name)
    }
    return {**kept, **uv_cache(settings.env), **{name: value for name, value in stated.items() if value}}


def _stated(index: Index) -> str:
    return f"{index.name}={index.url}" if index.name else index.with_login


def _reasoning(text: str) -> str:
    """Keep what follows the first `error:`, without uv's labels and progress."""
    _, _, reason = text.partition("error: ")
    lines = [re.sub(r"^\s*(cause|hint): ", "", line).strip() for line in (reason or text).splitlines()]
    return "\n".join(line for line in lines if line)
