"""Signed statements, and who believes them."""

import json
from base64 import b64decode

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from factories.signing import private_pem, public_pem

from pylayer.errors import ManifestError
from pylayer.statements import envelopes
from pylayer.statements.envelopes import UnverifiedError

_PEM = "-----{} PUBLIC KEY-----"
STATEMENT = b'{"_type": "https://in-toto.io/Statement/v1"}\n'


@pytest.fixture(params=["ed25519", "p256"])
def key(request):
    """A key of each kind."""
    return (
        Ed25519PrivateKey.generate()
        if request.param == "ed25519"
        else ec.generate_private_key(ec.SECP256R1())
    )


def signed(folder, key, statement=STATEMENT):
    """Give the envelope of a statement."""
    path = folder / "key.pem"
    path.write_bytes(private_pem(key))
    return envelopes.signer(path, where="KEY").envelope(statement)


def test_what_was_signed_is_believed(tmp_path, key):
    """By one of several keys, in any order; the same gives the same bytes, in a line."""
    envelope = signed(tmp_path, key)
    keys = [public_pem(Ed25519PrivateKey.generate()), public_pem(key)]

    assert STATEMENT == envelopes.verified(envelope, keys)
    assert (envelope, 1) == (signed(tmp_path, key), envelope.count(b"\n"))
    assert envelopes.holds(envelope, STATEMENT)


def test_what_is_signed_is_what_the_protocol_says(tmp_path):
    """Its own example has these bytes before a payload."""
    key = Ed25519PrivateKey.generate()
    envelope = json.loads(signed(tmp_path, key, b"hello world"))

    key.public_key().verify(
        b64decode(envelope["signatures"][0]["sig"]),
        b"DSSEv1 28 application/vnd.in-toto+json 11 hello world",
    )


def test_what_another_signed_is_not(tmp_path, key):
    """Nor by nobody's key."""
    for keys in ([public_pem(Ed25519PrivateKey.generate())], []):
        with pytest.raises(UnverifiedError, match="is by none of the keys"):
            envelopes.verified(signed(tmp_path, key), keys)


@pytest.mark.parametrize(
    "change",
    [
        lambda envelope: {**envelope, "payload": envelope["payload"].replace("e", "f", 1)},
        lambda envelope: {**envelope, "payloadType": "text/plain"},
        lambda envelope: {**envelope, "signatures": []},
        lambda envelope: {**envelope, "signatures": [{"sig": "AAAA"}]},
        lambda envelope: {**envelope, "signatures": None},
        lambda envelope: [envelope],
        lambda envelope: {},
    ],
)
def test_what_was_changed_is_not(tmp_path, key, change):
    """Whatever of it."""
    changed = json.dumps(change(json.loads(signed(tmp_path, key)))).encode()
    with pytest.raises(UnverifiedError):
        envelopes.verified(changed, [public_pem(key)])


@pytest.mark.parametrize("content", [b"", b"\xff", b"[" * 100_000, b'{"payload": "="}'])
def test_what_is_no_envelope_is_not(key, content):
    """Nor is it around any statement."""
    with pytest.raises(UnverifiedError, match="is in no DSSE envelope"):
        envelopes.verified(content, [public_pem(key)])
    assert not envelopes.holds(content, STATEMENT)


@pytest.mark.parametrize("content", [b"", b"c4nary", private_pem(ec.generate_private_key(ec.SECP384R1()))])
def test_what_is_no_key_is_refused_without_a_word_of_it(tmp_path, content):
    """A key of another kind is none either."""
    (tmp_path / "key.pem").write_bytes(content)
    with pytest.raises(ManifestError, match="names no key to sign with") as caught:
        envelopes.signer(tmp_path / "key.pem", where="KEY")
    assert "c4nary" not in str(caught.value)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    """Before anything is built."""
    with pytest.raises(ManifestError, match="the key cannot be read: No such file"):
        envelopes.signer(tmp_path / "key.pem", where="KEY")


def test_a_public_key_that_is_none_is_refused(tmp_path, key):
    """Whoever wrote layers.toml must hear of it."""
    with pytest.raises(ManifestError, match="holds no public key"):
        envelopes.verified(
            signed(tmp_path, key), ["-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"]
        )
