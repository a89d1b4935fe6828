"""An address of object storage → objects below it, read and made within bounds of time.

The only module that knows obstore, which is an extra. All requests run in one event loop, in a thread of its
own, so that any thread may ask, and a server that does not answer keeps nobody for long.
"""

from __future__ import annotations

import asyncio
import os
import re
import threading
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal, TypeVar
from urllib.parse import urlsplit

from pylayer.errors import ToolError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

Result = TypeVar("Result")

AT_ONCE = 64
PATIENCE = 2.0  # seconds for a connection, and for the next bytes; and for all that is slow together
_PROMPT = 0.25  # seconds in which a server answers that is not slow
_SLOWEST = 256 << 10  # bytes in a second, below which waiting is worse than building
_SOONER = 0.9  # of the patience, after which the library gives up by itself: what it ends, it ends well
_PIECE = 1 << 18
_LONGEST_REASON = 200  # characters
_BLANK = re.compile(r"[^!-~]")
_STATUS = re.compile(r"\b[45]\d\d [A-Z][A-Za-z ]+[a-z]")  # such as 503 Service Unavailable
_REFUSED = ("401", "403")
_TOO_LATE = "does not answer in time"
_TOLD = (
    (
        re.compile(r"\b(ExpiredToken|TokenExpired|RequestExpired)"),
        "refuses the run: its credentials have expired",
    ),
    (re.compile(r"\bRequestTimeTooSkewed\b"), "refuses the run: the clock of this machine is wrong"),
    (re.compile(r"\bNoSuchBucket\b"), "is not there: there is no such bucket"),
    (
        re.compile(r"\bAuthorizationHeaderMalformed\b|\bredirect without LOCATION\b"),
        "is in another region than AWS_REGION says",
    ),
    (re.compile(r"\b(kind: Timeout|TimedOut)\b"), _TOO_LATE),
)
# Variables that name another server than a scheme's own.
_ENDPOINTS = {
    "s3": ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT"),
    "gs": ("GOOGLE_BASE_URL",),
}


class BucketError(Exception):
    """Why object storage did not do what was asked; completes "the shared store …"."""


class Bucket:
    """Objects by their paths; anything but an answer is a BucketError, and so is too much waiting.

    Raises ToolError where the extra is not installed.
    """

    def __init__(self, address: str, *, patience: float = PATIENCE) -> None:
        self._store = _opened(address, patience=patience)
        self._patience = patience
        self._left = patience
        self._active = 0
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="bucket", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End what is still under way, and the thread."""

        async def end() -> None:
            left = asyncio.all_tasks() - {asyncio.current_task()}
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)
            await asyncio.sleep(0)  # so that whoever waited for what had ended already hears of it
            self._loop.stop()

        asyncio.run_coroutine_threadsafe(end(), self._loop)
        self._thread.join(timeout=self._patience)

    def read_all(self, paths: Sequence[str], *, most: int) -> list[bytes | None]:
        """Give objects of at most `most` bytes, None for those that are not there."""

        async def read() -> list[bytes | None]:
            return await asyncio.gather(*(self._read(path, most) for path in paths))

        return self._asked(read())

    def read_below(self, prefix: str, *, likely: str, most: int, at_most: int) -> dict[str, bytes]:
        """Give the objects below a path that ends in a slash, by their paths from there: the first `at_most`.

        One that is `likely` there is read while it is asked which there are. None may have more than `most`
        bytes.
        """

        async def read() -> dict[str, bytes]:
            listed, guessed = await asyncio.gather(self._listed(prefix), self._read(prefix + likely, most))
            names = sorted(listed)[:at_most]
            others = [name for name in names if name != likely]
            contents = await asyncio.gather(*(self._read(prefix + name, most) for name in others))
            found = dict(zip(others, contents, strict=True)) | {likely: guessed}
            return {name: content for name in names if (content := found[name]) is not None}

        return self._asked(read())

    def fetch_all(self, wanted: Mapping[str, Path]) -> tuple[list[str], BucketError | None]:
        """Write objects into files, as many at once as may be: those that came, and what went wrong first.

        One that is not there does not come, and nothing is wrong with that.
        """

        async def fetch() -> list[bool | BaseException]:
            each = (self._fetch(path, into) for path, into in wanted.items())
            return await asyncio.gather(*each, return_exceptions=True)

        results = self._asked(fetch())
        came = [path for path, result in zip(wanted, results, strict=True) if result is True]
        wrong = next((result for result in results if isinstance(result, BaseException)), None)
        return came, _bucket_error(wrong) if wrong else None

    def present(self, paths: Sequence[str]) -> set[str]:
        """Which of some objects are there."""

        async def look() -> list[bool]:
            return await asyncio.gather(*(self._is_there(path) for path in paths))

        return {path for path, there in zip(paths, self._asked(look()), strict=True) if there}

    def create_all(self, objects: Sequence[tuple[str, Path | bytes]]) -> int:
        """Make objects; those that are there already stay as they are. Gives the number of the others."""
        sized = [(path, content, _size(content)) for path, content in objects]

        async def create() -> int:
            return sum(await asyncio.gather(*(self._put(*each, mode="create") for each in sized)))

        return self._asked(create())

    def replace(self, path: str, content: bytes) -> None:
        """Make an object, or replace it."""
        self.replace_all([(path, content)])

    def replace_all(self, objects: Sequence[tuple[str, Path | bytes]]) -> None:
        """Make objects, or replace them."""

        async def replace() -> None:
            each = (self._put(path, content, _size(content), mode="overwrite") for path, content in objects)
            await asyncio.gather(*each)

        self._asked(replace())

    def sizes(self, prefix: str) -> dict[str, int]:
        """List the objects below a path that ends in a slash: their sizes, by their paths from there."""
        return {path: size for path, (size, _) in self.listed(prefix).items()}

    def listed(self, prefix: str) -> dict[str, tuple[int, datetime]]:
        """List the objects below a path that ends in a slash: their sizes, and when they were written."""
        return self._asked(self._listed(prefix))

    def _asked(self, work: Coroutine[Any, Any, Result]) -> Result:
        try:
            return asyncio.run_coroutine_threadsafe(work, self._loop).result()
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # whatever it is, be it a panic, the run goes on without it
            raise _bucket_error(error) from error

    async def _read(self, path: str, most: int) -> bytes | None:
        pieces: list[bytes] = []
        size = 0

        def take(piece: bytes) -> None:
            nonlocal size
            size += len(piece)
            if size > most:
                raise BucketError(f"has a file that is too large: {path}")
            pieces.append(piece)

        return b"".join(pieces) if await self._streamed(path, take) else None

    async def _fetch(self, path: str, into: Path) -> bool:
        with into.open("wb") as file:
            return await self._streamed(path, file.write)

    async def _streamed(self, path: str, take: Callable[[bytes], object]) -> bool:
        async with self._bounded() as bound:
            try:
                found = await self._store.get_async(path)
            except FileNotFoundError:
                return False
            bound.expect(found.meta["size"])
            pieces = aiter(found.stream(min_chunk_size=_PIECE))
            while True:
                try:
                    take(bytes(await asyncio.wait_for(anext(pieces), self._patience)))
                except StopAsyncIteration:
                    return True

    async def _is_there(self, path: str) -> bool:
        async with self._bounded():
            try:
                await self._store.head_async(path)
            except FileNotFoundError:
                return False
            return True

    async def _put(
        self, path: str, content: Path | bytes, size: int, *, mode: Literal["create", "overwrite"]
    ) -> bool:
        from obstore.exceptions import AlreadyExistsError

        async with self._bounded() as bound:
            bound.expect(size)
            try:
                await self._store.put_async(path, content, mode=mode, use_multipart=False)
            except AlreadyExistsError:
                return False
            return True

    async def _listed(self, prefix: str) -> dict[str, tuple[int, datetime]]:
        found: dict[str, tuple[int, datetime]] = {}
        pages = aiter(self._store.list(prefix))
        while True:
            try:
                async with self._bounded():
                    # Not to be cancelled: what is under way in there, no thread of Python's may drop.
                    page = await asyncio.shield(anext(pages))
            except StopAsyncIteration:
                return found
            found |= {
                each["path"].removeprefix(prefix): (each["size"], each["last_modified"]) for each in page
            }

    @asynccontextmanager
    async def _bounded(self) -> AsyncIterator[_Bound]:
        """Let one request take as long as it may; what it took beyond that, others may not."""
        async with self._slots:
            began = self._loop.time()
            bound = _Bound()
            self._active += 1
            try:
                async with asyncio.timeout(min(self._patience, max(self._left, 0) + _PROMPT)) as timeout:
                    bound.timeout = timeout
                    yield bound
            finally:
                over = self._loop.time() - began - _PROMPT - bound.seconds
                self._left -= max(over, 0) / self._active  # those at the same time waited together
                self._active -= 1


class _Bound:
    """How long a request may take."""

    timeout: asyncio.Timeout
    seconds: float = 0.0

    def expect(self, size: int) -> None:
        """Let it take the time as well that so many bytes need."""
        self.seconds = size / _SLOWEST
        before = self.timeout.when()
        assert before is not None
        self.timeout.reschedule(before + self.seconds)


def _opened(address: str, *, patience: float) -> Any:  # noqa: ANN401  one of obstore's stores
    try:
        from obstore.store import from_url
    except ImportError as error:
        hint = 'pip install "pylayer-lambda[cache]"'
        raise ToolError("needs obstore", where="the shared store", hint=hint) from error
    scheme = address.partition("://")[0]
    try:
        if scheme == "file":
            return from_url(address, mkdir=True)
        plain = [_is_plain(name) for name in _ENDPOINTS.get(scheme, ())]
        seconds = timedelta(seconds=patience * _SOONER)
        login = _login() if scheme == "s3" else None
        return from_url(
            address,
            client_options={"connect_timeout": seconds, "read_timeout": seconds, "allow_http": any(plain)},
            retry_config={"max_retries": 1, "retry_timeout": seconds},
            **({"credential_provider": login} if login else {}),
        )
    except BucketError:
        raise
    except Exception as error:
        raise BucketError(_explained(error)) from error


def _is_plain(variable: str) -> bool:
    """Whether a variable has the address of a server without TLS; one that has none panics in obstore."""
    if not (address := os.environ.get(variable)):
        os.environ.pop(variable, None)  # an empty one is none to boto3
        return False
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"} or not parts.hostname or _BLANK.search(address):
        raise BucketError(f"cannot be used: {variable} is no address of a server")
    return parts.scheme == "http"


def _login() -> Any:  # noqa: ANN401  obstore's own class
    """Profiles and single sign-on are boto3's; without it, variables and the machine's role count.

    Where variables say all that there is to know, they count for both, and boto3 takes long to import.
    """
    if _is_stated(os.environ):
        return None
    try:
        from obstore.auth.boto3 import Boto3CredentialProvider

        return Boto3CredentialProvider()
    except (ImportError, ValueError):
        return None


def _is_stated(environ: Mapping[str, str]) -> bool:
    """Whether variables have credentials for S3, and its region, in words that all libraries understand."""
    regions = {region for name in ("AWS_REGION", "AWS_DEFAULT_REGION") if (region := environ.get(name))}
    stated = all(environ.get(name) for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"))
    return stated and len(regions) == 1 and not environ.get("AWS_SECURITY_TOKEN")


def _bucket_error(error: BaseException) -> BucketError:
    if isinstance(error, BucketError):
        return error
    if isinstance(error, TimeoutError):
        return BucketError(_TOO_LATE)
    return BucketError(_explained(error))


def _explained(error: BaseException) -> str:
    """Say in a line what is wrong, and little of what a server sent."""
    name = type(error).__name__
    for pattern, told in _TOLD:
        if pattern.search(str(error)):
            return told
    status = _STATUS.search(str(error))
    # The library has no class of its own for a list that is refused.
    if name in {"PermissionDeniedError", "UnauthenticatedError"} or (status and status[0][:3] in _REFUSED):
        return "refuses the credentials"
    if status:
        return f"answers {status[0]}"
    first = (str(error).strip().splitlines() or [name])[0]
    return f"cannot be used: {first[:_LONGEST_REASON]}"


def _size(content: Path | bytes) -> int:
    return len(content) if isinstance(content, bytes) else content.stat().st_size
