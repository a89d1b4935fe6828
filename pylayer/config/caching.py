"""`[cache]` of layers.toml → the store that several machines share, and whose records of it are believed."""

from __future__ import annotations

import re
from dataclasses import field

from pylayer import redaction
from pylayer.config.attesting import public_key
from pylayer.dataclassing import dataclass
from pylayer.tables import key, list_of, refusal, shaped, string, table_as

SCHEMES = ("s3", "gs", "az", "file")
_ADDRESS = re.compile(rf"({'|'.join(SCHEMES)})://[!-~]+")


@shaped(lambda: {"type": "string", "pattern": f"^{_ADDRESS.pattern}$"})
def address(value: object) -> str:
    """Take the address of a folder in object storage, or of a folder that machines share."""
    written = string(value)
    if not _ADDRESS.fullmatch(written):
        hint = 'such as "s3://bucket/prefix", "gs://…", "az://container/prefix" or "file:///folder"'
        raise refusal(f'"{written}" is no address of a shared store', hint=hint)
    if redaction.has_login(written):
        raise refusal("holds credentials, and this file is committed", hint="give them by the environment")
    return written.rstrip("/")


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheSettings:
    """Where the shared store is, empty where there is none, and the public `keys` (PEM) to believe."""

    remote: str = field(
        default="",
        metadata=key(
            address,
            "`s3://`, `gs://`, `az://` or `file://` address",
            "Where machines share what they made.",
        ),
    )
    keys: tuple[str, ...] = field(
        default=(),
        metadata=key(
            list_of(public_key, distinct=True),
            "list of public keys as PEM",
            "Whose records in it are believed: Ed25519, or ECDSA over P-256.",
            default="must be there with `remote`",
        ),
    )
    pull_request_keys: tuple[str, ...] = field(
        default=(),
        metadata=key(
            list_of(public_key, distinct=True),
            "list of public keys as PEM",
            "Whose records a pull request's jobs believe as well, of what that pull request added itself.",
        ),
    )


cache_table = table_as(CacheSettings)
