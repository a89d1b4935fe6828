"""AWS's limits and rules."""

from __future__ import annotations

import pytest

from pylayer.limits import MOST_DIRECT, MOST_UNZIPPED, as_aws_says, is_layer_name


def test_the_limit_is_the_number_of_bytes_that_aws_enforces():
    """Its 250 MB are 262,144,000 bytes."""
    assert (262_144_000, "250 MB", "50 MB") == (
        MOST_UNZIPPED,
        as_aws_says(MOST_UNZIPPED),
        as_aws_says(MOST_DIRECT),
    )


@pytest.mark.parametrize("name", ["data", "My_Layer-2", "x" * 140])
def test_names_that_aws_takes(name):
    """Up to 140 letters, digits, hyphens and underscores."""
    assert is_layer_name(name)


@pytest.mark.parametrize("name", ["", "x" * 141, "python3.13", "a b", "é"])
def test_names_that_aws_refuses(name):
    """Dots above all: a runtime's name has one."""
    assert not is_layer_name(name)
