"""A private index as companies have one: a password, TLS with an own CA, a proxy on the way."""

from __future__ import annotations

import os

import pytest
from factories.localindex import serving
from factories.privateindex import PASSWORD, QUOTED, USERNAME, private_index
from factories.resolving import CP311, python, resolved, versions
from factories.wheels import make_wheel

from pylayer.errors import DownloadError
from pylayer.index.download import fetch
from pylayer.index.settings import read
from pylayer.resolver.resolve import refind
from pylayer.store import Store


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    """An index whose distribution needs another, and has versions that run on a newer glibc only."""
    root = tmp_path_factory.mktemp("private")
    make_wheel(root / "files", name="corp_thing", metadata=["Requires-Dist: corp-native"])
    for version, minor in (("1.0", 17), ("1.1", 26), ("1.2", 28)):
        make_wheel(root / "files", name="corp_native", version=version, tag=CP311.format(minor))
    with private_index(root / "files", ca=root / "ca.pem") as index:
        yield index


@pytest.fixture
def env(index, tmp_path):
    """The environment of a user who trusts the CA, and has no credentials yet."""
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    return {
        "PATH": f"{bin_}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "UV_CACHE_DIR": str(tmp_path / "uv"),
        "UV_HTTP_RETRIES": "0",
        "REQUESTS_CA_BUNDLE": str(index.ca),
        "UV_DEFAULT_INDEX": f"corp={index.url}",
    }


def by_variables(env, index, tmp_path):
    """As uv documents it."""
    return {**env, "UV_INDEX_CORP_USERNAME": USERNAME, "UV_INDEX_CORP_PASSWORD": PASSWORD}


def by_address(env, index, tmp_path):
    """In the address itself."""
    return {**env, "UV_DEFAULT_INDEX": index.url.replace("://", f"://{USERNAME}:{QUOTED}@")}


def by_netrc(env, index, tmp_path):
    """In the file that curl and git read too."""
    (tmp_path / ".netrc").write_text(f"machine localhost login {USERNAME} password {PASSWORD}\n")
    return env


def by_keyring(env, index, tmp_path):
    """By the program that pip and uv ask."""
    program = tmp_path / "bin" / "keyring"
    program.write_text(f'#!/bin/sh\ncase "$*" in *{USERNAME}) echo "{PASSWORD}" ;; *) exit 1 ;; esac\n')
    program.chmod(0o755)
    named = index.url.replace("://", f"://{USERNAME}@")
    return {**env, "UV_DEFAULT_INDEX": named, "UV_KEYRING_PROVIDER": "subprocess"}


@pytest.mark.parametrize("given", [by_variables, by_address, by_netrc, by_keyring])
def test_serves_a_build(index, env, tmp_path, given):
    """Resolution, the newest that fits, addresses found again, and files; no secret is left anywhere."""
    settings = read(tmp_path, env=given(env, index, tmp_path))
    store = Store(tmp_path / "store")
    pins = resolved(settings, "corp-thing")
    paths = fetch(pins, store=store, settings=settings)
    assert {"corp-thing": "1.0", "corp-native": "1.1"} == versions(pins)
    assert [store.blob(pin.sha256) for pin in pins] == list(paths)
    assert [pin.url for pin in pins] == [pin.url for pin in refind(pins, python=python(), settings=settings)]
    assert PASSWORD not in repr(settings) + repr(pins)
    assert QUOTED not in repr(settings) + repr(pins)
    stored = b"".join(path.read_bytes() for path in store.root.rglob("*") if path.is_file())
    assert PASSWORD.encode() not in stored


def test_serves_the_names_that_are_pinned_to_it(index, env, tmp_path):
    """As [tool.uv] of a repository says, beside a public index that offers higher versions."""
    (tmp_path / "pyproject.toml").write_text(
        f"[[tool.uv.index]]\nname = 'corp'\nurl = '{index.url}'\nexplicit = true\n"
        "[tool.uv.sources]\ncorp-native = { index = 'corp' }\n"
    )
    public = tmp_path / "public"
    make_wheel(public, name="corp_native", version="99.0")
    make_wheel(public, name="theirs", metadata=["Requires-Dist: corp-native"])
    with serving(public) as other:
        given = by_variables({**env, "UV_DEFAULT_INDEX": other.url}, index, tmp_path)
        pins = resolved(read(tmp_path, env=given), "theirs")
    assert {"theirs": "1.0", "corp-native": "1.1"} == versions(pins)
    assert {"theirs"} == other.names()


def test_says_that_the_password_is_wrong(index, env, tmp_path):
    """On either way, without showing it, and with nothing in the store."""
    right = read(tmp_path, env=by_variables(env, index, tmp_path))
    wrong = read(
        tmp_path, env={**env, "UV_INDEX_CORP_USERNAME": USERNAME, "UV_INDEX_CORP_PASSWORD": "wr0ng-one"}
    )
    pins = resolved(right, "corp-thing")
    store = Store(tmp_path / "store")
    with pytest.raises(DownloadError) as resolving:
        resolved(wrong, "corp-thing", exclude_newer="2099-01-01")
    with pytest.raises(DownloadError) as fetching:
        fetch(pins, store=store, settings=wrong)
    for error in (resolving, fetching):
        assert "refused the credentials" in str(error.value)
        assert "UV_INDEX_<NAME>_PASSWORD" in str(error.value)
        assert "wr0ng-one" not in str(error.value) + repr(error.value) + error.value.log
    assert 2 == len(fetching.value.faults)
    assert [] == [path for path in store.root.rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "asks for credentials (401)"),
        (
            {"UV_INDEX_CORP_USERNAME": USERNAME, "UV_INDEX_CORP_PASSWORD": "wr0ng-one"},
            "refused the credentials",
        ),
    ],
)
def test_says_that_a_login_is_missing_or_wrong_for_a_pinned_name(index, env, tmp_path, given, said):
    """Where uv only says that the name was not found."""
    (tmp_path / "pyproject.toml").write_text(
        f"[[tool.uv.index]]\nname = 'corp'\nurl = '{index.url}'\nexplicit = true\n"
        "[tool.uv.sources]\ncorp-native = { index = 'corp' }\n"
    )
    with serving(tmp_path / "public") as other, pytest.raises(DownloadError) as error:
        resolved(read(tmp_path, env={**env, "UV_DEFAULT_INDEX": other.url, **given}), "corp-native")
    assert said in str(error.value)
    assert "UV_INDEX_<NAME>_PASSWORD" in str(error.value)


def test_says_that_the_certificate_is_not_trusted(index, env, tmp_path):
    """And which variable would change that."""
    right = read(tmp_path, env=by_variables(env, index, tmp_path))
    given = by_variables(env, index, tmp_path)
    del given["REQUESTS_CA_BUNDLE"]
    strange = read(tmp_path, env={**given, "UV_CACHE_DIR": str(tmp_path / "other")})
    pins = resolved(right, "corp-thing")
    with pytest.raises(DownloadError, match="SSL_CERT_FILE"):
        resolved(strange, "corp-thing")
    with pytest.raises(DownloadError, match="certificate is not trusted"):
        fetch(pins, store=Store(tmp_path / "store"), settings=strange)


def test_goes_through_a_proxy(tmp_path, monkeypatch):
    """By the usual variables: here the proxy alone knows where the index is."""
    make_wheel(tmp_path / "files", name="native", version="1.0", tag=CP311.format(17))
    make_wheel(tmp_path / "files", name="native", version="1.1", tag=CP311.format(28))
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with serving(tmp_path / "files") as proxy:
        monkeypatch.setenv("http_proxy", proxy.root)
        env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "UV_CACHE_DIR": str(tmp_path / "uv")}
        env |= {"http_proxy": proxy.root, "UV_DEFAULT_INDEX": "http://index.example/simple"}
        settings = read(tmp_path, env=env)
        pins = resolved(settings, "native")
        fetch(pins, store=Store(tmp_path / "store"), settings=settings)
    assert ["http://index.example/files/native-1.0-" + CP311.format(17) + ".whl"] == [pin.url for pin in pins]


@pytest.mark.parametrize("html", [True, False])
def test_files_whose_addresses_are_signed_can_be_had(tmp_path, html):
    """As stores of objects sign them: in the query, which nothing shows."""
    make_wheel(tmp_path / "files", name="signed", version="1.0")
    with serving(tmp_path / "files", query="X-Signature=s3cret&expires=1", html=html) as index:
        env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "UV_CACHE_DIR": str(tmp_path / "uv")}
        settings = read(tmp_path, env={**env, "UV_DEFAULT_INDEX": index.url, "UV_HTTP_RETRIES": "0"})
        pins = resolved(settings, "signed")
        fetch(pins, store=Store(tmp_path / "store"), settings=settings)
        again = refind(pins, python=python(), settings=settings)
        fetch(again, store=Store(tmp_path / "other"), settings=settings)
    assert "s3cret" not in repr(pins)
