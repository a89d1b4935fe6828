"""`[provenance]` of layers.toml → whether statements of what went into archives are written, and believed."""

from __future__ import annotations

import re
from dataclasses import field

from pylayer.dataclassing import dataclass
from pylayer.tables import boolean, either, key, list_of, refusal, shaped, string, table_as

_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[!-~]+")
_PEM = "-----BEGIN PUBLIC KEY-----"


@shaped(lambda: {"type": "string", "pattern": f"^{_URI.pattern}$"})
def uri(value: object) -> str:
    """Take a URI; one of https need lead nowhere."""
    written = string(value)
    if not _URI.fullmatch(written):
        raise refusal(f'"{written}" is not a URI', hint='such as "https://ci.example/layers"')
    return written


@shaped(lambda: {"type": "string", "pattern": rf"^\s*{_PEM}"})
def public_key(value: object) -> str:
    """Take a public key as PEM; what is in it is for whoever verifies with it."""
    written = string(value).strip()
    if "PRIVATE KEY" in written:
        raise refusal("is a private key, and layers.toml is committed", hint="give the public one")
    if not written.startswith(_PEM):
        raise refusal("is not a public key as PEM", hint=f"it begins with {_PEM}")
    return written


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenanceSettings:
    """Whether statements are written, who makes archives, and the public `keys` (PEM) to verify with."""

    write: bool = field(
        default=False,
        metadata=key(
            boolean,
            either((True, False)),
            "Whether `layers` writes beside each archive what went into it.",
            default="false",
        ),
    )
    builder: str = field(
        default="urn:pylayer-lambda:builder",
        metadata=key(uri, "URI", "Who makes archives, as the statements identify it."),
    )
    keys: tuple[str, ...] = field(
        default=(),
        metadata=key(
            list_of(public_key, distinct=True),
            "list of public keys as PEM",
            "Whose signatures `publish` believes: Ed25519, or ECDSA over P-256.",
        ),
    )


provenance_table = table_as(ProvenanceSettings)
