"""A chosen file."""

from __future__ import annotations

from typing import Any

import pytest

from pylayer.digests import Digest
from pylayer.index.pins import Pin


@pytest.mark.parametrize(("filename", "expected"), [("a-1-py3-none-any.whl", True), ("a-1.tar.gz", False)])
def test_knows_a_wheel_from_an_sdist(filename, expected):
    """Only the former can be used as it is."""
    assert expected == Pin(name="a", version="1", filename=filename, sha256="0" * 64).is_wheel


def test_its_sha256_is_a_digest():
    """Or nothing, where an index names none."""
    pin: dict[str, Any] = {"name": "a", "version": "1", "filename": "a-1.tar.gz"}
    assert isinstance(Pin(**pin, sha256="0" * 64).sha256, Digest)
    assert "" == Pin(**pin, sha256="").sha256
    with pytest.raises(ValueError, match="is not 64 hex digits"):
        Pin(**pin, sha256="/home/me/.ssh/id_rsa")
