"""Layers used together → distributions and files that more than one of them gives."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from pylayer.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pylayer.checks.contents import ArchiveContents


def check(name: str, layers: Sequence[ArchiveContents]) -> Iterator[Problem]:
    """Problems of the layers of set `name`, in the order in which the function has them."""
    yield from _distributions(name, layers)
    yield from _files(name, layers)


def _distributions(name: str, layers: Sequence[ArchiveContents]) -> Iterator[Problem]:
    versions: dict[str, dict[str, str]] = defaultdict(dict)
    for layer in layers:
        for distribution, version in layer.distributions.items():
            versions[distribution][layer.name] = version
    for distribution, by_layer in sorted(versions.items()):
        if len(by_layer) < 2:
            continue
        listed = ", ".join(f"{version} in {layer}" for layer, version in by_layer.items())
        if len(set(by_layer.values())) > 1:
            what = f"{distribution} is there in several versions, whose files are mixed: {listed}"
            hint = "lock the layers of a set to one version"
            yield Problem(kind="twice", severity="error", where=name, what=what, hint=hint)
        else:
            what = f"{distribution} is there several times: {listed}"
            hint = "let one layer provide it, and `exclude` it from the others"
            yield Problem(kind="twice", severity="warning", where=name, what=what, hint=hint)


def _files(name: str, layers: Sequence[ArchiveContents]) -> Iterator[Problem]:
    """Files of different distributions: a later layer's replaces an earlier one's."""
    seen: dict[str, tuple[ArchiveContents, int]] = {}
    for layer in layers:
        for member in layer.members:
            other, checksum = seen.setdefault(member.name, (layer, member.crc))
            if checksum == member.crc or other is layer:
                continue
            if other.owner(member.name) and other.owner(member.name) == layer.owner(member.name):
                continue  # said above, once for the distribution
            what = f"{member.name} differs in {other.name} and {layer.name}: the one in {layer.name} is used"
            hint = "rename one of them, or do not use these layers together"
            yield Problem(kind="twice", severity="error", where=name, what=what, hint=hint)
