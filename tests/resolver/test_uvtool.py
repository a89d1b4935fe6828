"""What uv is started with, and what it says."""

from __future__ import annotations

import sys

import pytest
from factories import there
from factories.localindex import Answer, serving
from factories.wheels import make_wheel

from pylayer.errors import DownloadError, ToolError
from pylayer.index.indexes import Index, IndexSettings
from pylayer.resolver.uvtool import UnsolvedError, compile_lock, environment, with_default

HERE = ("--python", sys.executable)


def test_hides_every_setting_but_those_stated():
    """No variable of the user's changes a resolution, only where uv has its cache and how it connects."""
    env = {
        "HOME": "/h",
        "UV_PRERELEASE": "allow",
        "UV_EXCLUDE_NEWER": "2020-01-01",
        "UV_INDEX": "https://no.example",
    }
    kept = {"UV_CACHE_DIR": "/c", "UV_HTTP_TIMEOUT": "9", "UV_NATIVE_TLS": "1"}
    stated = {"HOME": "/h", "UV_PYTHON_DOWNLOADS": "never", "UV_INDEX_STRATEGY": "first-index", **kept}
    assert stated == environment(IndexSettings(env={**env, **kept}))


def test_states_indexes_in_their_order():
    """An explicit one is stated elsewhere, for the names that are pinned to it."""
    settings = IndexSettings(
        indexes=(
            Index(url="https://index.example/a", name="a"),
            Index(url="https://index.example/x", name="x", explicit=True),
            Index(url="https://index.example/b"),
        ),
        default=Index(url="https://index.example/d", default=True),
        find_links=(Index(url="https://index.example/f"), Index(url="file:///wheels")),
        strategy="unsafe-best-match",
        keyring=True,
        offline=True,
        env={},
    )
    expected = {
        "UV_INDEX": "a=https://index.example/a https://index.example/b",
        "UV_DEFAULT_INDEX": "https://index.example/d",
        "UV_FIND_LINKS": "https://index.example/f,file:///wheels",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "UV_KEYRING_PROVIDER": "subprocess",
        "UV_OFFLINE": "1",
        "UV_PYTHON_DOWNLOADS": "never",
    }
    assert expected == environment(settings)


def test_gives_credentials_in_variables():
    """In those of the index's name, or in the variable with the address where it has none."""
    named = Index.at("https://me:pw%20d@index.example/a", name="corp-a")
    token = Index.at("https://t0ken@index.example/b", name="token", explicit=True)
    settings = IndexSettings(
        indexes=(named, token), default=Index.at("https://you:pw@index.example/d"), env={}
    )
    env = environment(settings)
    assert ("corp-a=https://index.example/a", "https://you:pw@index.example/d") == (
        env["UV_INDEX"],
        env["UV_DEFAULT_INDEX"],
    )
    assert ("me", "pw d", "t0ken") == (
        env["UV_INDEX_CORP_A_USERNAME"],
        env["UV_INDEX_CORP_A_PASSWORD"],
        env["UV_INDEX_TOKEN_USERNAME"],
    )
    assert "UV_INDEX_TOKEN_PASSWORD" not in env


def test_hands_on_the_ca_of_another_variable(tmp_path):
    """The only one that uv reads is SSL_CERT_FILE, or SSL_CERT_DIR for a folder."""
    for name in ("ca.pem", "folder"):
        assert name
    (tmp_path / "folder").mkdir()
    file = environment(IndexSettings(env={"REQUESTS_CA_BUNDLE": str(tmp_path / "ca.pem")}))
    folder = environment(IndexSettings(env={"REQUESTS_CA_BUNDLE": str(tmp_path / "folder")}))
    assert (str(tmp_path / "ca.pem"), str(tmp_path / "folder")) == (
        file["SSL_CERT_FILE"],
        folder["SSL_CERT_DIR"],
    )


def test_learns_the_default_index_from_uv():
    """Without asking the network; where one is set, that is it."""
    own = IndexSettings(default=Index(url="https://index.example/d"), env={})
    assert own == with_default(own)
    assert there(with_default(IndexSettings(env={})).default).url.startswith("https://")


def test_has_no_default_index_where_none_is_wanted():
    """Lists of files are left."""
    assert with_default(IndexSettings(no_index=True, env={})).default is None


def test_gives_the_reasoning_without_credentials(tmp_path):
    """What uv prints may hold an address with its password."""
    settings = IndexSettings(
        find_links=(Index.at(f"{tmp_path}"),),
        no_index=True,
        env={"HOME": str(tmp_path), "UV_HTTP_RETRIES": "0"},
    )
    line = "one @ https://me:s3cret@127.0.0.1:9/one-1.0-py3-none-any.whl\n"
    with pytest.raises(Exception, match="127") as error:
        compile_lock(HERE, settings=settings, folder=tmp_path, stdin=line)
    assert "s3cret" not in str(error.value)


def test_drops_the_labels_of_uv(tmp_path):
    """An error reads as a sentence."""
    settings = IndexSettings(no_index=True, env={"HOME": str(tmp_path)})
    with pytest.raises(UnsolvedError) as error:
        compile_lock(HERE, settings=settings, folder=tmp_path, stdin="one\n")
    first, second, *_ = str(error.value).splitlines()
    assert "No solution found when resolving dependencies" == first.rstrip(":")
    assert second.startswith("Because one was not found")


def test_says_what_ails_an_index(tmp_path):
    """In one line, with what to do."""
    env = {"HOME": str(tmp_path), "UV_HTTP_RETRIES": "0"}
    settings = IndexSettings(default=Index.at("http://me:s3cret@127.0.0.1:9/simple"), env=env)
    with pytest.raises(DownloadError) as error:
        compile_lock(HERE, settings=settings, folder=tmp_path, stdin="one\n")
    (fault,) = error.value.faults
    assert "http://127.0.0.1:9/simple/one/" == fault.where
    assert "Connection refused" in fault.what
    assert "\n" not in fault.what


@pytest.mark.timeout(60)
def test_waits_for_no_index_that_hardly_moves(tmp_path):
    """Uv would: its own timeout begins anew with every byte."""
    make_wheel(tmp_path / "files")
    with serving(tmp_path / "files") as index:
        index.answers["/simple/example/"] = [Answer(trickle=0.5)] * 9
        settings = IndexSettings(
            default=Index(url=index.url, default=True), env={"UV_CACHE_DIR": str(tmp_path / "uv")}
        )
        with pytest.raises(ToolError, match=r"uv was still running after 4 s, and was stopped"):
            compile_lock(HERE, settings=settings, folder=tmp_path, stdin="example", patience=4)
        assert index.paths("/simple/example/")
