"""A call to an engine → its answer, or an error once the engine has been silent for too long.

An engine may be busy, and some calls have it copy much: none fails as long as there is hope. Which calls an
engine ought to answer soon is known here, and who shows a run is told whom it waits for. Calls are made by
threads that nothing waits for at the end, since one that is never answered cannot be called back.
"""

from __future__ import annotations

import json
import re
import threading
import time
from contextlib import suppress
from contextvars import copy_context
from http import HTTPStatus
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, TypeVar, cast

import docker
from docker.errors import DockerException, NotFound

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
_LAST = 1.0  # and at the end once it has been silent
_AT_WORK = 2.0  # seconds within which one that is busy says that it lives
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


class _Call:
    """A call that is made elsewhere: what it gives or raises, once it is `over`."""

    def __init__(self, call: Callable[[], object]) -> None:
        self._call = call
        self._context = copy_context()
        self._going = threading.Lock()
        self._going.acquire()
        self._given: object = None
        self._raised: BaseException | None = None

    def make(self) -> None:
        """Make it."""
        try:
            self._given = self._context.run(self._call)
        except BaseException as error:  # noqa: BLE001  it is raised where it is waited for
            self._raised = error
        finally:
            self._going.release()

    def over(self, *, within: float) -> bool:
        """Wait for that for some seconds."""
        return self._going.acquire(timeout=within)

    def result(self) -> object:
        """What came of it."""
        try:
            if self._raised is not None:
                raise self._raised
            return self._given
        finally:
            self._raised = None  # it has this frame in its traceback


class _Caller:
    """A thread that makes one call after the other."""

    def __init__(self) -> None:
        self.calls: SimpleQueue[_Call | None] = SimpleQueue()
        threading.Thread(target=self._work, name="pylayer-engine", daemon=True).start()

    def _work(self) -> None:
        while (call := self.calls.get()) is not None:
            call.make()
            del call


class EnginePatience:
    """For how long the calls to one engine may wait: `timeout` seconds, or what they are given.

    Once one has waited for nothing, those that follow have little time, until an answer comes.
    """

    def __init__(self, timeout: float = TIMEOUT) -> None:
        self.timeout = timeout
        self._hurried = 0.0
        self._silent = False
        self._idle: list[_Caller] = []

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
        made = _Call(call)
        try:
            caller = self._idle.pop()
        except IndexError:
            caller = _Caller()
        if self._silent:
            seconds = min(seconds, _SILENT)
        began = time.monotonic()
        with activity.asking("the Docker Engine"):
            caller.calls.put(made)
            while not made.over(within=min(max(left := self._left(began, seconds), 0), _SLICE)):
                if left <= 0:
                    self._silent = True
                    caller.calls.put(None)  # whenever it comes back
                    raise SilentError(time.monotonic() - began)
        self._idle.append(caller)
        self._silent = False
        return cast("T", made.result())

    def _left(self, began: float, seconds: float) -> float:
        now = time.monotonic()
        left = began + seconds - now
        most = _LAST if self._silent else _HURRY
        return min(left, max(self._hurried, began) + most - now) if self._hurried else left

    def close(self) -> None:
        """End the threads that are idle."""
        while self._idle:
            self._idle.pop().calls.put(None)

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
        self._said: dict[str, Any] = {}
        self._most = most
        self._connecting = connecting
        super().__init__(timeout=int(most or patience.timeout * _LONG) + 1, **options)

    def version(self, api_version: bool = True) -> dict[str, Any]:  # noqa: FBT001, FBT002  the SDK's own
        """Give what the engine says of itself, for which the SDK asks too."""
        if not self._said:
            self._said = super().version(api_version)
        return self._said

    def hurry(self) -> None:
        """Let no call wait much longer, from now on: a run is at its end, and the engine may stand still."""
        if self.patience.hurried:
            return
        self.patience.hurry()
        with suppress(DockerException, OSError):
            self.patience.wait(self.ping, seconds=_AT_WORK)

    def streamed(self, connection: Any) -> Stream:  # noqa: ANN401  each transport of the SDK has its type
        """What passes over a connection that the engine has handed over."""
        return Stream(connection, alive=self.ping, silence=self.patience.silence)

    def inspected(self, image: str, *, platform: str) -> dict[str, Any]:
        """Tell of an image for an OCI platform, which the SDK cannot ask for: from API 1.49 on."""
        system, _, machine = platform.partition("/")
        wanted = json.dumps({"os": system, "architecture": machine})
        url = f"{self.base_url}/v{self.api_version}/images/{image}/json"
        answer = self.get(url, params={"platform": wanted})
        if answer.status_code == HTTPStatus.NOT_FOUND:
            raise NotFound(answer.text)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

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

    def close(self) -> None:
        """Close what is open; it can be used again."""
        super().close()
        self.patience.close()

    def _seconds(self, call: str) -> float:
        seconds = self.patience.timeout * (_LONG if _WORKING.match(call) else 1)
        return min(seconds, self._most) if self._most else seconds
