"""Object storage for tests: a folder, or S3."""

from __future__ import annotations

import pytest
from factories.buckets import BUCKET, Keys, Storage


@pytest.fixture(scope="session")
def s3():
    """S3 for all tests of this process."""
    storage = Storage()
    yield storage
    storage.stop()


@pytest.fixture
def storage(s3, monkeypatch, tmp_path):
    """S3 with an empty bucket, to which boto3's and obstore's own ways lead."""
    s3.clear()
    for name in ("AWS_PROFILE", "AWS_DEFAULT_REGION", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3.endpoint)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIANOTAKEY")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-a-secret-key")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "no-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "no-credentials"))
    return s3


@pytest.fixture(params=["file", "s3"])
def address(request, tmp_path):
    """A folder of a share, or a bucket with a prefix."""
    if request.param == "file":
        return (tmp_path / "share").as_uri()
    request.getfixturevalue("storage")
    return f"s3://{BUCKET}/some/prefix"


@pytest.fixture
def keys(tmp_path):
    """The pair of keys of who may add."""
    return Keys(tmp_path)
