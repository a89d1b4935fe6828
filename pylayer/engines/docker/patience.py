"""A call to an engine → its answer, or an error once the engine has been silent for too long.

An engine may be busy, and some calls have it copy much: none fails as long as there is hope. Which calls an
engine ought to answer soon is known here, and who shows a run is told whom it waits for. Calls are made by
threads that nothing waits for at the end, since one that is never answered cannot be called back.
"""

from __future__ import annotations

import re
import threading
import time
from concurrent import futures
from contextlib import suppress
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, TypeVar

import docker

from pylayer import activity, envtable
from pylayer.engines.docker.streams import Stream
from pylayer.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

T = TypeVar("T")

TIMEOUT = (
    120.0  # seconds for what ought to be quick: an engine that swaps, or has a hundred to start, is slow
)
_LONG = 5  # times as long may take what copies, commits, pulls or asks a registry
_CONNECT = 30.0  # seconds until a connection is there
_HURRY = 10.0  # seconds for each call at the end of a run
_SILENT = 5.0  # and once an engine has been silent
_SILENCE = 10.0
_SLICE = 0.5  # seconds from one look at whether to hurry to the next
_END = object()

# What engines take long for that work well, by method and path.
_WORKING = re.compile(
    r"POST .*/(commit|images/create|containers/create)$|PUT .*/archive$|DELETE .*/images/.+"
    r"|GET .*/(images/json|distribution/.+)$"
)


class SilentError(OSError):
    """An engine has not answered for some `seconds`."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"no answer within {f'{seconds:.1f}'.removesuffix('.0')} s")


def wanted(environ: Mapping[str, str]) -> float:
    """For how many seconds an engine may be silent, as a variable says; raises UsageError."""
    text = environ.get(envtable.ENGINE_TIMEOUT, "")
    if not text:
        return TIMEOUT
    with suppress(ValueError):
        if (seconds := float(text)) >= 1:
            return seconds
    raise UsageError(f"{text!r} is not a number of seconds", where=envtable.ENGINE_TIMEOUT, hint="write 300")


class EnginePatience:
    """For how long the calls to one engine may wait: `timeout` seconds, or what they are given.

    Once one has waited for nothing, those that follow have little time, until an answer comes.
    """

    def __init__(self, timeout: float = TIMEOUT) -> None:
        self.timeout = timeout
        self._hurried = 0.0
        self._silent = False

    @property
    def silence(self) -> float:
        """After how many seconds without a word of a program the engine is asked whether it lives."""
        return min(self.timeout, _SILENCE)

    @property
    def hurried(self) -> bool:
        """Whether nothing is to wait for long any more."""
        return bool(self._hurried)

    def hurry(self) -> None:
        """Let nothing wait much longer, from now on: a run is at its end."""
        self._hurried = self._hurried or time.monotonic()

    def wait(self, call: Callable[[], T], *, seconds: float) -> T:
        """Give what `call` gives; raises SilentError."""
        answer: futures.Future[T] = futures.Future()
        context = copy_context()

        def answered() -> None:
            try:
                answer.set_result(context.run(call))
            except BaseException as error:  # noqa: BLE001  it is raised where it is waited for
                answer.set_exception(error)

        if self._silent:
            seconds = min(seconds, _SILENT)
        began = time.monotonic()
        with activity.asking("the Docker Engine"):
            threading.Thread(target=answered, name="pylayer-engine", daemon=True).start()
            while True:
                passed = time.monotonic() - began
                left = seconds - passed
                if self._hurried:
                    left = min(left, _HURRY - (time.monotonic() - max(self._hurried, began)))
                if left <= 0:
                    self._silent = True
                    raise SilentError(passed)
                if futures.wait((answer,), min(left, _SLICE)).done:
                    self._silent = False
                    return answer.result()

    def each(self, items: Iterable[T], *, seconds: float) -> Iterator[T]:
        """Give `items` as they come, each within some `seconds`; raises SilentError."""
        iterator = iter(items)
        while (item := self.wait(lambda: next(iterator, _END), seconds=seconds)) is not _END:
            yield item  # type: ignore[misc]


class EngineClient(docker.APIClient):
    """The SDK's client: each call has its `patience`, and an engine is verified by its own certificates.

    Without that, requests would put the bundle that REQUESTS_CA_BUNDLE names before them. No call waits for
    longer than `most` seconds, nor longer than `connecting` for a connection.
    """

    def __init__(
        self,
        *,
        patience: EnginePatience,
        most: float | None = None,
        connecting: float = _CONNECT,
        **options: Any,  # noqa: ANN401  the SDK's own
    ) -> None:
        self.patience = patience
        self._most = most
        self._connecting = connecting
        super().__init__(timeout=int(most or patience.timeout * _LONG) + 1, **options)

    def streamed(self, connection: Any) -> Stream:  # noqa: ANN401  each transport of the SDK has its type
        """What passes over a connection that the engine has handed over."""
        return Stream(connection, alive=self.ping, silence=self.patience.silence)

    def pulled(self, repository: str, **options: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401
        """Pull an image: what the engine says meanwhile."""
        events = self.pull(repository, stream=True, decode=True, **options)
        return self.patience.each(events, seconds=self._seconds("POST /images/create"))

    def request(self, method: Any, url: Any, *given: Any, **options: Any) -> Any:  # noqa: ANN401
        """Make a call, as requests does."""
        seconds = self._seconds(f"{method} {url}")
        options["timeout"] = (self._connecting, seconds + 1)  # of one that nobody waits for any more
        return self.patience.wait(
            lambda: super(EngineClient, self).request(method, url, *given, **options), seconds=seconds
        )

    def merge_environment_settings(self, *given: Any) -> Any:  # noqa: ANN401  requests' own
        """Take this client's own way to verify for one that a request does not give."""
        url, proxies, stream, verify, cert = given
        own = self.verify if verify is None else verify
        return super().merge_environment_settings(url, proxies, stream, own, cert)

    def _seconds(self, call: str) -> float:
        seconds = self.patience.timeout * (_LONG if _WORKING.match(call) else 1)
        return min(seconds, self._most) if self._most else seconds
