"""Tests of pylayer.engines.docker.connection, with endpoints that are no Docker Engine."""

from __future__ import annotations

import hashlib
import json
import socket
import ssl
import tempfile
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest
import trustme

from pylayer.engines.docker.connection import connect, endpoints
from pylayer.errors import EngineError
from pylayer.targets import Architecture

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

VERSION = {"ApiVersion": "1.52", "Version": "29.1.0", "Arch": "arm64"}


@contextmanager
def answering(
    version: Mapping[str, object],
    *,
    slow: float = 0,
    tls: trustme.LeafCert | None = None,
    asked: list[str] | None = None,
):
    """Yield the host of an engine that knows its version, after `slow` seconds, and nothing else.

    What it was `asked` for comes into that list.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known = self.path.endswith("/version")
            if asked is not None:
                asked.append(self.path)
            time.sleep(slow if known else 0)
            content = json.dumps(version if known else {"message": "client is too old"}).encode()
            self.send_response(200 if known else 400)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.configure_cert(context)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"tcp://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def config(tmp_path, monkeypatch):
    """An empty folder of Docker's configuration; the SDK is told of it as Docker's command line would be."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    (tmp_path / "config.json").write_text("{}")
    return tmp_path


def add_context(config: Path, name: str, host: str) -> None:
    """Do what `docker context create` does."""
    folder = config / "contexts" / "meta" / hashlib.sha256(name.encode()).hexdigest()
    folder.mkdir(parents=True)
    meta = {"Name": name, "Metadata": {}, "Endpoints": {"docker": {"Host": host, "SkipTLSVerify": False}}}
    (folder / "meta.json").write_text(json.dumps(meta))


def hosts(environ: dict[str, str], home: Path) -> list[str]:
    """List the hosts that are tried."""
    return [endpoint.host for endpoint in endpoints(environ, home=home)]


def test_docker_host_is_the_only_one(config) -> None:
    """With DOCKER_HOST, nothing else is tried."""
    assert ["tcp://10.0.0.1:2375"] == hosts(
        {"DOCKER_HOST": "tcp://10.0.0.1:2375", "DOCKER_CONTEXT": "a"}, config
    )


def test_context_of_the_variable(config) -> None:
    """DOCKER_CONTEXT names the context."""
    add_context(config, "far", "tcp://10.0.0.2:2375")
    assert ["tcp://10.0.0.2:2375"] == hosts({"DOCKER_CONTEXT": "far"}, config)


def test_current_context(config) -> None:
    """Without variables, the context that `docker context use` chose counts."""
    add_context(config, "far", "tcp://10.0.0.3:2375")
    (config / "config.json").write_text('{"currentContext": "far"}')
    assert ["tcp://10.0.0.3:2375"] == hosts({}, config)


def test_context_that_is_not_there(config) -> None:
    """A context that does not exist is an error, and not the default one."""
    with pytest.raises(EngineError, match="DOCKER_CONTEXT=gone: there is no such Docker context"):
        connect({"DOCKER_CONTEXT": "gone"}, home=config)


def test_podman_comes_last(config, tmp_path) -> None:
    """Where nothing is configured, sockets of other engines are tried after Docker's, if they are there."""
    podman = tmp_path / "run" / "podman" / "podman.sock"
    podman.parent.mkdir(parents=True)
    podman.touch()
    tried = hosts({"XDG_RUNTIME_DIR": str(tmp_path / "run")}, tmp_path)
    assert ["unix:///var/run/docker.sock", f"unix://{podman}"] == tried[:2]


def test_engine_that_answers(config) -> None:
    """Its version and architecture are known, asked for once, also where it refuses an old API."""
    asked: list[str] = []
    with answering(VERSION, asked=asked) as host:
        found = connect({"DOCKER_HOST": host}, home=config)
    assert ("29.1.0", Architecture.ARM64) == (found.version, found.architecture)
    assert 1 == [path.rpartition("/")[2] for path in asked].count("version")


def test_slow_engine_is_waited_for(config) -> None:
    """An engine that is there but busy may take its time."""
    with answering({"ApiVersion": "1.41", "Version": "20.10", "Arch": "amd64"}, slow=2) as host:
        assert "20.10" == connect({"DOCKER_HOST": host}, home=config).version


def test_nothing_there(config) -> None:
    """Where nothing answers, the error says what was tried, why, and what to do."""
    with pytest.raises(EngineError) as raised:
        connect({"DOCKER_HOST": "unix:///nonexistent.sock"}, home=config)
    expected = (
        "unix:///nonexistent.sock (DOCKER_HOST): no Docker Engine can be reached: No such file or directory\n"
        "    start Docker, or say where it is with DOCKER_HOST or DOCKER_CONTEXT"
    )
    assert expected == str(raised.value)


def test_silence_is_not_waited_out(config) -> None:
    """A socket behind which nobody speaks counts as no engine after as long as one may be silent."""
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as silent:
        silent.bind(f"{folder}/s")
        silent.listen()
        began = time.monotonic()
        with pytest.raises(EngineError, match="no Docker Engine can be reached"):
            connect({"DOCKER_HOST": f"unix://{folder}/s", "PYLAYER_ENGINE_TIMEOUT": "1"}, home=config)
        assert time.monotonic() - began < 2


@pytest.fixture
def authority(config):
    """A certificate authority, whose certificate is where Docker's command line looks for it."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(config / "ca.pem")
    return authority


def test_an_engine_is_verified_by_its_own_authority(config, authority, tmp_path, monkeypatch) -> None:
    """Whatever bundle other servers are verified by; a client's certificate is not always asked for."""
    others = tmp_path / "others.pem"
    trustme.CA().cert_pem.write_to_path(others)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(others))
    with answering(VERSION, tls=authority.issue_cert("127.0.0.1")) as host:
        environ = {"DOCKER_HOST": host, "DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": str(config)}
        assert "29.1.0" == connect(environ, home=tmp_path).version


def test_an_engine_of_another_authority_is_none(config, authority) -> None:
    """It may be anybody's."""
    with answering(VERSION, tls=trustme.CA().issue_cert("127.0.0.1")) as host:
        environ = {"DOCKER_HOST": host, "DOCKER_TLS_VERIFY": "1", "DOCKER_CONFIG": str(config)}
        with pytest.raises(EngineError, match="CERTIFICATE_VERIFY_FAILED"):
            connect(environ, home=config)


def test_certificates_that_are_not_there(config, tmp_path) -> None:
    """It is said which, and what to do."""
    environ = {"DOCKER_HOST": "tcp://10.0.0.1:2376", "DOCKER_TLS_VERIFY": "1"}
    with pytest.raises(
        EngineError, match=r"verified with .*\.docker/ca\.pem, which does not exist"
    ) as raised:
        connect(environ, home=tmp_path)
    assert "DOCKER_CERT_PATH" in raised.value.faults[0].hint


def test_a_socket_takes_no_certificates(config) -> None:
    """A machine may have the variables for engines elsewhere."""
    assert ["unix:///s"] == hosts({"DOCKER_HOST": "unix:///s", "DOCKER_TLS_VERIFY": "1"}, config)


def test_a_host_of_its_own_is_no_other_s_substitute(config) -> None:
    """Neither DOCKER_HOST nor the current context counts for it."""
    add_context(config, "far", "tcp://10.0.0.2:2375")
    environ = {"DOCKER_HOST": "tcp://10.0.0.1:2375", "DOCKER_CONTEXT": "gone"}
    found = [
        endpoint.host
        for host in ("ssh://builder-arm", "far")
        for endpoint in endpoints(environ, home=config, host=host)
    ]
    assert ["ssh://builder-arm", "tcp://10.0.0.2:2375"] == found
    with pytest.raises(EngineError, match="nobody: there is no such Docker context"):
        connect(environ, home=config, host="nobody")


def test_a_host_that_is_not_there(config) -> None:
    """It is said where it was named."""
    with pytest.raises(EngineError, match=r"unix:///nonexistent.sock \(engine.hosts\)") as raised:
        connect({}, home=config, host="unix:///nonexistent.sock")
    assert "PYLAYER_DOCKER_HOSTS" in raised.value.faults[0].hint
