"""Object storage for tests: a folder, S3, or what is as Google's storage to its clients."""

from __future__ import annotations

import pytest
from factories.buckets import BUCKET, GOOGLE_TOKEN, GoogleStorage, Keys, Storage


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


@pytest.fixture(scope="session")
def gs():
    """Google's storage for all tests of this process."""
    storage = GoogleStorage()
    yield storage
    storage.stop()


@pytest.fixture
def google(gs, monkeypatch):
    """Google's storage with an empty bucket, to which obstore's own ways lead."""
    gs.clear()
    for name in ("GOOGLE_SERVICE_ACCOUNT", "GOOGLE_SERVICE_ACCOUNT_KEY", "GOOGLE_APPLICATION_CREDENTIALS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GOOGLE_BASE_URL", gs.endpoint)
    monkeypatch.setenv("GOOGLE_BEARER_TOKEN", GOOGLE_TOKEN)
    return gs


@pytest.fixture(params=["file", "s3", "gs"])
def address(request, tmp_path):
    """A folder of a share, or a bucket with a prefix."""
    if request.param == "file":
        return (tmp_path / "share").as_uri()
    request.getfixturevalue({"s3": "storage", "gs": "google"}[request.param])
    return f"{request.param}://{BUCKET}/some/prefix"


@pytest.fixture
def keys(tmp_path):
    """The pair of keys of who may add."""
    return Keys(tmp_path)
