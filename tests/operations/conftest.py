"""A monorepo that this process builds by itself."""

from __future__ import annotations

import pytest
from factories.workshop import workshop


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """Two layers, of which libb needs liba."""
    with workshop(tmp_path) as shop:
        for name, value in shop.environment().items():
            monkeypatch.setenv(name, value)
        monkeypatch.delenv("CI", raising=False)
        shop.member("liba")
        shop.member("libb", "liba")
        shop.layers()
        yield shop
