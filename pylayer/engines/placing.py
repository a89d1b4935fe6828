"""What a run may use → the engines that may run a target, in the order in which they are asked."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pylayer import enginetable
from pylayer.dataclassing import dataclass
from pylayer.errors import NeedsDockerError

if TYPE_CHECKING:
    from pylayer.config.hosting import EngineSettings
    from pylayer.engines import Engine
    from pylayer.enginetable import EngineKind
    from pylayer.targets import Architecture


@dataclass(frozen=True, slots=True, kw_only=True)
class EnginePlace:
    """An engine, or one of its kind `at` a host that architectures have for themselves."""

    kind: EngineKind
    at: str = ""

    @property
    def title(self) -> str:
        """What messages call it."""
        return f"{self.kind.title} at {self.at}" if self.at else self.kind.title

    @property
    def there(self) -> str:
        """Say that something happens there."""
        return f"{self.kind.at} at {self.at}" if self.at else self.kind.at

    def lacks(self, target: str) -> str:
        """Say that it has no Python for a target."""
        return replace(self.kind, title=self.title).lacks(target)

    def hint(self, *, answers: bool, remedy: str = "") -> str:
        """Say what to do to have a target built there; see `EngineKind.hint`."""
        if not self.at:
            return self.kind.hint(answers=answers, remedy=remedy)
        strictly = 'unreachable = "error" under [engine] in layers.toml makes this an error'
        return f"{remedy}; {strictly}" if remedy else strictly


def places(settings: EngineSettings, architecture: Architecture) -> tuple[EnginePlace, ...]:
    """Where what is for `architecture` may run, in order."""
    found = []
    for kind in enginetable.candidates(settings.use):
        at = settings.hosts.get(architecture, "") if kind.has_hosts else ""
        found += [EnginePlace(kind=kind, at=at)] if at else []
        if at and settings.unreachable == "error":
            break
        found.append(EnginePlace(kind=kind))
    return tuple(found)


def every(settings: EngineSettings) -> tuple[EnginePlace, ...]:
    """All that may be used: the engines in their order, after each its hosts."""
    hosts = tuple(dict.fromkeys(settings.hosts.values()))
    return tuple(
        EnginePlace(kind=kind, at=at)
        for kind in enginetable.candidates(settings.use)
        for at in ("", *(hosts if kind.has_hosts else ()))
    )


def architectures(settings: EngineSettings, place: EnginePlace) -> tuple[Architecture, ...]:
    """Those that a place is the host of."""
    return tuple(each for each, at in settings.hosts.items() if at == place.at)


def refusal(
    settings: EngineSettings, architecture: Architecture, place: EnginePlace, engine: Engine
) -> NeedsDockerError | None:
    """Why nothing for `architecture` runs in `engine`, where that would emulate what a host was to run."""
    host = settings.hosts.get(architecture, "")
    if not host or settings.unreachable != "cross" or place.at == host or engine.architecture == architecture:
        return None
    return NeedsDockerError(
        f'only the host of {architecture} may run this: nothing is emulated (unreachable = "cross")',
        where=host,
        hint="start it, or allow emulation under [engine] in layers.toml",
    )
