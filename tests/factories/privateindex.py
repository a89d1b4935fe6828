"""A folder of distributions → a pypiserver behind TLS with a CA of its own, that asks for a password."""

from __future__ import annotations

import ssl
import threading
from contextlib import contextmanager
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pypiserver
import trustme

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

USERNAME = "reader"
PASSWORD = "pa55-w0rd/ü"
QUOTED = "pa55-w0rd%2F%C3%BC"


class PrivateIndex:
    """Where it is, and the file with the certificate of its CA."""

    def __init__(self, server: WSGIServer, ca: Path) -> None:
        self.server = server
        self.ca = ca

    @property
    def address(self) -> str:
        """Host and port."""
        return f"localhost:{self.server.server_port}"

    @property
    def url(self) -> str:
        """The address of the index."""
        return f"https://{self.address}/simple/"


@contextmanager
def private_index(
    folder: Path, *, ca: Path, username: str = USERNAME, password: str = PASSWORD
) -> Iterator[PrivateIndex]:
    """Serve `folder` for the length of a block; the CA's certificate is written to `ca`."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(ca))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    app = pypiserver.app(
        roots=[folder],
        authenticate=["download", "list", "update"],
        auther=lambda *given: given == (username, password),
        disable_fallback=True,
    )
    server = make_server("127.0.0.1", 0, app, server_class=_Server, handler_class=_Quiet)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield PrivateIndex(server, ca)
    finally:
        server.shutdown()
        server.server_close()


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that do not trust us."""


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""
