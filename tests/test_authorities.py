"""Which CA the environment names."""

from __future__ import annotations

import pytest

from pylayer.authorities import ca_variable


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ({}, None),
        ({"CURL_CA_BUNDLE": "c", "REQUESTS_CA_BUNDLE": "r", "SSL_CERT_FILE": "s"}, "SSL_CERT_FILE"),
        ({"CURL_CA_BUNDLE": "c", "REQUESTS_CA_BUNDLE": "r", "SSL_CERT_FILE": ""}, "REQUESTS_CA_BUNDLE"),
    ],
)
def test_knows_the_usual_variables(env, expected):
    """The one of uv comes first, so that both of us trust the same."""
    assert expected == ca_variable(env)
