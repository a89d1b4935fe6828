"""What an engine's machine has → how much of it one container may use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pylayer import envtable
from pylayer.amounts import read_size, size_text
from pylayer.dataclassing import dataclass
from pylayer.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from docker import APIClient

_PROCESSES = 4096  # of a container: what builds start at once on the largest machines
_LEAST = 6 << 20  # bytes; an engine takes no less


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Bytes of memory, and processes, for a container; None where the engine cannot hold it to them."""

    memory: int | None
    processes: int | None

    @property
    def options(self) -> dict[str, Any]:
        """They as the SDK's host_config has them; nothing is swapped out."""
        options: dict[str, Any] = {}
        if self.memory is not None:
            options = {"mem_limit": self.memory, "memswap_limit": self.memory}
        if self.processes is not None:
            options["pids_limit"] = self.processes
        return options

    def __str__(self) -> str:
        return size_text(self.memory) if self.memory is not None else "all the memory there is"


def wanted(environ: Mapping[str, str]) -> int | None:
    """The bytes of memory that a variable gives to a container, if it does; raises UsageError."""
    text = environ.get(envtable.BUILD_MEMORY, "")
    if not text:
        return None
    size = read_size(text)
    if size is None or size < _LEAST:
        what = f"{text!r} is not an amount of memory"
        raise UsageError(what, where=envtable.BUILD_MEMORY, hint="write it as 8GB")
    return size


def of_engine(client: APIClient, memory: int | None) -> Bounds:
    """The bounds for an engine's containers, with `memory` (bytes) where it is given."""
    has = client.info()
    total = has.get("MemTotal") or 0
    if memory is None:
        memory = total // 4 * 3 or None
    return Bounds(
        memory=memory if has.get("MemoryLimit") else None,
        processes=_PROCESSES if has.get("PidsLimit") else None,
    )
