"""What tests of the resolver share: a machine, and indexes of its own."""

from __future__ import annotations

from contextlib import ExitStack

import pytest
from factories.resolving import Desk


@pytest.fixture
def desk(tmp_path):
    """A machine with no index yet."""
    with ExitStack() as stack:
        yield Desk(tmp_path, stack)
