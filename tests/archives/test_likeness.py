"""Which files of Python come to the same."""

from __future__ import annotations

import pytest

from pylayer.archives.likeness import alike

PKGUTIL = b"__path__ = __import__('pkgutil').extend_path(__path__, __name__)\n"
IMPORTED = b"# N.B.\nfrom pkgutil import extend_path\n\n__path__ = extend_path(__path__, __name__)\n"
BOTH = b"""'''A namespace.'''
try:
    __import__('pkg_resources').declare_namespace(__name__)
except ImportError:
    from pkgutil import extend_path
    __path__ = extend_path(__path__, __name__)
"""


@pytest.mark.parametrize(
    ("contents", "which"),
    [
        ([PKGUTIL, b"# (C) us\n" + PKGUTIL.rstrip() + b"  # type: ignore\n"], 0),
        ([b"", b"# nothing\n", IMPORTED, PKGUTIL, BOTH], 2),
        ([b"", b"'''Tests.'''\n"], 0),
        ([b"a = 1\n", b"a  =  1  # one\n"], 0),
    ],
)
def test_what_comes_to_the_same(contents, which):
    """The first that declares the namespace, where any does, stands for all."""
    assert which == alike("python/a/__init__.py", contents)


@pytest.mark.parametrize(
    "contents",
    [
        [b"a = 1\n", b"a = 2\n"],
        [b"'''One.'''\na = 1\n", b"'''Two.'''\na = 1\n"],
        [PKGUTIL, PKGUTIL + b"VERSION = 1\n"],
        [b"import os\n", b""],
        [b"from . import a\n", PKGUTIL],
        [b"print 'old'\n", b"print 'old' \n"],
        [b"# " + b"x" * (1 << 20), b""],
        [b"\xff", b""],
    ],
)
def test_what_may_differ(contents):
    """A docstring can be read at run time; what no Python of today reads is left alone."""
    assert alike("python/a/__init__.py", contents) is None


def test_other_files_are_compared_by_their_bytes():
    """A line that begins with # means something there."""
    assert alike("python/a/data.txt", [b"# one", b"# two"]) is None
