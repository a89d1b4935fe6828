"""Tests of pylayer.engines.docker.registries: which of the words of engines tell of what passes."""

from __future__ import annotations

import pytest

from pylayer.engines.docker.registries import after, passes


@pytest.mark.parametrize(
    "said",
    [
        "received unexpected HTTP status: 503 Service Unavailable",
        "received unexpected HTTP status: 500 Internal Server Error",
        "toomanyrequests: Rate exceeded",
        "unexpected status from HEAD request to http://localhost:5000/v2/t/manifests/1: 502 Bad Gateway",
        'Head "http://localhost:5000/v2/t/manifests/1": EOF',
        'Get "http://localhost:5000/v2/": dial tcp 127.0.0.1:5000: connect: connection refused',
        "read tcp 127.0.0.1:1->127.0.0.1:2: read: connection reset by peer",
        "dial tcp: lookup registry.example on 10.0.0.2:53: server misbehaving",
        "net/http: TLS handshake timeout",
        "EOF",
        "initializing source docker://t:1: received unexpected HTTP status: 503 Service Unavailable",
    ],
)
def test_what_may_be_otherwise_in_a_moment(said) -> None:
    """Overload, servers that start anew, and connections that break."""
    assert passes(said)


@pytest.mark.parametrize(
    "said",
    [
        "manifest for localhost:5000/t:1 not found: manifest unknown: manifest unknown",
        "unauthorized: authentication required",
        "pull access denied for t, repository does not exist or may require 'docker login'",
        "toomanyrequests: You have reached your unauthenticated pull rate limit.",
        "dial tcp: lookup registry.example on 10.0.0.2:53: no such host",
        'Get "https://localhost:5000/v2/": tls: failed to verify certificate: x509: unknown authority',
        "no matching manifest for linux/arm64/v8 in the manifest list entries",
    ],
)
def test_what_stays(said) -> None:
    """Trying again would only take time."""
    assert not passes(said)


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("toomanyrequests: retry-after: 1.5s, allowed: 44000/minute", 1.5),
        ("toomanyrequests: retry-after: 250ms, allowed: 44000/minute", 0.25),
        ("429 Too Many Requests (Retry-After: 7)", 7),
        ("toomanyrequests: Rate exceeded", None),
    ],
)
def test_when_to_come_back(said, seconds) -> None:
    """Some registries say it, and engines pass that on."""
    assert seconds == after(said)
