"""A monorepo that this process builds by itself."""

from __future__ import annotations

import pytest


@pytest.fixture
def shop(entered):
    """Two layers, of which libb needs liba."""
    entered.member("liba")
    entered.member("libb", "liba")
    entered.layers()
    return entered
