"""`[workers]` of layers.toml → where the processes are that do builds on other machines."""

from __future__ import annotations

import re
from dataclasses import field

from pylayer import redaction
from pylayer.dataclassing import dataclass
from pylayer.tables import key, refusal, shaped, string, table_as

_ADDRESS = re.compile(r"dask(\+tls)?://[A-Za-z0-9._:\[\]-]+")
_HINT = 'such as "dask+tls://scheduler:8786"'


@shaped(lambda: {"type": "string", "pattern": f"^{_ADDRESS.pattern}$"})
def workers_address(value: object) -> str:
    """Take the address of a scheduler."""
    written = string(value)
    if redaction.has_login(written):
        raise refusal("holds credentials, which no scheduler of dask takes", hint=_HINT)
    if not _ADDRESS.fullmatch(written):
        raise refusal(f'"{written}" is no address of workers', hint=_HINT)
    return written


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSettings:
    """Where workers are, empty where that is not said."""

    at: str = field(
        default="",
        metadata=key(
            workers_address,
            "`dask://` or `dask+tls://` address",
            "The scheduler whose workers do builds, if `--workers` has no address.",
        ),
    )


workers_table = table_as(WorkerSettings)
