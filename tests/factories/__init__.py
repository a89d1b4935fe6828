"""Small real things that tests are made of."""

from __future__ import annotations

from typing import TypeVar

T = TypeVar("T")


def there(value: T | None) -> T:
    """Give what must be there: a test that meets None instead fails here."""
    assert value is not None
    return value
