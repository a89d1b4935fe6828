"""Tests of pylayer.shortage."""

from __future__ import annotations

import errno

import pytest

from pylayer import shortage
from pylayer.errors import StoreError, ToolError


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "x"), StoreError),
        (OSError(errno.ENOENT, "No such file or directory", "x"), None),
        (MemoryError(), ToolError),
        (RuntimeError("can't start new thread"), ToolError),
        (RuntimeError("a bug"), None),
    ],
)
def test_what_a_machine_lacks_is_no_bug(error, kind):
    """`ulimit -v`, and containers with little memory."""
    found = shortage.told(error)
    assert kind is (found and type(found))
