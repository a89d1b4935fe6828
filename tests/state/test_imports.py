"""Import times are kept with the archive that they were measured with."""

from __future__ import annotations

import pytest

from pylayer.state.imports import Import, recall, remember

MEASURED = (Import(module="libetl", seconds=0.2, packages=(("numpy", 0.1), ("libetl", 0.01))),)


def test_what_is_remembered_is_recalled(store):
    """By build and archive."""
    remember(store, "etl-python3.13-arm64", "ab" * 32, MEASURED)

    assert recall(store, "etl-python3.13-arm64", "ab" * 32) == MEASURED


@pytest.mark.parametrize(
    ("build", "sha256"), [("etl-python3.13-x86_64", "ab" * 32), ("etl-python3.13-arm64", "cd" * 32)]
)
def test_another_target_or_archive_has_its_own(store, build, sha256):
    """The same archive is not equally fast on both architectures."""
    remember(store, "etl-python3.13-arm64", "ab" * 32, MEASURED)

    assert recall(store, build, sha256) is None
