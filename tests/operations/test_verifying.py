"""`pylayer.verify`: what works, what does not, and what was never built."""

from __future__ import annotations

import pytest

import pylayer
from pylayer.targets import Architecture

A, B = "liba-python3.11-x86_64", "libb-python3.11-x86_64"


class Heard(pylayer.Reporter):
    """Remembers what was tried."""

    def __init__(self):
        self.names = []

    def tried(self, tried):
        """Remember its name."""
        self.names.append(tried.name)


@pytest.mark.skipif(
    Architecture.of_machine(__import__("platform").machine()) is not Architecture.X86_64,
    reason="imports archives for x86_64 here",
)
def test_what_was_tried(shop):
    """One that works is measured; one whose module fails is an error, and so is one that is missing."""
    shop.file("packages/libb/libb.py", "import nonesuch\n")
    pylayer.build(shop.root / "layers.toml").raise_for_errors()
    heard = Heard()
    report = pylayer.verify(shop.root / "layers.toml", reporter=heard)

    assert [(A, "works"), (B, "failed")] == [(each.name, each.state) for each in report.tried]
    assert ["liba"] == [imported.module for imported in report.tried[0].imports]
    assert (report.tried[0].imports[0].seconds or 0) > 0
    with pytest.raises(pylayer.CheckError, match="nonesuch"):
        report.raise_for_errors()
    assert [A, B] == heard.names


def test_what_was_never_built(shop):
    """Is named, and an error."""
    report = pylayer.verify(shop.root / "layers.toml", only=["liba"])

    assert (A,) == report.missing
    with pytest.raises(pylayer.NotBuiltError):
        report.raise_for_errors()
