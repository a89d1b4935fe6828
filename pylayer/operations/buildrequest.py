"""What `build` is asked for, as a value: apart from the others, for a run in which nothing changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pylayer.dataclassing import dataclass

if TYPE_CHECKING:
    from concurrent.futures import Executor


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildRequest:
    """Builds that both `only` and `layers` choose, and how they are made; see `building.build`."""

    only: tuple[str, ...] = ()
    layers: tuple[str, ...] = ()
    engine: str = ""
    jobs: int = 0
    locked: bool = False
    verify_outputs: bool = False
    offline: bool = False
    listing: bool = False
    workers: str | Executor | None = None
