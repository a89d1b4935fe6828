"""Requests: who logs in where, and what is tried again."""

from __future__ import annotations

import gzip
import socket
import threading
import time
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import suppress

import pytest
from factories.localindex import Answer, serving
from factories.wheels import make_wheel

from pylayer.errors import DownloadError
from pylayer.index.indexes import Index, IndexSettings
from pylayer.index.transfers import stop_all
from pylayer.index.web import NotFoundError, TransientError, Web, server

FILE = "example-1.0-py3-none-any.whl"


@pytest.fixture
def index(tmp_path):
    """An index with one wheel."""
    make_wheel(tmp_path / "files")
    with serving(tmp_path / "files") as index:
        yield index


def web(tmp_path, *indexes, **env):
    """A Web that waits a hundredth of a second at first."""
    return Web(IndexSettings(indexes=indexes, env={"HOME": str(tmp_path), **env}), pause=0.01)


def read(web, url):
    """The whole of a reply."""

    def ask():
        with web.get(url, headers={}) as reply:
            return b"".join(reply.chunks())

    return web.persist(ask, where="there")


def test_gives_what_a_server_has(index, tmp_path):
    """The body as it was sent."""
    with web(tmp_path) as client:
        assert (index.folder / FILE).read_bytes() == read(client, f"{index.root}/files/{FILE}")


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_tries_again_after_a_passing_fault(index, tmp_path, status):
    """The server may be well the next time."""
    path = f"/files/{FILE}"
    index.answers[path] = [Answer(status=status), Answer(cut=10), Answer(cut=10, reset=True)]
    with web(tmp_path) as client:
        assert (index.folder / FILE).read_bytes() == read(client, index.root + path)
    assert [path] * 4 == index.paths()


def test_gives_up_in_the_end(index, tmp_path):
    """As often as UV_HTTP_RETRIES says, and it says so."""
    path = f"/files/{FILE}"
    index.answers[path] = [Answer(status=503)] * 9
    with web(tmp_path, UV_HTTP_RETRIES="2") as client, pytest.raises(DownloadError) as error:
        read(client, index.root + path)
    assert 3 == len(index.paths())
    assert "there: the server answered 503; tried 3 times" in str(error.value)


@pytest.mark.parametrize(
    ("value", "expected"), [("1", 1.0), ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0), ("soon", None)]
)
def test_reads_how_long_a_server_wants_to_rest(index, tmp_path, value, expected):
    """In seconds or as a date; what is neither is ignored."""
    path = f"/files/{FILE}"
    index.answers[path] = [Answer(status=429, headers={"Retry-After": value})]
    with (
        web(tmp_path) as client,
        pytest.raises(TransientError) as error,
        client.get(index.root + path, headers={}),
    ):
        pass
    assert expected == error.value.after


def test_waits_as_long_as_a_server_asks(index, tmp_path):
    """Retry-After counts, not our own pause."""
    path = f"/files/{FILE}"
    index.answers[path] = [Answer(status=429, headers={"Retry-After": "1"})]
    began = time.monotonic()
    with web(tmp_path) as client:
        read(client, index.root + path)
    assert time.monotonic() - began >= 1


def test_tries_no_more_where_nothing_is(index, tmp_path):
    """A 404 stays one."""
    with web(tmp_path) as client, pytest.raises(NotFoundError):
        read(client, f"{index.root}/files/other.whl")
    assert 1 == len(index.asked)


@pytest.mark.parametrize(
    ("address", "expected"), [("url_with", "refused the credentials (401)"), ("url", "asks for")]
)
def test_says_whether_credentials_are_wrong_or_missing(index, tmp_path, address, expected):
    """And where they are taken from; they themselves are never shown."""
    index.login = ("me", "right")
    url = index.url if address == "url" else index.url_with("me", "wr0ng")
    with web(tmp_path, Index.at(url)) as client, pytest.raises(DownloadError) as error:
        read(client, f"{index.root}/files/{FILE}")
    assert expected in str(error.value)
    assert "netrc" in str(error.value)
    assert "wr0ng" not in str(error.value)
    assert 1 == len(index.asked)


def test_logs_in_where_the_index_is(index, tmp_path):
    """With what the address held."""
    index.login = ("me", "s3cret ü")
    with web(tmp_path, Index.at(index.url_with("me", "s3cret%20%C3%BC"))) as client:
        assert read(client, f"{index.root}/files/{FILE}")


def test_drops_credentials_on_the_way_to_another_host(index, tmp_path):
    """A redirect to elsewhere, a CDN say, is followed without them."""
    target = f"http://localhost:{index.address.partition(':')[2]}/files/{FILE}"
    index.answers["/elsewhere"] = [Answer(status=302, headers={"Location": target})]
    with web(tmp_path, Index.at(index.url_with("me", "s3cret"))) as client:
        assert read(client, f"{index.root}/elsewhere")
    assert [True, False] == ["Authorization" in each.headers for each in index.asked]


def test_sends_no_cookie_back(index, tmp_path):
    """Nothing that a server sets follows from one file to the next."""
    index.answers["/a"] = [Answer(status=302, headers={"Location": f"/files/{FILE}", "Set-Cookie": "a=b"})]
    with web(tmp_path) as client:
        read(client, f"{index.root}/a")
        read(client, f"{index.root}/files/{FILE}")
    assert [False] == ["Cookie" in each.headers for each in index.asked[2:]]


def test_says_that_a_server_cannot_be_reached(tmp_path):
    """With the reason in words, and no address of ours in it."""
    with web(tmp_path, UV_HTTP_RETRIES="0") as client, pytest.raises(DownloadError) as error:
        read(client, "http://127.0.0.1:9/simple/")
    assert "there: cannot be reached (Connection refused); tried once" in str(error.value)


def test_asks_nobody_where_uv_must_not(index, tmp_path):
    """UV_OFFLINE is for all of us."""
    client = Web(IndexSettings(offline=True, env={"HOME": str(tmp_path)}))
    with client, pytest.raises(DownloadError, match="UV_OFFLINE"):
        read(client, f"{index.root}/files/{FILE}")
    assert [] == index.asked


def test_ends_waits_when_it_is_stopped(index, tmp_path):
    """An interrupted run does not wait for a server's rest."""
    path = f"/files/{FILE}"
    index.answers[path] = [Answer(status=503, headers={"Retry-After": "50"})] * 9
    began = time.monotonic()
    with web(tmp_path) as client, ThreadPoolExecutor(1) as pool:
        task = pool.submit(read, client, index.root + path)
        threading.Timer(0.2, stop_all).start()
        assert isinstance(task.exception(), CancelledError)
    assert time.monotonic() - began < 20


def test_names_a_server_without_its_credentials():
    """As errors show it."""
    assert "index.example:8443" == server("https://me:pw@index.example:8443/simple?a=b")


@pytest.mark.timeout(60)
def test_waits_for_no_transfer_that_hardly_moves(index, tmp_path):
    """A byte now and then keeps a socket's own timeout from ever ending."""
    path = f"/files/{FILE}"
    index.answers[path] = [Answer(trickle=0.01)] * 2
    settings = IndexSettings(env={"HOME": str(tmp_path), "UV_HTTP_RETRIES": "1"})
    with (
        Web(settings, pause=0.01, patience=0.1) as client,
        pytest.raises(DownloadError, match=r"the transfer hardly moves: \d+ bytes in 0 s; tried 2 times"),
    ):
        read(client, index.root + path)


def test_reads_no_page_without_end(index, tmp_path):
    """Of a few bytes on the way, gigabytes can be made."""
    path = f"/files/{FILE}"
    packed = gzip.compress(bytes(130 << 20), 9)
    index.answers[path] = [Answer(body=packed, headers={"Content-Encoding": "gzip"})]
    with (
        web(tmp_path) as client,
        client.get(index.root + path, headers={}) as reply,
        pytest.raises(DownloadError, match="sent a page of more than 128 MiB"),
    ):
        reply.text()


@pytest.mark.timeout(60)
def test_follows_no_redirects_without_end(index, tmp_path):
    """From one address to the next, and back."""
    index.answers["/round"] = [Answer(status=302, headers={"Location": "/round"})] * 99
    with (
        web(tmp_path) as client,
        pytest.raises(DownloadError, match="led from one address to the next 10 times"),
    ):
        read(client, f"{index.root}/round")
    assert 11 == len(index.paths("/round"))


@pytest.mark.timeout(60)
def test_reads_no_more_beside_a_redirect_than_belongs_there(index, tmp_path):
    """Neither gigabytes nor what never ends."""
    target = {"Location": f"/files/{FILE}"}
    index.answers["/large"] = [Answer(status=302, headers=target, body=bytes(1 << 26))]
    index.answers["/small"] = [Answer(status=302, headers=target, body=b"See there.")]
    index.answers["/slow"] = [Answer(status=302, headers=target, body=bytes(999), trickle=0.05)]
    with web(tmp_path) as client:
        assert read(client, f"{index.root}/large") == read(client, f"{index.root}/small")
    settings = IndexSettings(env={"HOME": str(tmp_path), "UV_HTTP_RETRIES": "0"})
    with Web(settings, patience=0.3) as client, pytest.raises(DownloadError, match="hardly moves"):
        read(client, f"{index.root}/slow")


@pytest.mark.timeout(60)
def test_waits_for_no_head_that_hardly_moves(tmp_path):
    """A header line now and then keeps a socket's own timeout from ever ending, before any body."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def drip():
            connection, _ = listening.accept()
            with connection, suppress(OSError):
                connection.sendall(b"HTTP/1.1 200 OK\r\n")
                while True:
                    connection.sendall(b"X-More: 1\r\n")
                    time.sleep(0.05)

        threading.Thread(target=drip, daemon=True).start()
        settings = IndexSettings(env={"HOME": str(tmp_path), "UV_HTTP_RETRIES": "0"})
        port = listening.getsockname()[1]
        with (
            Web(settings, patience=0.5) as client,
            pytest.raises(DownloadError, match="no answer within"),
        ):
            read(client, f"http://127.0.0.1:{port}/x")
