"""The name of an image → what its registry has under it, asked and pulled through the engine.

A registry that is overloaded, or restarts, is asked again: what engines hand over of that is text. Some ask
again by themselves, for parts of an image.
"""

from __future__ import annotations

import random
import re
import time
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from docker.errors import APIError, DockerException
from docker.utils import parse_repository_tag

from pylayer import activity
from pylayer.amounts import size_text
from pylayer.engines.docker import logins
from pylayer.engines.docker.connection import DOCKER_ERRORS, asking_briefly, explain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pylayer.engines.docker.connection import Connection
    from pylayer.engines.docker.logins import RegistryLogin

T = TypeVar("T")

PATIENCE = 10.0  # seconds for a registry that is only asked
_TRIES = 4
_TRIES_OF_NOBODY = 2
_TIMES = {1: "once", 2: "twice"}
PAUSE = 1.0  # seconds before it is tried again, and twice as many each time
_LONGEST_PAUSE = 30.0

# What engines say of what passes: a status of the registry's or of a server before it, or of the connection.
_PASSING = re.compile(
    r"""\b(?:status|code)\b[^\n]{0,200}?\b(?:408|429|5\d\d)\b
    |\b5\d\d\ (?:Internal|Bad\ Gateway|Service|Gateway)|\b429\ Too\ Many
    |too\ ?many\ ?requests|rate\ exceeded|retry-after
    |connection\ (?:reset|refused)|broken\ pipe|\bEOF\b
    |timed?\ ?out|timeout|deadline\ exceeded|temporary\ failure|server\ misbehaving|try\ again""",
    re.IGNORECASE | re.VERBOSE,
)
# Nobody is there: where that passes, it does at once, or after much longer than anybody would wait.
_UNREACHED = re.compile(r"connection refused|temporary failure|server misbehaving", re.IGNORECASE)
# What does not pass within a run: Docker Hub counts the pulls of six hours.
_STAYING = re.compile(r"pull rate limit|unauthorized|denied|x509|manifest unknown", re.IGNORECASE)
_ABSENT = ": not found"
_AFTER = re.compile(r"retry[- ]after[:=]?\s*([\d.]+)\s*(ms|µs|us|ns|m|s)?", re.IGNORECASE)
_UNITS = {"m": 60.0, "ms": 1e-3, "µs": 1e-6, "us": 1e-6, "ns": 1e-9}


class RefusedError(DockerException):
    """What a registry said, through the engine, in place of an image."""


class Registries:
    """Asks through the engine behind `connection`; `pause` is in seconds."""

    def __init__(self, connection: Connection, *, pause: float = PAUSE) -> None:
        self._connection = connection
        self._pause = pause

    def offer(self, reference: str) -> dict[str, Any]:
        """Give what a registry has under that name. Raises what the SDK raises, and RefusedError."""
        login = logins.login(parse_repository_tag(reference)[0])
        what = f"asking for {reference}"
        with activity.doing(what) as more, _explained(login):
            return self._persist(
                lambda: self._ask(reference, login=login),
                reference=reference,
                tell=lambda said: more(f"{what}: {said}"),
            )

    def _ask(self, reference: str, *, login: RegistryLogin) -> dict[str, Any]:
        with closing(asking_briefly(self._connection, seconds=PATIENCE)) as client:
            found: dict[str, Any] = client.inspect_distribution(reference, login.sent)  # type: ignore[no-untyped-call]
        return found

    def pull(self, reference: str, platform: str) -> None:
        """Have the engine pull an image for a platform. Raises what `offer` does."""
        repository, tag = parse_repository_tag(reference)
        what = f"{reference} for {platform}"
        login = logins.login(repository)
        with activity.doing(f"pulling {what}", step="pull", name=what) as more, _explained(login):

            def tell(said: str) -> None:
                more(f"pulling {what}{said}")

            def attempt() -> None:
                self._pull(repository, tag=tag or "latest", platform=platform, login=login, tell=tell)

            def pull() -> None:
                try:
                    attempt()
                except (APIError, RefusedError) as error:
                    if "@" not in reference or _ABSENT not in explain(error):
                        raise
                    self._see_absence(error, reference, login=login)
                    attempt()

            self._persist(pull, reference=reference, tell=lambda said: tell(f": {said}"))

    def _pull(
        self, repository: str, *, tag: str, platform: str, login: RegistryLogin, tell: Callable[[str], None]
    ) -> None:
        layers: dict[str, tuple[int, int]] = {}  # bytes of each that came, and all
        events = self._connection.client.pulled(
            repository, tag=tag, platform=platform, auth_config=login.sent
        )
        for event in events:
            if "error" in event:
                raise RefusedError(event["error"])
            status = str(event.get("status") or "")
            if status == "Downloading" and (at := event.get("progressDetail") or {}):
                name, came = event.get("id", ""), at.get("current") or 0
                activity.received(max(came - layers.get(name, (0, 0))[0], 0))
                layers[name] = came, at.get("total") or 0
                size, whole = (size_text(sum(part)) for part in zip(*layers.values(), strict=True))
                tell(f", {size} of {whole}")
            elif status.startswith("Retrying"):
                tell(f": the engine is {status[0].lower()}{status[1:]}")

    def _see_absence(self, said: Exception, reference: str, *, login: RegistryLogin) -> None:
        """Raise what the engine `said`, or what its registry really says; nothing if it has that digest.

        containerd's store says that there is no such digest also where a connection breaks.
        """
        try:
            self._ask(reference, login=login)
        except DOCKER_ERRORS as error:
            if passes(explain(error)):
                raise
            raise said from error

    def _persist(self, attempt: Callable[[], T], *, reference: str, tell: Callable[[str], None]) -> T:
        """Give what `attempt` gives for a `reference`, trying again after what passes."""
        pause, tries, said = self._pause, 0, ""
        while True:
            try:
                got = attempt()
            except (APIError, RefusedError) as error:
                said = explain(error)
                if not passes(said):
                    raise
                tries += 1
                if tries == (_TRIES_OF_NOBODY if _UNREACHED.search(said) else _TRIES):
                    raise RefusedError(f"{said}; tried {tries} times") from error
                seconds = after(said)
                if seconds is None:  # spread, so that many do not come back as one
                    seconds = pause * random.uniform(0.75, 1.25)  # noqa: S311
            else:
                if tries:
                    times = _TIMES.get(tries, f"{tries} times")
                    activity.noted(f"{reference}: its registry failed {times} before it answered: {said}")
                return got
            tell(f"{said}; trying again in {seconds:.0f} s")
            self._wait(min(seconds, _LONGEST_PAUSE))
            pause *= 2

    def _wait(self, seconds: float) -> None:
        """Wait, unless the run ends."""
        deadline = time.monotonic() + seconds
        patience = self._connection.client.patience
        while not patience.hurried and (left := deadline - time.monotonic()) > 0:
            time.sleep(min(left, 0.1))


def passes(said: str) -> bool:
    """Say whether what an engine said of a registry may be otherwise in a moment."""
    return bool(_PASSING.search(said)) and not _STAYING.search(said)


def after(said: str) -> float | None:
    """The seconds after which a registry wants to be asked again, where it says so."""
    found = _AFTER.search(said)
    try:
        return float(found[1]) * _UNITS.get((found[2] or "").lower(), 1.0) if found else None
    except ValueError:
        return None


@contextmanager
def _explained(login: RegistryLogin) -> Iterator[None]:
    """Say with what goes wrong that there was no login, where one should have been."""
    try:
        yield
    except DOCKER_ERRORS as error:
        if not login.complaint:
            raise
        raise RefusedError(login.explain(explain(error))) from error
