"""The address of a dask scheduler → its workers, by what they say that they can run.

The only module that knows dask's `distributed`, which is an extra. A worker has resources that are called as
architectures are, of as many as it does jobs at once: `dask worker … --nthreads 4 --resources x86_64=4`.
"""

from __future__ import annotations

import logging
import threading
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING, Any, cast

from pylayer.errors import ToolError, UsageError
from pylayer.targets import Architecture

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from concurrent.futures import Executor, Future

_TRANSPORTS = {"dask": "tcp", "dask+tls": "tls"}  # of an address, and what dask calls them
_PATIENCE = 5.0  # seconds for the scheduler to answer
_FRESH = 1.0  # seconds for which it is known which workers there are
_RETRIES = 2  # of what raised: a function of ours raises nothing but where a worker cannot import it


class DaskPool:
    """The workers of one scheduler.

    Raises UsageError where it does not answer, ToolError where the extra is not installed.
    """

    def __init__(self, address: str, *, patience: float = _PATIENCE) -> None:
        try:
            from distributed import Client
        except ImportError as error:
            hint = 'pip install "pylayer-lambda[workers]"'
            raise ToolError("needs dask's distributed", where="--workers", hint=hint) from error
        # What it logs of lost connections is told in our own words, or nothing is wrong with it.
        for name in ("distributed", "distributed.client"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        scheme, _, place = address.partition("://")
        try:
            self._client: Any = cast("Any", Client)(  # its functions have no types
                f"{_TRANSPORTS[scheme]}://{place}", timeout=patience, set_as_default=False, name="pylayer"
            )
        except (OSError, ValueError, TypeError) as error:  # TimeoutError is an OSError
            reason = (str(error).splitlines() or ["it does not answer"])[0]
            hint = "start the scheduler, or leave --workers out"
            raise UsageError(
                f"no scheduler of dask can be used: {reason}", where=address, hint=hint
            ) from error
        self._executors: dict[Architecture, Executor] = {}
        self._lock = threading.Lock()
        self._places: dict[Architecture, int] = {}
        self._looked = 0.0
        self.about = address

    @property
    def places(self) -> Mapping[Architecture, int]:
        """By the resources that workers have, as the scheduler said within the last second."""
        with self._lock:
            if monotonic() - self._looked > _FRESH:
                self._places = self._look()
                self._looked = monotonic()
            return self._places

    def _look(self) -> dict[Architecture, int]:
        if self._client.status != "running":
            return {}
        found: dict[Architecture, int] = {}
        for worker in self._client.scheduler_info(n_workers=-1)["workers"].values():
            for each in Architecture:
                if count := int(worker.get("resources", {}).get(each.value, 0)):
                    found[each] = found.get(each, 0) + count
        return found

    def each(self, function: Callable[[], Mapping[str, str]]) -> Mapping[str, Mapping[str, str] | str]:
        """Call it in those that are there now."""
        found: dict[str, Any] = self._client.run(function, on_error="return")
        return {
            name: f"{type(answer).__name__}: {answer}" if isinstance(answer, BaseException) else answer
            for name, answer in found.items()
        }

    def submit(
        self, architecture: Architecture, function: Callable[..., bytes], *args: str | bytes
    ) -> Future[bytes]:
        """Have it called by a worker with the resource, where that is free."""
        if architecture not in self._executors:
            self._executors[architecture] = self._client.get_executor(
                resources={architecture.value: 1}, retries=_RETRIES, pure=False
            )
        return cast("Future[bytes]", self._executors[architecture].submit(function, *args))

    def close(self) -> None:
        """Cancel what has not ended, and leave."""
        with suppress(Exception):  # a scheduler that is gone has nothing of ours
            for executor in self._executors.values():
                executor.shutdown(wait=False)
        with suppress(Exception):
            self._client.close(timeout=_PATIENCE)
