"""Results ↔ published.json: per layer, region, runtime and architecture the layer version that stands for it.

Only what has the content of the archives of that run is in it, so a layer that could not be published is
missing rather than old; what a run was not asked for stays.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pylayer.dataclassing import dataclass
from pylayer.errors import StoreError
from pylayer.publishing.surplus import Doubt
from pylayer.store import write_changed

if TYPE_CHECKING:
    from pathlib import Path

    from pylayer.publishing.deliver import Result

NAME = "published.json"
VERSION = 1

Key = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedVersion:
    """A layer version: the layer's name in AWS, its ARN, number and CodeSha256 (base64)."""

    name: str
    arn: str
    version: int
    code_sha256: str


# (layer, region, runtime, architecture) → Place
Published = Mapping[Key, PublishedVersion]


def read(path: Path) -> dict[Key, PublishedVersion]:
    """Read published.json; nothing where there is no such file. Raises StoreError."""
    return _read(path)[0]


def doubts(path: Path) -> frozenset[Doubt]:
    """Read of which layers a version too many may be there. Raises StoreError."""
    return _read(path)[1]


def _read(path: Path) -> tuple[dict[Key, PublishedVersion], frozenset[Doubt]]:
    try:
        document = json.loads(path.read_bytes())
        if document["version"] != VERSION:
            raise StoreError(f"has version {document['version']!r}, not {VERSION}", where=str(path))
        layers = {key: _version(table) for key, table in _leaves(document["layers"])}
        return layers, frozenset(_doubt(table) for table in document.get("doubts", ()))
    except FileNotFoundError:
        return {}, frozenset()
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        hint = "delete it: the next publish writes it again"
        raise StoreError("is damaged", where=str(path), hint=hint) from error


def merge(
    before: Published,
    results: Iterable[Result],
    *,
    asked: Collection[tuple[str, str]],
    layers: Collection[str],
    spared: Collection[tuple[str, str, str]] = (),
) -> dict[Key, PublishedVersion]:
    """Replace all about the (layer, region) pairs in `asked`; what is of no layer in `layers` goes.

    What is about `spared` builds (layer, runtime, architecture) stays.
    """
    after = {
        key: place
        for key, place in before.items()
        if key[0] in layers and (key[:2] not in asked or (key[0], *key[2:]) in spared)
    }
    for result in results:
        if result.version:
            group = result.item.group
            place = PublishedVersion(
                name=group.name,
                arn=result.version.arn,
                version=result.version.number,
                code_sha256=result.version.code_sha256,
            )
            for entry in group.entries:
                after[group.layer, result.item.region, entry.runtime, entry.architecture] = place
    return after


def write(path: Path, published: Published, *, doubts: Iterable[Doubt] = ()) -> bool:
    """Write published.json atomically where its bytes change; says whether they did."""
    tree = nested(
        published, lambda place: {word: getattr(place, word) for word in PublishedVersion.__slots__}
    )
    left = [{word: getattr(each, word) for word in Doubt.__slots__} for each in sorted(doubts)]
    return write_json(path, {"version": VERSION, "layers": tree, **({"doubts": left} if left else {})})


def write_json(path: Path, document: object) -> bool:
    """Write sorted JSON atomically where its bytes change; says whether they did."""
    return write_text(path, json.dumps(document, indent=2, ensure_ascii=False) + "\n")


def write_text(path: Path, text: str) -> bool:
    """Write a text atomically where its bytes change; says whether they did."""
    # In JSON, that is how a lone surrogate is written.
    return write_changed(path, text.encode(errors="backslashreplace"))


def nested(published: Published, leaf: Any) -> dict[str, Any]:
    """Layer → region → runtime → architecture → `leaf(place)`, all sorted."""
    tree: dict[str, Any] = {}
    for key in sorted(published):
        table = tree
        for word in key[:-1]:
            table = table.setdefault(word, {})
        table[key[-1]] = leaf(published[key])
    return tree


def _version(table: Mapping[str, Any]) -> PublishedVersion:
    found = PublishedVersion(**table)
    if type(found.version) is not int or {str} != set(map(type, (found.name, found.arn, found.code_sha256))):
        raise TypeError(table)
    return found


def _doubt(table: Mapping[str, Any]) -> Doubt:
    found = Doubt(**table)
    if type(found.baseline) is not int or {str} != set(map(type, (found.name, found.region))):
        raise TypeError(table)
    return found


def _leaves(tree: Mapping[str, Any]) -> Iterator[tuple[Key, Mapping[str, Any]]]:
    for layer, regions in tree.items():
        for region, runtimes in regions.items():
            for runtime, architectures in runtimes.items():
                for architecture, table in architectures.items():
                    yield (layer, region, runtime, architecture), table
