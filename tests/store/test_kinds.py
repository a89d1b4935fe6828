"""The table of kinds: each is one folder, and its values survive JSON."""

import json

import pytest

from pylayer.store import kinds
from pylayer.store.kinds import RecordKind

ALL = [value for value in vars(kinds).values() if isinstance(value, RecordKind)]
SHA256 = "0f" * 32


def test_no_two_kinds_share_a_folder():
    """A name stands for one shape."""
    names = [kind.name for kind in ALL]

    assert sorted(set(names)) == sorted(names)


def test_what_tells_of_a_machine_is_local():
    """Its paths, its programs, what was measured on it, and values of its environment."""
    local = {kind.name for kind in ALL if not kind.portable}

    assert local == {
        *("history", "imports", "verify", "refused", "warnings", "verification"),
        *("snapshot", "last-run", "replaced", "hashes", "ending", "head-start"),
        *("image", "image-python", "host-python"),
    }


def test_what_travels_is_true_everywhere():
    """And nothing else does without somebody having thought about it."""
    travelling = {kind.name for kind in ALL if kind.travels}

    assert all(kind.portable for kind in ALL if kind.travels)
    assert travelling == {
        *("wheel", "pure-wheel", "asked", "native", "zig", "repaired", "stripped", "stripper", "bytecode"),
        *("sound", "problems", "distribution", "archive", "interpreter", "content-python"),
    }


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.name)
def test_a_kind_has_a_shape_that_can_be_read(kind):
    """What is no table is refused as a value, not met with a traceback."""
    with pytest.raises(ValueError, match="42"):
        kind.read(42)


def test_a_value_comes_back_from_json_as_it_was():
    """Tuples, None and nested tables too."""
    metadata = {
        "name": "libetl",
        "version": "1.0",
        "requires": ("requests>=2",),
        "extras": (),
        "requires_python": None,
        "tags": ("py3-none-any",),
        "root_is_purelib": True,
        "native": False,
    }
    value = {"filename": "libetl-1.0-py3-none-any.whl", "sha256": SHA256, "metadata": metadata}

    assert kinds.DISTRIBUTION.read(json.loads(json.dumps(value))) == value


@pytest.mark.parametrize("sha256", ["", "0f", "/home/me/.ssh/id_rsa", SHA256.upper(), f"{SHA256}\n", None])
def test_a_digest_is_64_hex_digits(sha256):
    """Else it would be a path, or name nothing."""
    with pytest.raises(ValueError):
        kinds.ZIG.read({"sha256": sha256})
