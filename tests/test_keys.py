"""Keys follow every part, and the differences of two are told in words."""

import os

from pylayer.keys import canonical, changes, key

DIGEST = "a" * 64


def test_a_key_does_not_depend_on_the_order_of_its_parts():
    """Equal parts give an equal key."""
    assert key({"a": 1, "b": [2]}) == key({"b": [2], "a": 1})


def test_a_key_follows_every_part():
    """Another value gives another key."""
    assert key({"a": {"b": 1}}) != key({"a": {"b": 2}})


def test_equal_parts_have_no_changes():
    """Nothing changed, nothing told."""
    assert list(changes({"a": 1}, {"a": 1})) == []


def test_a_new_a_gone_and_a_changed_entry_are_told_with_their_place():
    """Tables are compared entry by entry."""
    before = {"files": {"old.py": DIGEST, "same.py": DIGEST, "edited.py": DIGEST}}
    after = {"files": {"new.py": DIGEST, "same.py": DIGEST, "edited.py": "b" * 64}}

    assert list(changes(before, after)) == [
        "files: edited.py changed (aaaaaaaaaaaa… → bbbbbbbbbbbb…)",
        "files: new.py is new (aaaaaaaaaaaa…)",
        "files: old.py is gone (aaaaaaaaaaaa…)",
    ]


def test_lists_tell_what_came_and_went():
    """Of a list the items that differ are told."""
    assert list(changes({"r": ["a", "b"]}, {"r": ["b", "c"]})) == ["r: -a +c"]


def test_an_order_is_a_change():
    """The same items in another order are said to be that."""
    assert list(changes({"r": ["a", "b"]}, {"r": ["b", "a"]})) == ["r: in another order"]


def test_a_name_that_is_not_utf_8_counts_by_its_bytes():
    """As Linux allows it, and os.fsdecode gives it."""
    assert canonical({os.fsdecode(b"\xff"): 1}) == b'{"\xff":1}'
