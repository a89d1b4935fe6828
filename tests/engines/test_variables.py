"""Tests of pylayer.engines.variables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pylayer.engines import variables

if TYPE_CHECKING:
    from pathlib import Path


def test_proxies_are_passed_on() -> None:
    """Proxies go on in the spelling in which they were given, and nothing else does."""
    environ = {"https_proxy": "http://a", "NO_PROXY": "b", "HTTP_PROXY": "", "AWS_PROFILE": "c"}
    assert {"https_proxy": "http://a", "NO_PROXY": "b"} == variables.of_network(environ, bundle=None)


def test_bundle_is_pointed_to() -> None:
    """Every tool that has a variable for the certificates finds them."""
    given = variables.of_network({}, bundle="/bundle.pem")
    assert {"/bundle.pem"} == set(given.values())
    assert {"SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PIP_CERT"} <= set(given)


def test_named_bundle_comes_first(tmp_path: Path) -> None:
    """A bundle that a variable names is taken before the system's; one that is not there is passed over."""
    bundle = tmp_path / "bundle.pem"
    bundle.touch()
    environ = {"SSL_CERT_FILE": str(tmp_path / "gone"), "CURL_CA_BUNDLE": str(bundle)}
    assert bundle == variables.certificates(environ)


@pytest.mark.parametrize("home", ["HOME", "RUSTUP_HOME"])
def test_rustup_finds_its_toolchains(tmp_path, home):
    """It stands for cargo by a link, and looks for them in a home folder that jobs do not have."""
    programs, folder = tmp_path / "bin", tmp_path / "home" / ("" if home == "RUSTUP_HOME" else ".rustup")
    programs.mkdir()
    (programs / "rustup").write_text("#!/bin/sh\n")
    (programs / "rustup").chmod(0o755)
    environ = {home: str(tmp_path / "home")}
    assert {} == variables.of_rustup(environ, path=str(programs))
    (programs / "cargo").symlink_to("rustup")
    assert {} == variables.of_rustup(environ, path=str(programs))
    (folder / "toolchains").mkdir(parents=True)
    assert {"RUSTUP_HOME": str(folder)} == variables.of_rustup(environ, path=str(programs))

    (programs / "cargo").unlink()
    (programs / "cargo").write_text("#!/bin/sh\n")
    (programs / "cargo").chmod(0o755)
    assert {} == variables.of_rustup(environ, path=str(programs))
