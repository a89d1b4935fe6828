"""Warnings are kept with the archive in which they were found."""

from __future__ import annotations

import pytest

from pylayer.state.warnings import recall, remember
from pylayer.store import Store


@pytest.mark.parametrize("found", [(), ("colorsys: takes the place of a module",)])
def test_what_is_remembered_is_recalled(tmp_path, found):
    """That nothing was found is known as well, and of another archive nothing is."""
    store = Store(tmp_path)
    remember(store, "etl-python3.13-arm64", "ab" * 32, found)

    assert recall(store, "etl-python3.13-arm64", "ab" * 32) == found
    assert recall(store, "etl-python3.13-arm64", "cd" * 32) is None


def test_what_is_found_later_counts(tmp_path):
    """A later look replaces an earlier one."""
    store = Store(tmp_path)
    for found in (("a", "b"), ("b",)):
        remember(store, "etl-python3.13-arm64", "ab" * 32, found)

    assert recall(store, "etl-python3.13-arm64", "ab" * 32) == ("b",)
