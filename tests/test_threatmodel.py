"""The page of who could do harm names tests that exist."""

import re
from pathlib import Path

TESTS = Path(__file__).parent
PAGE = TESTS.parent / "docs" / "threat-model.md"


def test_every_test_that_is_named_is_there():
    """What a promise rests on cannot go unseen."""
    named = re.findall(r"`([\w/]+\.py)::(\w+)`", PAGE.read_text(encoding="utf-8"))
    texts = {file: (TESTS / file).read_text(encoding="utf-8") for file, _ in named}

    assert len(named) > 30
    assert [] == [f"{file}::{name}" for file, name in named if f"def {name}(" not in texts[file]]
