"""A region in memory: layers and their versions, policies and parameters, and what was asked of it."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pylayer.publishing.cloud import CloudError, Draft, Grant, Listed, Stored, Upload, Version

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


@dataclass
class Memory:
    """A Region. `fail` maps a method to the errors that it raises first, one for each call."""

    name: str = "eu-west-1"
    layers: dict[str, dict[int, Version]] = field(default_factory=dict)
    policies: dict[tuple[str, int], set[str]] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)
    fail: dict[str, list[CloudError]] = field(default_factory=dict)
    meanwhile: Callable[[], object] | None = None
    asked: list[str] = field(default_factory=list)
    last: dict[str, int] = field(default_factory=dict)

    def newest(self) -> dict[str, Listed]:
        self._ask("newest")
        tops = {name: own[max(own)] for name, own in self.layers.items() if own}
        return {
            name: Listed(
                number=top.number,
                created=f"{list(self.layers).index(name):03}",
                runtimes=top.runtimes,
                architectures=top.architectures,
            )
            for name, top in tops.items()
        }

    def numbers(self, layer: str) -> tuple[int, ...]:
        self._ask("numbers")
        return tuple(sorted(self.layers.get(layer, {}), reverse=True))

    def version(self, layer: str, number: int) -> Version | None:
        self._ask("version")
        return self.layers.get(layer, {}).get(number)

    def publish(self, draft: Draft) -> Version:
        self._ask("publish")
        if self.meanwhile:
            hook, self.meanwhile = self.meanwhile, None
            hook()
        return self.add(draft)

    def add(self, draft: Draft) -> Version:
        """Make a version, as anybody may."""
        number = self.last[draft.name] = self.last.get(draft.name, 0) + 1
        content = draft.content if isinstance(draft.content, bytes) else b"stored"
        made = Version(
            number=number,
            arn=f"arn:aws:lambda:{self.name}:123456789012:layer:{draft.name}:{number}",
            code_sha256=base64.b64encode(hashlib.sha256(content).digest()).decode(),
            description=draft.description,
            license=draft.license,
            runtimes=frozenset(draft.runtimes),
            architectures=frozenset(draft.architectures),
        )
        self.layers.setdefault(draft.name, {})[number] = made
        return made

    def remove(self, layer: str, number: int) -> None:
        self._ask("remove")
        self.layers[layer].pop(number, None)

    def grants(self, layer: str, number: int) -> frozenset[str]:
        self._ask("grants")
        return frozenset(self.policies.get((layer, number), ()))

    def grant(self, layer: str, number: int, grant: Grant) -> None:
        self._ask("grant")
        self.policies.setdefault((layer, number), set()).add(grant.id)

    def revoke(self, layer: str, number: int, statement: str) -> None:
        self._ask("revoke")
        self.policies[layer, number].discard(statement)

    def parameters(self, names: Iterable[str]) -> dict[str, str]:
        self._ask("parameters")
        return {name: self.values[name] for name in names if name in self.values}

    def put_parameter(self, name: str, value: str, *, tags: object) -> None:
        self._ask("put_parameter")
        self.values[name] = value

    def store(self, upload: Upload) -> Stored:
        self._ask("store")
        return Stored(bucket=upload.bucket, key=upload.key, version=None, mode=upload.mode)

    def attached(self) -> frozenset[str]:
        self._ask("attached")
        return frozenset()

    def _ask(self, method: str) -> None:
        self.asked.append(method)
        if self.fail.get(method):
            raise self.fail[method].pop(0)
