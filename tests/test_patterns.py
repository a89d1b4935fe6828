"""Patterns as in a .gitignore."""

from __future__ import annotations

import pytest

from pylayer.patterns import ignored


@pytest.mark.parametrize(
    ("pattern", "path", "folder"),
    [
        ("notebooks/", "notebooks", True),
        ("notebooks/", "src/notebooks", True),
        ("/notebooks/", "notebooks", True),
        ("*.ipynb", "deep/down/a.ipynb", False),
        ("a.txt", "a.txt", False),
        ("docs/*.md", "docs/a.md", False),
        ("docs/**", "docs/a/b.md", False),
        ("**/fixtures", "a/b/fixtures", True),
        ("**/fixtures", "fixtures", True),
        ("a/**/z", "a/z", False),
        ("a/**/z", "a/b/c/z", False),
        ("file?.py", "file1.py", False),
        ("file[0-9].py", "file1.py", False),
        ("file[!0-9].py", "filex.py", False),
        ("[[]x", "[x", False),
        ("a+b(c).py", "a+b(c).py", False),
        ("./a.txt", "a.txt", False),
    ],
)
def test_a_pattern_matches(pattern, path, folder):
    """Patterns without a slash go for any depth, others for the root; `**` crosses folders."""
    assert ignored([pattern])(path, folder)


@pytest.mark.parametrize(
    ("pattern", "path", "folder"),
    [
        ("notebooks/", "notebooks", False),
        ("/notebooks", "src/notebooks", True),
        ("docs/*.md", "src/docs/a.md", False),
        ("docs/*.md", "docs/a/b.md", False),
        ("*.ipynb", "a.ipynb.py", False),
        ("file?.py", "file/.py", False),
        ("file[!0-9].py", "file1.py", False),
        ("a.txt", "aXtxt", False),
    ],
)
def test_a_pattern_does_not_match(pattern, path, folder):
    """A star stays within a folder, a final slash asks for one, a slash before binds to the root."""
    assert not ignored([pattern])(path, folder)


def test_any_of_several_patterns_is_enough():
    """One match decides."""
    folder = False
    assert ignored(["*.a", "*.b"])("x.b", folder)


def test_patterns_for_folders_alone_leave_files():
    """With nothing for files, no file is matched."""
    folder = False
    assert not ignored(["a/"])("a", folder)
