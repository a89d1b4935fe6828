"""RECORD read, and written anew."""

from __future__ import annotations

import pytest

from pylayer.recordfile import MovedFile, hash_and_size, listing, rewritten, rows

RECORD = "a-1.dist-info/RECORD"
OLD = f'a.py,sha256=x,1\n"b,c.py",,\n{RECORD},,\n'.encode()


def test_rows_are_as_they_stand():
    """Quoted where a name has a comma; empty ones are none."""
    found = list(rows(OLD + b"\r\n,,\nshort.py\n"))
    assert [["a.py", "sha256=x", "1"], ["b,c.py", "", ""], [RECORD, "", ""], ["short.py"]] == found


def test_a_line_ends_where_the_format_says():
    """A file's name may hold what Python takes for the end of a line."""
    assert [["a\N{LINE SEPARATOR}b.py", "", ""]] == list(rows("a\N{LINE SEPARATOR}b.py,,\n".encode()))


def test_what_changed_is_put_right_and_the_rest_stays():
    """A new path, new bytes, nothing any more."""
    digest, size = hash_and_size(b"new")
    changes = {"a.py": MovedFile("bin/a", b"new"), "b,c.py": MovedFile("d.py"), "unknown": None}
    assert f"bin/a,{digest},{size}\nd.py,,\n{RECORD},,\n".encode() == rewritten(OLD, changes)
    assert f"a.py,sha256=x,1\n{RECORD},,\n".encode() == rewritten(OLD, {"b,c.py": None})
    assert b"a.py,sha256=x,1\n" == rewritten(OLD, {}, without=lambda name: name != "a.py")


def test_a_name_that_is_not_utf_8_is_kept():
    """It is copied, not read."""
    assert b"caf\xe9.py,,\nb.py,,\n" == rewritten(b"caf\xe9.py,,\na.py,,\n", {"a.py": MovedFile("b.py")})


@pytest.mark.parametrize("name", ["a\rb.py", "a\nb.py", 'a"b.py', "a,b.py"])
def test_a_name_with_what_ends_something_is_one(name):
    """Whatever this Python quotes by itself."""
    text = listing({name: b""}, record=RECORD)
    assert [name, RECORD] == [row[0] for row in rows(rewritten(text, {}))]
    assert b"\r\n" not in text


def test_a_listing_is_sorted_and_ends_with_the_record():
    """Which cannot hold its own hash."""
    text = listing({"b.py": b"", "a.py": b"x"}, record=RECORD).decode().splitlines()
    assert [",".join(["a.py", *hash_and_size(b"x")]), ",".join(["b.py", *hash_and_size(b"")])] == text[:2]
    assert [f"{RECORD},,"] == text[2:]
