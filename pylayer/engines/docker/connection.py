"""Where an engine may be, as variables and Docker's own configuration say → a connection to it."""

from __future__ import annotations

from dataclasses import field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docker.constants import MINIMUM_DOCKER_API_VERSION
from docker.context import ContextAPI
from docker.errors import APIError, DockerException
from docker.tls import TLSConfig

from pylayer.dataclassing import dataclass
from pylayer.engines.docker import patience
from pylayer.engines.docker.patience import EngineClient, EnginePatience, SilentError
from pylayer.engines.docker.tunnels import Tunnel
from pylayer.errors import EngineError, Fault
from pylayer.targets import Architecture

if TYPE_CHECKING:
    from collections.abc import Mapping

# What an engine may raise through the SDK, whatever it was asked for.
DOCKER_ERRORS = (DockerException, OSError)

_CONNECT = 1.5  # seconds until a place to which no connection can be made counts as empty
_PATIENCE = 15.0  # until one that takes it and says nothing does: engines that sleep wake up for less
_PATIENCE_SSH = 15  # for a login
_AWAY = "start it and build again: what was built until then is kept"
_SILENT = "see what keeps it, or start it anew, and build again: what was built until then is kept"
_CURRENT = "currentContext in Docker's config.json"
_CONNECTIONS = 32  # kept open: about as many jobs as run at once


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One place where an engine may be: `options` are the SDK's, `why` says where the place comes from."""

    host: str
    why: str
    options: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.host} ({self.why})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """An engine that answers: the SDK's client, where it is, its version and its own architecture."""

    client: EngineClient
    endpoint: Endpoint
    version: str
    architecture: Architecture | None
    tunnel: Tunnel | None = None
    is_podman: bool = False

    def close(self) -> None:
        """End the way to it. Can be called twice."""
        self.client.close()
        if self.tunnel is not None:
            self.tunnel.close()


def connect(environ: Mapping[str, str], *, home: Path, host: str = "") -> Connection:
    """Connect to the engine at `host`; else to what Docker's command line would use, or Podman's.

    `environ` are the environment's variables. Raises EngineError, one fault for each place tried.
    """
    faults = []
    timeout = patience.wanted(environ)
    for endpoint in endpoints(environ, home=home, host=host):
        answer = _ask(endpoint, timeout=timeout)
        if isinstance(answer, Connection):
            return answer
        faults.append(Fault(what=f"no Docker Engine can be reached: {answer}", where=str(endpoint)))
    hint = "start Docker, or say where it is with DOCKER_HOST or DOCKER_CONTEXT"
    if host:
        hint = "start it, or say where it is: [engine.hosts] in layers.toml, or PYLAYER_DOCKER_HOSTS"
    faults[-1] = Fault(what=faults[-1].what, where=faults[-1].where, hint=hint)
    raise EngineError.of(faults)


def endpoints(environ: Mapping[str, str], *, home: Path, host: str = "") -> tuple[Endpoint, ...]:
    """List the places to try: the one that is configured, or else those where an engine usually is.

    A `host` is the address or the context of an engine that is no other's substitute.
    """
    if "://" in host:
        return (_at_address(host, "engine.hosts", environ, home=home),)
    if not host and (address := environ.get("DOCKER_HOST")):
        return (_at_address(address, "DOCKER_HOST", environ, home=home),)
    name = host or environ.get("DOCKER_CONTEXT")
    try:
        context = ContextAPI.get_context(name)
    except Exception as error:  # the SDK raises bare ones for a damaged file
        raise EngineError(
            f"the Docker context cannot be read: {error}", where=name or "current context"
        ) from error
    if context is None:
        raise EngineError(
            "there is no such Docker context",
            where=f"DOCKER_CONTEXT={name}" if name and not host else host or _CURRENT,
            hint="see `docker context ls`",
        )
    if context.Name != "default":
        address = context.Host or ""
        options = {"base_url": address, "tls": context.TLSConfig or False}
        return (Endpoint(host=address, why=f"context {context.Name}", options=options),)
    runtime = environ.get("XDG_RUNTIME_DIR", "")
    usual = [("/var/run/docker.sock", "Docker's default")]
    for path, why in (
        (f"{runtime}/docker.sock", "rootless Docker"),
        (f"{home}/.docker/run/docker.sock", "Docker Desktop"),
        (f"{runtime}/podman/podman.sock", "Podman"),
        ("/run/podman/podman.sock", "Podman"),
    ):
        if Path(path).exists():
            usual.append((path, why))
    return tuple(_at_socket(path, why) for path, why in usual)


def asking_briefly(connection: Connection, *, seconds: float) -> EngineClient:
    """A client of the same engine that waits no longer than some `seconds` for an answer."""
    endpoint, client = connection.endpoint, connection.client
    return _client(endpoint, version=client.api_version, patience=EnginePatience(seconds), most=seconds)


def is_away(error: BaseException) -> bool:
    """Say whether it was the engine itself that did not answer, or broke off."""
    lost = isinstance(error, ConnectionError) or (isinstance(error, OSError) and error.errno is None)
    return lost and not isinstance(error, DockerException)


def explain(error: BaseException) -> str:
    """Say in one line what an engine, or the way to it, said."""
    if isinstance(error, APIError) and error.explanation:
        return str(error.explanation).strip()
    text = str(error)
    for words in ("No such file or directory", "Permission denied", "Connection refused", "timed out"):
        if words.lower() in text.lower():
            return words
    return text.strip() or type(error).__name__


def failure(error: BaseException, *, where: str = "") -> EngineError:
    """Give the error for what an engine that answered before said now, or for one that answers no more."""
    if is_away(error):
        # Not where: that it is gone is said once, however much was under way.
        hint = _SILENT if isinstance(error, SilentError) else _AWAY
        return EngineError(f"the Docker Engine answers no more: {explain(error)}", hint=hint)
    return EngineError(f"the Docker Engine says: {explain(error)}", where=where)


def _tls(environ: Mapping[str, str], *, home: Path) -> TLSConfig | None:
    """Give the certificates for DOCKER_HOST where variables ask for TLS, as Docker's command line finds them.

    A client's own certificate may be absent, as engines need not ask for one. Raises EngineError where what
    the engine is verified by is not there.
    """
    verify, named = bool(environ.get("DOCKER_TLS_VERIFY")), environ.get("DOCKER_CERT_PATH")
    if not (verify or named):
        return None
    folder = Path(named or environ.get("DOCKER_CONFIG") or home / ".docker")
    authority, certificate, key = (folder / f"{name}.pem" for name in ("ca", "cert", "key"))
    if verify and not authority.is_file():
        raise EngineError(
            f"the engine must be verified with {authority}, which does not exist",
            where="DOCKER_TLS_VERIFY",
            hint="say where ca.pem is with DOCKER_CERT_PATH, or unset DOCKER_TLS_VERIFY",
        )
    own = (str(certificate), str(key)) if certificate.is_file() and key.is_file() else None
    return TLSConfig(client_cert=own, ca_cert=str(authority), verify=verify)


def _at_address(address: str, why: str, environ: Mapping[str, str], *, home: Path) -> Endpoint:
    tls = _tls(environ, home=home) if not address.startswith(("unix:", "ssh:")) else None
    options: dict[str, Any] = {"base_url": address} | ({"tls": tls} if tls else {})
    return Endpoint(host=address, why=why, options=options)


def _at_socket(path: str, why: str) -> Endpoint:
    return Endpoint(host=f"unix://{path}", why=why, options={"base_url": f"unix://{path}"})


def _ask(endpoint: Endpoint, *, timeout: float) -> Connection | str:
    """Connect, or say why not; raises EngineError where ssh does not come that far.

    What does answer may take its time afterwards, as Podman does on a busy machine.
    """
    tunnel = None
    if endpoint.host.startswith("ssh:"):
        tunnel = Tunnel(endpoint.host, seconds=_PATIENCE_SSH)
        endpoint = replace(endpoint, options={"base_url": f"unix://{tunnel.socket}"})
    answer = _ping(endpoint, seconds=min(timeout, _PATIENCE)) or _connect(endpoint, timeout=timeout)
    if isinstance(answer, Connection):
        return replace(answer, tunnel=tunnel)
    if tunnel:
        answer = tunnel.complaint() or answer
        tunnel.close()
    return answer


def _ping(endpoint: Endpoint, *, seconds: float) -> str:
    """Say why an endpoint does not answer; nothing where it does, be it with an error."""
    asked = _client(
        endpoint,
        version=MINIMUM_DOCKER_API_VERSION,
        patience=EnginePatience(seconds),
        most=seconds,
        connecting=_CONNECT,
    )
    try:
        asked.ping()
    except APIError:
        pass  # a new engine does not know the oldest version of the API, say
    except DOCKER_ERRORS as error:
        return explain(error)
    return ""


def _connect(endpoint: Endpoint, *, timeout: float) -> Connection | str:
    try:
        client = _client(endpoint, version="auto", patience=EnginePatience(timeout))
        version = client.version()
        machine = version.get("Arch") or client.info()["Architecture"]
    except DOCKER_ERRORS as error:
        return explain(error)
    return Connection(
        client=client,
        endpoint=endpoint,
        version=version.get("Version", "?"),
        architecture=Architecture.of_machine(machine),
        is_podman=any(each.get("Name") == "Podman Engine" for each in version.get("Components") or ()),
    )


def _client(endpoint: Endpoint, *, version: str, patience: EnginePatience, **options: float) -> EngineClient:
    made = partial(EngineClient, **endpoint.options)
    return made(version=version, patience=patience, max_pool_size=_CONNECTIONS, **options)
