"""A chosen file."""

from __future__ import annotations

import pytest

from pylayer.index.pins import Pin


@pytest.mark.parametrize(("filename", "expected"), [("a-1-py3-none-any.whl", True), ("a-1.tar.gz", False)])
def test_knows_a_wheel_from_an_sdist(filename, expected):
    """Only the former can be used as it is."""
    assert expected == Pin(name="a", version="1", filename=filename, sha256="0" * 64).is_wheel
