"""Files that look like secrets, and those that do not."""

from base64 import b64encode

import pytest
from factories.layers import found, make_layer, zip_layer
from factories.wheels import make_wheel

from pylayer.checks import credentials

PEM = b"-----BEGIN PRIVATE KEY-----\n" + b64encode(bytes(range(90))) + b"\n-----END PRIVATE KEY-----\n"
RSA = PEM.replace(b"PRIVATE", b"RSA PRIVATE")
CERTIFICATE = PEM.replace(b"PRIVATE KEY", b"CERTIFICATE")
AWS = b"[default]\naws_access_key_id = AKIAQYLPMN5HNM2OTVR3\naws_secret_access_key = " + b"aB3/" * 10 + b"\n"


def warned(folder, files, **options):
    """Give the files of a package built here that are warned of."""
    made = make_layer(folder, make_wheel(folder, files, name="example"))
    return [
        where
        for severity, kind, where, _ in found(made, local=["example"], **options)
        if (severity, kind) == ("warning", "secret")
    ]


@pytest.mark.parametrize(
    "name",
    [".env", ".env.production", "keys/id_rsa", "id_ed25519", ".netrc", ".pypirc", ".aws/credentials"],
)
def test_a_name_says_enough(tmp_path, name):
    """Whatever is in the file."""
    assert [f"python/example/{name}"] == warned(tmp_path, {f"example/{name}": b"x"})


@pytest.mark.parametrize(
    "name", [".env.example", ".env.sample", "env", ".envrc", "id_rsa.pub", "credentials", "netrc.py"]
)
def test_a_name_that_is_only_like_it_says_nothing(tmp_path, name):
    """Nor does an empty file of any name."""
    assert [] == warned(tmp_path, {f"example/{name}": b"x", "example/.env": b""})


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (PEM, "a private key"),
        (RSA, "a private key"),
        (b'{"private_key": "' + PEM.replace(b"\n", b"\\n") + b'"}', "a private key"),
        (CERTIFICATE + PEM, "a private key"),
        (AWS, "an access key of AWS with its secret"),
        (AWS.replace(b"AKIA", b"ASIA"), "an access key of AWS with its secret"),
        (CERTIFICATE, ""),
        (b'BEGIN = "-----BEGIN PRIVATE KEY-----"\nEND = "-----END PRIVATE KEY-----"\n', ""),
        (PEM.replace(b"PRIVATE", b"PUBLIC"), ""),
        (AWS.partition(b"\naws_secret")[0], ""),  # an identifier alone opens nothing
        (AWS.replace(b"NM2OTVR3", b"7EXAMPLE"), ""),
        (AWS.replace(b"aB3/" * 10, b"0123456789" * 4), ""),  # a commit
    ],
)
def test_what_is_in_a_file_says_what_it_is(content, kind):
    """A certificate, words about keys and examples are none."""
    assert kind == credentials.inside(content)


def test_only_small_files_of_our_own_are_looked_into(tmp_path):
    """What comes from an index is no secret, such as the keys with which tornado tests."""
    own = {"example/settings.py": AWS, "example/data.bin": PEM + bytes(credentials.LARGEST)}
    made = make_layer(
        tmp_path,
        make_wheel(tmp_path, own, name="example"),
        make_wheel(tmp_path, {"tornado/test/test.key": PEM}, name="tornado"),
    )
    told = [(where, what) for _, kind, where, what in found(made, local=["example"]) if kind == "secret"]
    assert [("python/example/settings.py", True)] == [
        (where, "access key of AWS" in what) for where, what in told
    ]
    assert "AKIAQ" not in str(told)


def test_files_of_a_layer_are_looked_into(tmp_path):
    """Nobody built them, and no RECORD has them."""
    made = zip_layer(tmp_path, {"python/a.py": b"", "etc/server.pem": PEM, "etc/ca.pem": CERTIFICATE * 100})
    assert ["etc/server.pem"] == [where for _, kind, where, _ in found(made) if kind == "secret"]


def test_it_can_be_accepted(tmp_path):
    """One file, and no other."""
    files = {"example/.env": b"x", "example/other/.env": b"x"}
    assert ["python/example/other/.env"] == warned(tmp_path, files, accepted=["secret:python/example/.env"])
