"""A statement ↔ the same signed, as a DSSE envelope: a line of JSON.

The protocol is https://github.com/secure-systems-lab/dsse/blob/master/protocol.md. Keys are Ed25519, or ECDSA
over P-256 with SHA-256; they are `cryptography`'s business, which is an extra.
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode, b64encode
from dataclasses import field
from typing import TYPE_CHECKING, Any

from pylayer.dataclassing import dataclass
from pylayer.errors import ManifestError, ToolError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

SUFFIX = ".intoto.jsonl"
PAYLOAD_TYPE = "application/vnd.in-toto+json"
_KINDS = "an Ed25519 key, or one of ECDSA over P-256, as PEM and without a password"


class UnverifiedError(Exception):
    """Why nothing can be believed of an envelope; completes "the signature …"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """A private key, and how its public part is identified."""

    key: Any = field(repr=False)
    keyid: str

    def envelope(self, payload: bytes, *, kind: str = PAYLOAD_TYPE) -> bytes:
        """Sign a statement, or a payload of another `kind`; the same gives the same bytes."""
        signature = {"keyid": self.keyid, "sig": _text(_sign(self.key, _encoded(payload, kind)))}
        envelope = {"payload": _text(payload), "payloadType": kind, "signatures": [signature]}
        return json.dumps(envelope, separators=(",", ":")).encode() + b"\n"


def signer(path: Path, *, where: str) -> Signer:
    """Read a private key, which `where` says to be there.

    Raises ManifestError for what is no key, ToolError where the extra is not installed.
    """
    _extra(where)
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    no_key = ManifestError("names no key to sign with", where=where, hint=_KINDS)
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except OSError as error:
        raise ManifestError(f"the key cannot be read: {error.strerror}", where=where) from error
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise no_key from None  # its own words may quote the key
    public = key.public_key()
    if not _usable(public):
        raise no_key
    return Signer(key=key, keyid=_keyid(public))


def is_of(signer: Signer, keys: Iterable[str], *, where: str) -> bool:
    """Whether what it signs is believed by one of the public `keys` (PEM), which are `where`.

    Raises ManifestError for what is no such key.
    """
    return any(signer.keyid == _keyid(_public(text, where)) for text in keys)


def verified(
    content: bytes, keys: Iterable[str], *, kind: str = PAYLOAD_TYPE, where: str = "provenance.keys"
) -> bytes:
    """Give the payload of an envelope that one of the public `keys` (PEM), which are `where`, has signed.

    Raises UnverifiedError; ManifestError for what is no such key, ToolError where the extra is not installed.
    """
    _extra(where)
    from cryptography.exceptions import InvalidSignature

    public = [_public(text, where) for text in keys]
    about = "an in-toto statement" if kind == PAYLOAD_TYPE else kind
    no_envelope = UnverifiedError(f"is in no DSSE envelope of {about}")
    try:
        envelope = json.loads(content)
        own, payload = envelope["payloadType"], b64decode(envelope["payload"], validate=True)
        signatures = [b64decode(each["sig"], validate=True) for each in envelope["signatures"]]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise no_envelope from error
    if own != kind:
        raise no_envelope
    for signature in signatures:
        for key in public:
            try:
                _verify(key, signature, _encoded(payload, kind))
            except InvalidSignature:
                continue
            return payload
    raise UnverifiedError("is by none of the keys in layers.toml")


def holds(content: bytes, statement: bytes) -> bool:
    """Whether an envelope is around a statement, whoever signed it."""
    try:
        return b64decode(json.loads(content)["payload"], validate=True) == statement
    except (ValueError, KeyError, TypeError, RecursionError):
        return False


def _encoded(payload: bytes, kind: str) -> bytes:
    """What is signed: DSSE's pre-authentication encoding."""
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind.encode(), len(payload), payload)


def _public(text: str, where: str) -> Any:  # noqa: ANN401  cryptography's own classes
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(text.strip().encode())
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if key is None or not _usable(key):
        raise ManifestError("holds no public key", where=f"layers.toml: {where}", hint=_KINDS)
    return key


def _usable(public: Any) -> bool:  # noqa: ANN401  as above
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    if isinstance(public, EllipticCurvePublicKey):
        return isinstance(public.curve, SECP256R1)
    return isinstance(public, Ed25519PublicKey)


def _sign(key: Any, data: bytes) -> bytes:  # noqa: ANN401  as above
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.hashes import SHA256

    if isinstance(key, EllipticCurvePrivateKey):
        return key.sign(data, ECDSA(SHA256(), deterministic_signing=True))
    signature: bytes = key.sign(data)
    return signature


def _verify(key: Any, signature: bytes, data: bytes) -> None:  # noqa: ANN401  as above
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
    from cryptography.hazmat.primitives.hashes import SHA256

    if isinstance(key, EllipticCurvePublicKey):
        key.verify(signature, data, ECDSA(SHA256()))
    else:
        key.verify(signature, data)


def _keyid(public: Any) -> str:  # noqa: ANN401  as above
    """Sha256 (hex) of the public key as SubjectPublicKeyInfo, which is what PEM holds."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return hashlib.sha256(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def _text(data: bytes) -> str:
    return b64encode(data).decode()


def _extra(where: str) -> None:
    try:
        import cryptography  # noqa: F401  an extra
    except ImportError as error:
        raise ToolError(
            "needs cryptography", where=where, hint='pip install "pylayer-lambda[sign]"'
        ) from error
