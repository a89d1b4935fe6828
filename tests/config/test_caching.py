"""`[cache]` says where the shared store is, and no secret."""

from __future__ import annotations

import pytest

from pylayer.config.caching import address
from pylayer.tables import InvalidError


@pytest.mark.parametrize(
    "text", ["s3://bucket/prefix", "gs://bucket", "az://container/prefix", "file:///share/pylayer"]
)
def test_an_address_is_taken(text):
    """With or without a slash at its end."""
    assert text == address(text) == address(f"{text}/")


@pytest.mark.parametrize("text", ["", "bucket/prefix", "http://example.org/a", "s3://", "s3://a b", "/share"])
def test_anything_else_is_refused(text):
    """A folder has to be said to be one."""
    with pytest.raises(InvalidError):
        address(text)


def test_credentials_are_refused():
    """The file is committed."""
    with pytest.raises(InvalidError) as caught:
        address("s3://user:password@bucket/prefix")
    assert "credentials" in caught.value.faults[0].what
