"""New files, and lines at the end of others."""

from __future__ import annotations

import pytest

from pylayer.errors import UsageError
from pylayer.proposals.writing import append, create


def test_a_file_that_is_there_is_not_written_over(tmp_path):
    """Even if it came to be in between."""
    create(tmp_path / "a", "one")
    with pytest.raises(UsageError, match="a is there already"):
        create(tmp_path / "a", "two")
    assert ({"a"}, "one") == ({path.name for path in tmp_path.iterdir()}, (tmp_path / "a").read_text())


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, b"/x/\n"),
        (b"", b"/x/\n"),
        (b"a\n", b"a\n/x/\n"),
        (b"a", b"a\n/x/\n"),
        (b"a\r\nb\r\n", b"a\r\nb\r\n/x/\r\n"),
        (b"\xff", b"\xff\n/x/\n"),
    ],
)
def test_lines_go_to_the_end(tmp_path, before, after):
    """With the line ends that are there, and whatever the encoding is."""
    path = tmp_path / ".gitignore"
    if before is not None:
        path.write_bytes(before)
        path.chmod(0o600)
    append(path, ["/x/"])
    assert (after, [".gitignore"]) == (path.read_bytes(), [each.name for each in tmp_path.iterdir()])
    assert before is None or 0o600 == path.stat().st_mode & 0o777
