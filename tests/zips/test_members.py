from __future__ import annotations

import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pylayer.recordfile import undotted
from pylayer.zips.format import headers
from pylayer.zips.members import DamagedError, parse, unsafe

LIMIT = 1 << 20


def directory(*names, method=8, sizes=(0, 5, 9)):
    """A central directory of members with `names`."""
    return b"".join(headers(name, method, sizes, offset=0, executable=False)[1] for name in names)


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("../evil", "leads outside"),
        ("a/../../evil", "leads outside"),
        ("a/..", "leads outside"),
        ("..", "leads outside"),
        ("/etc/passwd", "absolute"),
        ("//host/share", "absolute"),
        ("C:/windows", "absolute"),
        ("c:evil", "absolute"),
        ("a\\b", "backslash"),
        ("..\\evil", "backslash"),
        ("a\0b", "not text"),
        ("a\udc80b", "not text"),
        ("a//b", "empty"),
        ("./a", "empty"),
        ("a/./b", "empty"),
        ("a//", "empty"),
        ("a/" * 600 + "b", "too long"),
    ],
)
def test_a_name_that_no_unpacker_should_follow_is_unsafe(name, what):
    """Each rule has a name of its own in the message."""
    assert what in unsafe(name)


@pytest.mark.parametrize(
    "name",
    ["a", "a/b.py", "a/", ".hidden", "a/.hidden", "a..b/c...", "früh/日本.txt", "a b/c", "ns::x/y", "a\nb"],
)
def test_an_odd_but_harmless_name_is_safe(name):
    """Nothing is refused for its looks."""
    assert not unsafe(name)


NAMES = st.text("ab./\\:\n\0é", min_size=1, max_size=9)


@given(st.lists(NAMES, min_size=1, max_size=5, unique_by=undotted))
def test_names_looked_at_together_are_judged_like_each_alone(names):
    """The short cut for plain names lets none through that the rules refuse."""
    _, refused = parse(directory(*names), count=len(names), limit=LIMIT)
    assert [(unsafe(name), name) for name in map(undotted, names) if unsafe(name)] == refused


def test_a_member_has_the_name_that_it_is_unpacked_by():
    """Hatchling with `packages = ["."]` writes `./a.py`; what is twice there is so by any name."""
    members, refused = parse(directory("./a.py", "b/./c.py"), count=2, limit=LIMIT)
    assert (["a.py", "b/c.py"], []) == ([member.name for member in members], refused)
    _, refused = parse(directory("./a.py", "a.py"), count=2, limit=LIMIT)
    assert ["a.py"] == [name for _, name in refused]


def test_a_symlink_is_refused():
    """Its content would be a path, and nothing says where it leads."""
    central = bytearray(directory("link"))
    central[38:42] = (stat.S_IFLNK << 16 | 0o777 << 16).to_bytes(4, "little")
    assert [("is a symlink", "link")] == parse(bytes(central), count=1, limit=LIMIT)[1]


@pytest.mark.parametrize("kind", [stat.S_IFIFO, stat.S_IFCHR, stat.S_IFDIR])
def test_what_is_no_file_is_refused(kind):
    """Devices, pipes, and a folder without its slash."""
    central = bytearray(directory("odd"))
    central[38:42] = (kind << 16).to_bytes(4, "little")
    assert [("is neither a file nor a folder", "odd")] == parse(bytes(central), count=1, limit=LIMIT)[1]


def test_a_member_of_a_format_that_is_to_come_is_refused():
    """As zipfile does, with which installers unpack."""
    central = bytearray(directory("later.py"))
    central[6] = 64
    refused = parse(bytes(central), count=1, limit=LIMIT)[1]
    assert [("needs version 6.4 of the zip format, which nobody extracts", "later.py")] == refused


@pytest.mark.parametrize("flag", [0x0001, 0x0040, 0x2000])
def test_an_encrypted_member_is_refused(flag):
    """However it is encrypted."""
    central = bytearray(directory("secret"))
    central[8:10] = flag.to_bytes(2, "little")
    assert [("is encrypted", "secret")] == parse(bytes(central), count=1, limit=LIMIT)[1]


@pytest.mark.parametrize("method", [1, 9, 12, 14, 93, 95])
def test_an_unknown_compression_is_refused(method):
    """Lambda and old Pythons inflate, and no more."""
    _, refused = parse(directory("odd", method=method), count=1, limit=LIMIT)
    assert [(f"uses an unknown compression method ({method})", "odd")] == refused


def test_a_stored_member_of_two_sizes_is_refused():
    """One of them is a lie."""
    _, refused = parse(directory("odd", method=0), count=1, limit=LIMIT)
    assert [("is damaged: it is stored, but its two sizes differ", "odd")] == refused


def test_a_member_outside_the_file_is_refused():
    """Its bytes would be the central directory's, or nobody's."""
    _, refused = parse(directory("far", sizes=(0, LIMIT, LIMIT)), count=1, limit=LIMIT)
    assert [("is damaged: it lies outside the file", "far")] == refused


def test_a_name_listed_twice_is_refused():
    """Unpackers differ in which one they take."""
    assert [("is listed more than once", "a")] == parse(directory("a", "b", "a"), count=3, limit=LIMIT)[1]


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_count_that_is_wrong_is_damage(count):
    """Neither too many nor too few."""
    with pytest.raises(DamagedError):
        parse(directory("a", "b"), count=count, limit=LIMIT)


@given(st.integers(0, 200), st.integers(0, 255))
def test_damage_is_found_or_harmless(position, value):
    """No byte, wherever it changes, leads to anything but members or a DamagedError."""
    central = bytearray(directory("a", "b/c", "d"))
    central[position % len(central)] = value
    try:
        parse(bytes(central), count=3, limit=LIMIT)
    except DamagedError as error:
        assert "damaged" in str(error)  # noqa: PT017  either end is right
