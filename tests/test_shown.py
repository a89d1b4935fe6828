"""Nothing that others wrote does anything but be read."""

import re

import pytest
from factories.documents import fuzzing
from hypothesis import given
from hypothesis import strategies as st

from pylayer import shown


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\x1b[31mred\x1b[0m\x1b[K", "red"),
        ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
        ("\x1b[2J", r"\x1b[2J"),
        ("10 %\r20 %\r\nend", "10 %\n20 %\nend"),
        ("\x9b31m", r"\x9b31m"),
        ("abc\u202edef", r"abc\u202edef"),
        ("\udc80", r"\udc80"),
        ("a\tb\nc", "a\tb\nc"),
        ("::error file=a::forged", r"\::error file=a::forged"),
        ("ok\n  ::set-output name=a::b", "ok\n  \\::set-output name=a::b"),
        ("\x1b[0m::stop-commands::x", r"\::stop-commands::x"),
        ("10 %\r::add-mask::x", "10 %\n\\::add-mask::x"),
        ("x ##[error]forged", r"x #\#[error]forged"),
        ("##vso[task.setvariable variable=a]b", r"#\#vso[task.setvariable variable=a]b"),
        ("##VSO[task.complete]", r"#\#VSO[task.complete]"),
        ("##teamcity[message text='x']", r"#\#teamcity[message text='x']"),
        ("section_start:1:x\r\x1b[0K", "section_start:1:x\n"),
        ("tests/test_a.py::test_b", "tests/test_a.py::test_b"),
        ("## a heading [1]", "## a heading [1]"),
    ],
)
def test_what_others_wrote_is_only_shown(text, expected):
    """Escape sequences are seen, and no CI system takes a line for its own."""
    assert shown.block(text) == expected


def test_one_line_stays_one():
    """A name with a line feed in it forges no other line."""
    assert shown.line("a\nerror: forged\r") == r"a\nerror: forged\r"


def test_the_lines_of_an_entry_are_its_own():
    """None begins where another entry would."""
    assert shown.entry("what\nerror: forged\n    hint") == "what\n    error: forged\n    hint"


@fuzzing
@given(
    st.lists(
        st.sampled_from(["\x1b[", "m", "K", "\r", "\n", "::", "#", "##[", "vso[", " ", "a", "\x85", "0"])
    )
)
def test_nothing_put_together_does_more(pieces):
    """However sequences are nested, none is left when others are taken out."""
    text = shown.block("".join(pieces))
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", text)
    assert not re.search(r"^\s*::|##(vso|teamcity)?\[", text, re.MULTILINE)
