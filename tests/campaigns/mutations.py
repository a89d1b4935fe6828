"""What is right, and dice → something like it that is not, in its bytes or in its structure; quickly."""

from __future__ import annotations

import copy
import json
import math
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any

from factories.documents import TEXTS, places, written

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from random import Random

    Mutate = Callable[[Random, bytes], bytes]

_SCALARS: tuple[Any, ...] = (
    *(True, False, 0, -1, 1, 2.34, 1 << 70, math.inf, math.nan, None),
    *(date.min, date(2026, 1, 31), time(1, 2)),
    *(datetime.fromisoformat(text) for text in ("0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59")),
)
_PIECES = (
    *(
        b"",
        b"\0",
        b"\n",
        b"\r\n",
        b"\x1b[31m",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b"\xed\xa0\x80",
        b'"',
        b"'",
        b"\\",
    ),
    *(
        b"[" * 1000,
        b"{" * 1000,
        b"{a=" * 500,
        b"a." * 2000,
        b"9" * 5000,
        b'"\\ud800"',
        b"../",
        b"/etc/passwd",
    ),
    *(
        b"::error::x",
        b"##vso[task.setvariable]x",
        b"\xe2\x80\xae",
        b"\xc2\x9b",
        b"-1",
        b"NaN",
        b"null",
        b"true",
    ),
)
_NUMBERS = (0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)


def torn(dice: Random, data: bytes) -> bytes:
    """Pieces of it gone, doubled, or others in their place."""
    content = bytearray(data)
    for _ in range(dice.choice((1, 1, 2, 3))):
        start = dice.randint(0, len(content))
        end = min(len(content), start + dice.choice((0, 1, 1, 2, 4, 8, 40)))
        match dice.randrange(6):
            case 0:
                content[start:end] = dice.choice(_PIECES)
            case 1:
                content[start:end] = dice.randbytes(end - start or 1)
            case 2:
                content[start:end] = content[end : end + 20]
            case 3:
                number, size = dice.choice(_NUMBERS), dice.choice((1, 2, 4))
                content[start : start + size] = (number & ((1 << 8 * size) - 1)).to_bytes(size, "little")
            case 4:
                if start < len(content):
                    content[start] ^= 1 << dice.randrange(8)
            case _:
                del content[start : dice.choice((end, end, len(content)))]
    return bytes(content)


def of_toml(document: dict[str, Any], words: Sequence[str] = ()) -> Mutate:
    """Mutations of a TOML document: of its values and keys, or of its text."""
    text = written(document).encode()

    def mutate(dice: Random, _: bytes) -> bytes:
        if dice.random() < 0.3:
            return torn(dice, text)
        return written(altered(dice, document, words, empty="")).encode(errors="surrogatepass")

    return mutate


def of_json(document: dict[str, Any], words: Sequence[str] = ()) -> Mutate:
    """Mutations of a JSON document: of its values and keys, or of its text."""
    text = json.dumps(document).encode()

    def mutate(dice: Random, _: bytes) -> bytes:
        if dice.random() < 0.3:
            return torn(dice, text)
        return json.dumps(altered(dice, document, words), default=str).encode()

    return mutate


def of_lines(dice: Random, data: bytes) -> bytes:
    """Lines gone, doubled, moved, joined, or with something in them."""
    if dice.random() < 0.4:
        return torn(dice, data)
    lines = data.split(b"\n")
    for _ in range(dice.choice((1, 1, 2, 4))):
        place = dice.randrange(len(lines))
        match dice.randrange(5):
            case 0:
                lines.insert(place, dice.choice(lines))
            case 1:
                lines[place] = torn(dice, lines[place])
            case 2:
                lines[place] = lines[place] + dice.choice((b" ", b"\\", b"\r", b";", b",")) + _piece(dice)
            case 3:
                lines[place] = _piece(dice) + lines[place]
            case _:
                if len(lines) > 1:
                    del lines[place]
    return b"\n".join(lines)


def altered(
    dice: Random, document: dict[str, Any], words: Sequence[str] = (), *, empty: object = None
) -> dict[str, Any]:
    """A document with some values, or keys (`words` among them), that are others; `empty` stands for None."""
    changed = copy.deepcopy(document)
    for _ in range(dice.choice((1, 1, 2, 3))):
        found = places(changed)
        if not found:
            break
        holder, name = dice.choice(found)
        match dice.randrange(5):
            case 0 if isinstance(holder, dict):
                holder[dice.choice((*words, *TEXTS))] = value(dice, empty=empty)
            case 1:
                del holder[name]
            case 2:
                holder[name] = copy.deepcopy(dice.choice(found)[0])
            case 3 if isinstance(holder[name], str):
                text = torn(dice, holder[name].encode()).decode(errors="replace")
                holder[name] = text
            case _:
                holder[name] = value(dice, empty=empty)
    return changed


def value(dice: Random, *, empty: object = None, depth: int = 0) -> Any:
    """Anything that a document can hold."""
    kind = dice.randrange(12)
    if kind < 6:
        return dice.choice(TEXTS)
    if kind < 10 or depth > 3:
        scalar = dice.choice(_SCALARS)
        return empty if scalar is None else scalar
    if kind == 10:
        return [value(dice, empty=empty, depth=depth + 1) for _ in range(dice.randrange(3))]
    return {dice.choice(TEXTS): value(dice, empty=empty, depth=depth + 1) for _ in range(dice.randrange(3))}


def _piece(dice: Random) -> bytes:
    return dice.choice((dice.choice(_PIECES), dice.choice(TEXTS).encode(errors="replace")))
