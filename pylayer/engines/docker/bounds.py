"""What an engine's machine has → how much of it one container may use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from pylayer import envtable
from pylayer.amounts import read_size, size_text
from pylayer.dataclassing import dataclass
from pylayer.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pylayer.engines.docker.connection import Connection

T = TypeVar("T", bound="dict[str, Any]")

_PROCESSES = 4096  # of a container: what builds start at once on the largest machines
_LEAST = 6 << 20  # bytes; an engine takes no less
_PODMAN = "/v4.0.0/libpod"  # its own API, of which this is the oldest that all of them know since 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Bytes of memory, and processes, for a container; None where the engine cannot hold it to them."""

    memory: int | None
    processes: int | None

    def put_on(self, host_config: T) -> T:
        """Add them to what the engine's API takes, and give that; nothing is swapped out."""
        # The SDK leaves 0 out, but Podman has a bound of its own, with which it would start nothing.
        host_config["PidsLimit"] = self.processes or 0
        if self.memory is not None:
            host_config["Memory"] = host_config["MemorySwap"] = self.memory
        return host_config

    @property
    def lacking(self) -> str:
        """What of a container has no bounds, in words."""
        return " and ".join(name for name in ("memory", "processes") if getattr(self, name) is None)

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


def of_engine(connection: Connection, memory: int | None) -> Bounds:
    """The bounds for an engine's containers, with `memory` (bytes) where it is given."""
    has = connection.client.info()
    total = has.get("MemTotal") or 0
    if memory is None:
        memory = total // 4 * 3 or None
    return Bounds(
        memory=memory if has.get("MemoryLimit") else None,
        processes=_PROCESSES if _bounds_processes(connection, has) else None,
    )


def _bounds_processes(connection: Connection, has: Mapping[str, Any]) -> bool:
    """Say whether an engine can; Podman says that it does wherever there is cgroup v2."""
    if not (connection.is_podman and has.get("CgroupVersion") == "2"):
        return bool(has.get("PidsLimit"))
    client = connection.client
    host = client.get(f"{client.base_url}{_PODMAN}/info").json().get("host") or {}
    return "pids" in (host.get("cgroupControllers") or ())
