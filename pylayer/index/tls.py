"""The variables that name certificates → one TLS context for all connections."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import TYPE_CHECKING

from pylayer.authorities import ca_variable
from pylayer.errors import DownloadError

if TYPE_CHECKING:
    from collections.abc import Mapping


def tls_context(env: Mapping[str, str], *, default: str) -> ssl.SSLContext:
    """Trust what uv would: the CA that the environment names, else the system's and the bundle `default`.

    Raises DownloadError where a file that is named cannot be used.
    """
    variable = ca_variable(env)
    try:
        if variable:
            place = Path(env[variable])
            options = {"capath": place} if place.is_dir() else {"cafile": place}
            context = ssl.create_default_context(**options)  # type: ignore[arg-type]
        else:
            context = ssl.create_default_context()
            context.load_verify_locations(default)
        if client := env.get("SSL_CLIENT_CERT"):
            context.load_cert_chain(client)
    except (OSError, ssl.SSLError) as error:
        raise DownloadError(
            f"the certificates cannot be read ({error.strerror or error})",
            where=variable or "SSL_CLIENT_CERT",
            hint="name a file of PEM certificates there, or unset the variable",
        ) from error
    # Python 3.13 became stricter than uv: many a company's own CA lacks a key identifier.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context
