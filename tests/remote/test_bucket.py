"""Objects are made once, and listed by their paths."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import time
from contextlib import closing

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from factories.buckets import BUCKET
from factories.signing import private_pem

from pylayer.remote.bucket import Bucket, BucketError


@pytest.fixture
def bucket(address):
    bucket = Bucket(address, patience=20)  # whatever else this machine is busy with
    yield bucket
    bucket.close()


def test_what_is_there_stays_as_it_is(bucket):
    """Unless it is replaced, which is asked for by another name."""
    made = [bucket.create_all([("blobs/ab/one", content)]) for content in (b"1", b"2")]
    read = bucket.read_all(["blobs/ab/one", "blobs/ab/none"], most=10)
    bucket.replace("blobs/ab/one", b"3")
    assert ([1, 0], [b"1", None]) == (made, read)
    assert [b"3"] == bucket.read_all(["blobs/ab/one"], most=10)


def test_sizes_are_those_below_a_path(bucket, tmp_path):
    """Of more objects than there are at once."""
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    objects = [(f"blobs/{number:02x}/{number}", path) for number in range(70)]
    assert 70 == bucket.create_all([*objects, ("packs/other", b"1")]) - 1
    assert {f"{number:02x}/{number}": 5 for number in range(70)} == bucket.sizes("blobs/")
    assert {} == bucket.sizes("heads/main/")


def test_no_more_is_read_than_may_be(bucket):
    """Whoever can write there may have put anything."""
    bucket.create_all([("heads/main/all", b"12345")])
    with pytest.raises(BucketError, match="too large"):
        bucket.read_all(["heads/main/all"], most=4)


def test_files_are_fetched(bucket, tmp_path):
    """Of some that are not there, the others."""
    content = bytes(range(256)) * 4096
    bucket.create_all([("blobs/ab/large", content), ("blobs/ab/small", b"1")])
    into = {f"blobs/ab/{name}": tmp_path / name for name in ("none", "large", "small")}
    assert (["blobs/ab/large", "blobs/ab/small"], None) == bucket.fetch_all(into)
    assert content == (tmp_path / "large").read_bytes()


def test_many_files_are_fetched_at_once(storage, tmp_path):
    """Each takes a fifth of a second here: 64 of them take as long as one, and not as long as all."""
    bucket = Bucket(f"s3://{BUCKET}/some/prefix", patience=20)
    names = [f"blobs/ab/{number}" for number in range(32)]
    bucket.create_all([(name, b"1") for name in names])
    storage.fault, storage.delay = "slow", 0.2
    began = time.monotonic()
    came, wrong = bucket.fetch_all({name: tmp_path / name.rpartition("/")[2] for name in names})
    bucket.close()
    assert (names, None) == (came, wrong)
    assert time.monotonic() - began < 32 * 0.2 / 2


@pytest.mark.parametrize("address", ["no address", "http://", "ftp://example.org", "http://a b"])
def test_an_endpoint_that_is_none_is_told(monkeypatch, storage, address):
    """It would end a thread of obstore, with a traceback."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", address)
    with pytest.raises(BucketError, match="AWS_ENDPOINT_URL is no address"):
        Bucket("s3://bucket/prefix")


def test_an_endpoint_that_is_empty_is_none(monkeypatch, storage):
    """As it is to boto3."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "")
    bucket = Bucket(f"s3://{BUCKET}/prefix")
    assert {} == bucket.sizes("blobs/")
    bucket.close()


def test_a_bucket_that_is_not_there_is_told(storage):
    """Its name may be wrong in layers.toml."""
    bucket = Bucket("s3://no-such-bucket/prefix")
    with pytest.raises(BucketError, match="there is no such bucket"):
        bucket.sizes("heads/main/")
    bucket.close()


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("skewed", "the clock of this machine is wrong"),
        ("elsewhere", "is in another region than AWS_REGION says"),
        ("signed for elsewhere", "is in another region than AWS_REGION says"),
    ],
)
def test_what_only_the_set_up_can_mend_is_told(storage, fault, said):
    """S3's own words for it are those of a refusal, or of nothing that a person knows."""
    storage.fault = fault
    bucket = Bucket(f"s3://{BUCKET}/prefix")
    with pytest.raises(BucketError, match=said):
        bucket.sizes("heads/main/")
    bucket.close()


SILENT = """
import gc
from pylayer.remote.bucket import Bucket, BucketError
for _ in range(4):
    bucket = Bucket("s3://bucket/prefix", patience=0.3)
    try:
        bucket.sizes("heads/main/")
    except BucketError as error:
        print(error)
    bucket.close()
    del bucket
    gc.collect()
"""


def test_a_server_that_is_silent_is_left_quietly(storage):
    """The library panics where a thread of Python's drops what is under way, and at the end of Python."""
    storage.fault, storage.delay = "slow", 5
    ran = subprocess.run([sys.executable, "-c", SILENT], capture_output=True, text=True, check=True)
    assert ("does not answer in time\n" * 4, "") == (ran.stdout, ran.stderr)


STATED = {
    "AWS_ACCESS_KEY_ID": "AKIANOTAKEY",
    "AWS_SECRET_ACCESS_KEY": "not-a-secret-key",
    "AWS_REGION": "us-east-1",
}


@pytest.mark.parametrize(
    ("more", "is_asked"),
    [
        ({}, False),
        ({"AWS_DEFAULT_REGION": "us-east-1", "AWS_PROFILE": "layers", "AWS_SESSION_TOKEN": "token"}, False),
        ({"AWS_DEFAULT_REGION": "eu-central-1"}, True),
        ({"AWS_REGION": ""}, True),
        ({"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_EC2_METADATA_DISABLED": "true"}, True),
        ({"AWS_SECURITY_TOKEN": "token"}, True),
    ],
)
def test_boto3_is_asked_for_what_variables_do_not_say(more, is_asked):
    """It would come to the same, and takes long to import."""
    code = (
        "import sys; from pylayer.remote.bucket import Bucket; Bucket('s3://bucket/prefix').close(); "
        "print('boto3' in sys.modules)"
    )
    env = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    ran = subprocess.run(
        [sys.executable, "-c", code], env=env | STATED | more, capture_output=True, text=True, check=True
    )
    assert str(is_asked) == ran.stdout.strip()


def test_a_token_that_google_refuses_is_told(google, monkeypatch):
    """As credentials are that S3 refuses; so is a list, of which the library says no more than the status."""
    monkeypatch.setenv("GOOGLE_BEARER_TOKEN", "another-one")
    with closing(Bucket(f"gs://{BUCKET}/some/prefix", patience=20)) as bucket:
        for ask in (lambda: bucket.create_all([("blobs/ab/one", b"1")]), lambda: bucket.sizes("blobs/")):
            with pytest.raises(BucketError, match=r"^refuses the credentials$"):
                ask()


def test_the_key_of_googles_service_accounts_signs_tokens(google, monkeypatch, tmp_path):
    """Which is all that a machine elsewhere needs."""
    key = generate_private_key(65537, 2048)

    def believes(token):
        signed, _, signature = token.rpartition(".")
        signature = base64.urlsafe_b64decode(signature + "==")
        key.public_key().verify(signature, signed.encode(), PKCS1v15(), SHA256())
        return True

    account = {
        "type": "service_account",
        "client_email": "layers@example.iam.gserviceaccount.com",
        "private_key": private_pem(key).decode(),
        "private_key_id": "1",
    }
    (tmp_path / "account.json").write_text(json.dumps(account))
    monkeypatch.delenv("GOOGLE_BEARER_TOKEN")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "account.json"))
    monkeypatch.setattr(google, "believes", believes)
    with closing(Bucket(f"gs://{BUCKET}/some/prefix", patience=20)) as bucket:
        assert 1 == bucket.create_all([("blobs/ab/one", b"1")])
        assert [b"1"] == bucket.read_all(["blobs/ab/one"], most=10)
