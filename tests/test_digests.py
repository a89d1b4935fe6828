"""What stands where a sha256 belongs."""

from __future__ import annotations

import json

import pytest

from pylayer.digests import Digest


def test_a_digest_is_its_digits():
    """Wherever text goes, it goes."""
    digest = Digest("0123456789abcdef" * 4)
    assert ("0123456789abcdef" * 4, f'["{digest}"]') == (digest, json.dumps([digest]))


@pytest.mark.parametrize(
    "value",
    [
        "",
        "0" * 63,
        "0" * 65,
        "A" * 64,
        "0" * 64 + "\n",
        "/home/me/.ssh/id_rsa",
        "../" * 21 + "a",
        None,
        0,
        True,
    ],
)
def test_anything_else_is_refused(value):
    """Above all a path."""
    with pytest.raises(ValueError, match="is not 64 hex digits"):
        Digest(value)
    assert None is Digest.or_none(value)


def test_what_is_long_is_not_shown_whole():
    """Somebody reads the message."""
    with pytest.raises(ValueError, match=r"…$") as caught:
        Digest("a" * 1000)
    assert len(str(caught.value)) < 120
