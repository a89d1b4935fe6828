"""A TOML document that is right → documents with something wrong in them, for hypothesis."""

from __future__ import annotations

import copy
import json
import math
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# The same documents every time; `nox -s fuzz` has many more of their kind.
fuzzing = settings(
    max_examples=30,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)

# Texts that have been somebody's undoing.
TEXTS = (
    *("", " ", ".", "..", "../x", "/", "/etc/passwd", "a/../b", "**", "*", "[", "!", "~", "\\", "\0", "\n"),
    *("\x1b[31m", "\u202e", "\ufeff", "ä", "a" * 300, "a" * 5000, "a/" * 600, "9" * 5000, "-1", "1e999"),
    *(
        "python3.12",
        "python3.999",
        "arm64",
        "2.34",
        "2.99999999",
        "250 MB",
        "7 days",
        "2026-01-31",
        "0001-01-01",
    ),
    *(
        "x @ http://[x",
        "x @ file:///etc/passwd",
        "pytz (>dev)",
        "a[",
        "a==1.0; extra == 'b'",
        "a" + "(" * 500,
    ),
    *(
        "http://[x",
        "http://a:b@c/",
        "http://a:b/",
        "https://index.example/simple",
        "::error::x",
        "{layer}",
        "{",
    ),
    *("sha256:" + "0" * 64, "0" * 64, "/home/somebody/.ssh/id_rsa", "numpy 1.0 = numpy-1.0-py3-none-any.whl"),
)
_MOMENTS = ("0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00")
_SCALARS = st.one_of(
    st.sampled_from([datetime.fromisoformat(text) for text in _MOMENTS]),
    st.sampled_from(TEXTS),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    st.booleans(),
    st.sampled_from([0, -1, 2.34, 1 << 70, math.inf, math.nan]),
    st.sampled_from([date.min, date.max, date(2026, 1, 31), time(1, 2)]),
)
VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(TEXTS), inner, max_size=3)
    ),
    max_leaves=6,
)


@st.composite
def mutated(draw: st.DrawFn, document: Mapping[str, Any], *, words: Sequence[str]) -> str:
    """Give the text of `document` with some values, or keys (`words` among them), that are others."""
    changed = copy.deepcopy(dict(document))
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.sampled_from(places(changed)))
        what = draw(st.sampled_from(("replace", "replace", "remove", "add")))
        holder, name = place
        if what == "add" and isinstance(holder, dict):
            holder[draw(st.sampled_from((*words, *TEXTS)))] = draw(VALUES)
        elif what == "remove":
            del holder[name]
            if not changed:
                break
        else:
            holder[name] = draw(VALUES)
    return written(changed)


@st.composite
def torn(draw: st.DrawFn, text: str) -> bytes:
    """Give `text` with pieces of it gone, doubled, or others in their place."""
    content = bytearray(text.encode())
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(content)))
        end = min(len(content), start + draw(st.integers(0, 8)))
        content[start:end] = draw(
            st.one_of(
                st.binary(max_size=4),
                st.sampled_from([b"[" * 1000, b"{a=" * 1000, b"a." * 2000, b"9" * 5000, b'"\\ud800"', b"\r"]),
                st.just(bytes(content[end : end + 20])),
            )
        )
    return bytes(content)


def written(value: Mapping[str, Any]) -> str:
    """Write a document as TOML, a line for each of its keys."""
    return "".join(f"{_text(name)} = {_value(member)}\n" for name, member in value.items())


def places(value: Any) -> list[tuple[Any, Any]]:
    """List every place in a document, as what holds it and its name there."""
    members = value.items() if isinstance(value, dict) else enumerate(value)
    found = []
    for name, member in members:
        found.append((value, name))
        if isinstance(member, (dict, list)):
            found += places(member)
    return found


def _value(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return _text(value)
        case dict():
            return (
                "{" + ", ".join(f"{_text(name)} = {_value(member)}" for name, member in value.items()) + "}"
            )
        case list():
            return "[" + ", ".join(map(_value, value)) + "]"
        case date() | time():
            return value.isoformat()
        case _:
            return repr(value)


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
