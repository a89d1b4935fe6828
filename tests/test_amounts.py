"""Bytes as people read and write them."""

from __future__ import annotations

import pytest

from pylayer.amounts import read_size, size_text


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (32 << 20, "32.0 MiB")]
)
def test_sizes_are_as_a_person_reads_them(size, text):
    """Bytes, KiB, MiB."""
    assert text == size_text(size)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("512 B", 512),
        ("100 MB", 104_857_600),
        ("1.5gib", 1_610_612_736),
        (" 2 KiB ", 2048),
        ("1TB", 1 << 40),
        ("5G", 5 << 30),
        ("0", 0),
    ],
)
def test_a_size_is_read_as_aws_counts(text, size):
    """A MB has 1,048,576 bytes, however it is spelled."""
    assert size == read_size(text)


@pytest.mark.parametrize("text", ["", "500", "big", "MB", "-1 MB", "1e3 B", "3 iB", "3 Mi"])
def test_what_is_no_size(text):
    """A bare number would be bytes for one and megabytes for another."""
    assert read_size(text) is None


@pytest.mark.parametrize("size", [0, 1023, 1536, 32 << 20, 3 << 30])
def test_what_is_written_can_be_read(size):
    """So that a size may be copied out of a message into layers.toml."""
    assert size == read_size(size_text(size))
