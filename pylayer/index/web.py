"""An address → its reply, asked for with the right credentials, CA and proxies, and again if that may help.

The only module that opens connections to an index.
"""

from __future__ import annotations

import random
import socket
import threading
import time
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, Any, Self, TypeVar
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase, HTTPBasicAuth
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from pylayer.authorities import CA_HINT
from pylayer.errors import DownloadError
from pylayer.index import transfers
from pylayer.index.logins import LOGIN_HINT, Logins
from pylayer.index.tls import tls_context

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator, Mapping

    from pylayer.index.indexes import IndexSettings, Login

T = TypeVar("T")

_CONNECT = 10.0  # seconds
_LONGEST_PAUSE = 10.0
_LONGEST_RETRY_AFTER = 60.0  # seconds: a server that asks for more is as good as away
_CHUNK = 1 << 18
_LONGEST_PAGE = 128 << 20  # bytes: the public index's longest has a tenth of that
_PATIENCE = 60.0  # seconds in which so much comes as
_SLOWEST = 1 << 10  # bytes in each: a socket's own timeout begins anew with every byte
_MOST_REDIRECTS = 10
_LONGEST_ASIDE = 1 << 16  # bytes beside a redirect: more, and its connection is given up


class NotFoundError(DownloadError):
    """The server has nothing at this address."""


class TransientError(Exception):
    """What may go well the next time; `after` is how many seconds the server asks to wait."""

    def __init__(self, reason: str, *, after: float | None = None) -> None:
        super().__init__(reason)
        self.after = after


class Reply:
    """A reply whose head has arrived: `status` is 200, 206 or 416; `url` is where redirects ended."""

    def __init__(self, response: requests.Response, stopped: threading.Event, *, patience: float) -> None:
        self._response = response
        self._stopped = stopped
        self._patience = patience
        self.status = response.status_code
        self.headers: Mapping[str, str] = response.headers
        self.url = str(response.url)

    def chunks(self) -> Iterator[bytes]:
        """Yield the body as it was sent: no content encoding is undone."""
        return self._pieces(decoded=False)

    def text(self) -> str:
        """Read the whole body of a page, which is UTF-8. Raises DownloadError for one beyond all bounds."""
        body = bytearray()
        for piece in self._pieces(decoded=True):
            body += piece
            if len(body) > _LONGEST_PAGE:
                what = f"sent a page of more than {_LONGEST_PAGE >> 20} MiB"
                raise DownloadError(what, where=server(self.url), hint="no index needs as much for one name")
        return body.decode(errors="replace")

    def _pieces(self, *, decoded: bool) -> Iterator[bytes]:
        """Yield the body as it comes in; raises TransientError where it breaks off, or hardly moves."""
        began, received = time.monotonic(), 0
        try:
            while piece := self._response.raw.read1(_CHUNK, decode_content=decoded):
                if self._stopped.is_set():
                    raise CancelledError
                yield piece
                received += len(piece)
                if (passed := time.monotonic() - began) > self._patience:
                    if received < _SLOWEST * passed:
                        raise TransientError(f"the transfer hardly moves: {received} bytes in {passed:.0f} s")
                    began, received = time.monotonic(), 0
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise TransientError(f"the transfer broke off ({_reason(error)})") from error


class Web:
    """Connections to indexes, kept open and shared; safe to use from several threads.

    `pause` is in seconds, and doubles after each passing fault. How often and how long to try are uv's
    variables UV_HTTP_RETRIES and UV_HTTP_TIMEOUT; `patience`, in seconds, bears with what hardly moves.
    """

    def __init__(
        self,
        settings: IndexSettings,
        *,
        connections: int = 16,
        pause: float = 0.5,
        patience: float = _PATIENCE,
    ) -> None:
        self._settings = settings
        self._logins = Logins(settings)
        self._pause = pause
        self._patience = patience
        self._tries = 1 + _number(settings.env.get("UV_HTTP_RETRIES"), 3)
        self._timeout = (_CONNECT, float(_number(settings.env.get("UV_HTTP_TIMEOUT"), 30)))
        self._stopped = threading.Event()
        self._open: set[requests.Response] = set()
        transfers.noted(self)
        self._session = _Session(self._stopped, patience=patience)
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        adapter = _Adapter(
            tls_context(settings.env, default=DEFAULT_CA_BUNDLE_PATH),
            patience=patience,
            pool_connections=connections,
            pool_maxsize=connections,
        )
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def stop(self) -> None:
        """End every transfer and every wait of other threads, which get CancelledError."""
        self._stopped.set()
        for response in tuple(self._open):
            with suppress(ValueError, RuntimeError, OSError):  # it ended just now
                response.raw.shutdown()

    def persist(self, attempt: Callable[[], T], *, where: str) -> T:
        """Give what `attempt` gives, trying again after a TransientError; DownloadError when it stays."""
        for number in range(self._tries):
            if self._stopped.is_set():
                raise CancelledError
            try:
                return attempt()
            except TransientError as error:
                last = error
            if number + 1 < self._tries:
                self._stopped.wait(self._wait(number, last.after))
        times = f"{self._tries} times" if self._tries > 1 else "once"
        raise DownloadError(f"{last}; tried {times}", where=where, hint="try again once the server works")

    @contextmanager
    def get(self, url: str, *, headers: Mapping[str, str]) -> Iterator[Reply]:
        """Ask once. Raises TransientError, NotFoundError, or DownloadError for what will not change."""
        if self._settings.offline:
            raise DownloadError("is needed, but UV_OFFLINE forbids the network", where=server(url))
        if self._stopped.is_set():
            raise CancelledError
        login = self._logins.of(url)
        with self._send(url, headers=headers, login=login) as response:
            self._open.add(response)
            try:
                _check(response, login=login)
                yield Reply(response, self._stopped, patience=self._patience)
            finally:
                self._open.discard(response)

    def _send(self, url: str, *, headers: Mapping[str, str], login: Login | None) -> requests.Response:
        where = server(url)
        try:
            return self._session.get(
                url, headers=dict(headers), auth=_Auth(login), stream=True, timeout=self._timeout
            )
        except requests.exceptions.SSLError as error:
            raise DownloadError(
                f"its certificate is not trusted ({_reason(error)})",
                where=where,
                hint=CA_HINT,
            ) from error
        except requests.exceptions.ProxyError as error:
            raise TransientError(f"the proxy cannot be used ({_reason(error)})") from error
        except requests.Timeout as error:
            raise TransientError(f"no answer within {self._timeout[1]:g} s") from error
        except requests.ConnectionError as error:
            raise TransientError(f"cannot be reached ({_reason(error)})") from error
        except requests.TooManyRedirects as error:
            raise DownloadError(
                f"led from one address to the next {_MOST_REDIRECTS} times", where=where
            ) from error
        except requests.RequestException as error:
            raise DownloadError(f"cannot be queried ({type(error).__name__})", where=where) from error

    def _wait(self, number: int, after: float | None) -> float:
        if after is not None:
            return min(after, _LONGEST_RETRY_AFTER)
        # Spread, so that parallel transfers do not come back as one.
        return min(self._pause * (1 << number), _LONGEST_PAUSE) * random.uniform(0.75, 1.25)  # noqa: S311


def server(url: str) -> str:
    """Name the server of an address as errors do: host and port."""
    return urlsplit(url).netloc.rpartition("@")[2]


class _HeadInTime:
    """Ends a connection on which a reply's head takes too long: a timeout begins anew with every byte."""

    head_within: float
    _overdue = False

    def getresponse(self) -> Any:
        timer = threading.Timer(self.head_within, self._end)
        timer.daemon = True
        timer.start()
        try:
            response = super().getresponse()  # type: ignore[misc]
        except OSError as error:
            if self._overdue:  # how the other side takes its end
                raise TimeoutError from error
            raise
        finally:
            timer.cancel()
        if self._overdue:  # an end among the headers passes for the end of the headers
            response.close()
            raise TimeoutError
        return response

    def _end(self) -> None:
        self._overdue = True
        connection: socket.socket | None = self.sock  # type: ignore[attr-defined]
        if connection is not None:
            with suppress(OSError):
                socket.socket.shutdown(connection, socket.SHUT_RDWR)


class _Auth(AuthBase):
    """Sends a login, or none: without this, requests would look into netrc by itself."""

    def __init__(self, login: Login | None) -> None:
        self._login = login

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._login:
            basic = HTTPBasicAuth(self._login.username.encode(), (self._login.password or "").encode())
            basic(request)
        return request


class _Session(requests.Session):
    """Reads no more of what comes beside a redirect than belongs there; requests would read all of it."""

    def __init__(self, stopped: threading.Event, *, patience: float) -> None:
        super().__init__()
        self.max_redirects = _MOST_REDIRECTS
        self._stopped = stopped
        self._patience = patience

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        target = super().get_redirect_target(resp)
        if target is not None:
            received = 0
            try:
                for piece in Reply(resp, self._stopped, patience=self._patience).chunks():
                    received += len(piece)
                    if received > _LONGEST_ASIDE:
                        resp.raw.close()
                        break
            except BaseException:
                resp.close()
                raise
            resp._content, resp._content_consumed = b"", True  # type: ignore[attr-defined]  # noqa: SLF001
        return target


class _Adapter(HTTPAdapter):
    """Uses one TLS context for all connections: reading a CA bundle takes longer than a small download.

    The head of each reply has `patience` seconds to come.
    """

    def __init__(self, context: ssl.SSLContext, *, patience: float, **options: Any) -> None:
        self._context = context
        self._patience = patience
        super().__init__(**options)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self._context, **options)
        self._bound(self.poolmanager)

    def proxy_manager_for(self, *args: Any, **options: Any) -> Any:
        return self._bound(super().proxy_manager_for(*args, ssl_context=self._context, **options))

    def _bound(self, manager: Any) -> Any:
        patience = self._patience

        class PlainConnection(_HeadInTime, HTTPConnection):
            head_within = patience

        class SecureConnection(_HeadInTime, HTTPSConnection):
            head_within = patience

        class Pool(HTTPConnectionPool):
            ConnectionCls = PlainConnection

        class SecurePool(HTTPSConnectionPool):
            ConnectionCls = SecureConnection

        manager.pool_classes_by_scheme = {"http": Pool, "https": SecurePool}
        return manager

    def build_connection_pool_key_attributes(self, request: Any, verify: Any, cert: Any = None) -> Any:  # noqa: ARG002
        return super().build_connection_pool_key_attributes(request, True, cert)  # noqa: FBT003

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Leave it to the context."""


def _check(response: requests.Response, *, login: Login | None) -> None:
    """Sort out every status but those that a Reply may have."""
    status, where = response.status_code, server(str(response.url))
    if status in {200, 206, 416}:
        return
    if status in {404, 410}:
        raise NotFoundError(f"does not exist there ({status})", where=where)
    if status in {401, 403}:
        what = f"refused the credentials ({status})" if login else f"asks for credentials ({status})"
        raise DownloadError(what, where=where, hint=LOGIN_HINT)
    if status in {408, 425, 429} or status >= 500:
        raise TransientError(f"the server answered {status}", after=_retry_after(response))
    raise DownloadError(f"the server answered {status}", where=where)


def _retry_after(response: requests.Response) -> float | None:
    """Read Retry-After: seconds or a date (RFC 9110, 10.2.3)."""
    text = response.headers.get("Retry-After", "").strip()
    if text.isdecimal():
        return float(text)
    try:
        return max(0.0, (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None


def _reason(error: BaseException) -> str:
    """Say what lies at the bottom of an error of requests; its own text may hold an address."""
    seen = error
    while True:
        causes = (getattr(seen, "reason", None), seen.__cause__, *seen.args)
        inner = next((each for each in causes if isinstance(each, BaseException)), None)
        if inner is None:
            break
        seen = inner
    if isinstance(seen, OSError) and seen.strerror:
        return seen.strerror
    return type(seen).__name__


def _number(text: str | None, default: int) -> int:
    return int(text) if text and text.isdecimal() else default
