"""The environment → the certificate authorities (CAs) that its variables name, the first one counting."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

CA_VARIABLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
CA_HINT = f"name the file with your CA's certificate in the variable {CA_VARIABLES[0]}"


def ca_variable(env: Mapping[str, str]) -> str | None:
    """Give the name of the variable that says which CA to trust; uv knows the first of them alone."""
    return next((name for name in CA_VARIABLES if env.get(name)), None)
