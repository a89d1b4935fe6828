"""Sources from git come by the user's git, at one commit, and are the same bytes everywhere."""

from __future__ import annotations

import io
import subprocess
import tarfile

import pytest
from factories import there
from factories.repositories import Repository, git_server
from factories.workshop import workshop

from pylayer.errors import DownloadError, ResolveError
from pylayer.index import gits
from pylayer.index.gits import Origin
from pylayer.index.indexes import IndexSettings
from pylayer.store import Store

LIBA = "liba-python3.11-x86_64"


@pytest.fixture
def repository(tmp_path):
    return Repository(tmp_path / "repository")


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "own-store")


def members(store, fetched):
    """Names and contents below the one folder of what was fetched."""
    with tarfile.open(fileobj=io.BytesIO(store.blob(fetched.sha256).read_bytes())) as archive:
        return {
            member.name.partition("/")[2]: there(archive.extractfile(member)).read().decode()
            for member in archive
        }


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("git+https://git.example/a", Origin(name="a", url="https://git.example/a")),
        ("git+https://git.example/a.git@v1", Origin(name="a", url="https://git.example/a.git", ref="v1")),
        (
            "git+ssh://git@git.example/a.git@feature/x#egg=a&subdirectory=python/a",
            Origin(name="a", url="ssh://git@git.example/a.git", ref="feature/x", subdirectory="python/a"),
        ),
    ],
)
def test_an_address_is_read_as_pip_reads_it(url, origin):
    """With a ref after the last @ of its path, and a folder in its fragment."""
    assert origin == gits.origin("a", url)


@pytest.mark.parametrize(
    "url",
    [
        "git+https://git.example/a@--upload-pack=x",
        "git+--upload-pack=x;#@.",
        "git+--upload-pack=x@.",
        "git+https://git.example/a#subdirectory=../b",
        "git+https://[git.example/a",
    ],
)
def test_an_address_that_means_harm_is_refused(url):
    """Neither an option for git nor a folder outside is one."""
    with pytest.raises(ResolveError):
        gits.origin("a", url)


def test_git_takes_no_address_for_an_option(store, tmp_path):
    """With `--upload-pack=…`, it starts what follows, for whatever comes then as the repository."""
    source = Origin(name="a", url=f"--upload-pack=touch {tmp_path}/started;#", ref=".")
    with pytest.raises(DownloadError):
        gits.fetch(source, store=store, settings=IndexSettings())

    assert not (tmp_path / "started").exists()


def test_a_branch_a_tag_and_a_commit_are_found(repository, store):
    """Each is what it was when it was asked for; the default branch where none is named."""
    first = repository.commit({"a": "1"})
    repository.git("tag", "v1")
    second = repository.commit({"a": "2"})
    refs = {"": second, "main": second, "v1": first, first: first, first[:10]: first}
    found = {
        ref: gits.fetch(Origin(name="a", url=repository.url, ref=ref), store=store, settings=IndexSettings())
        for ref in refs
    }

    assert refs == {ref: fetched.commit for ref, fetched in found.items()}
    assert [{"a": "2"}, {"a": "1"}] == [members(store, found[ref]) for ref in ("main", "v1")]


def test_the_same_commit_is_the_same_bytes(repository, store, tmp_path):
    """Whatever git, folder and time; file bits are kept."""
    repository.commit({"a": "1", "b/c": "2"})
    (repository.folder / "a").chmod(0o755)
    repository.commit({"d": "3"})
    source = Origin(name="a", url=repository.url)
    first = gits.fetch(source, store=store, settings=IndexSettings())
    second = gits.fetch(source, store=Store(tmp_path / "other"), settings=IndexSettings())

    assert first == second
    with tarfile.open(store.blob(first.sha256)) as archive:
        assert [("a", 0o755), ("b/c", 0o644), ("d", 0o644)] == [
            (member.name.partition("/")[2], member.mode) for member in archive
        ]


def test_a_folder_of_the_repository_is_enough(repository, store):
    """Nothing beside it is kept."""
    repository.commit({"top": "1", "python/a": "2"})
    source = Origin(name="a", url=repository.url, subdirectory="python")

    assert {"a": "2"} == members(store, gits.fetch(source, store=store, settings=IndexSettings()))


def test_submodules_are_there(repository, store, tmp_path, monkeypatch):
    """As with pip."""
    inner = Repository(tmp_path / "inner")
    inner.commit({"deep": "1"})
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "protocol.file.allow")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "always")
    repository.git("submodule", "--quiet", "add", inner.url, "inner")
    repository.commit({"a": "1"})
    fetched = gits.fetch(Origin(name="a", url=repository.url), store=store, settings=IndexSettings())

    assert "1" == members(store, fetched)["inner/deep"]


def test_no_hook_is_run(repository, store, tmp_path, monkeypatch):
    """Neither of the repository and its submodules, nor those that this machine gives to every one."""
    inner = Repository(tmp_path / "inner")
    inner.commit({"deep": "1"})
    (tmp_path / "template/hooks").mkdir(parents=True)
    hook = tmp_path / "template/hooks/post-checkout"
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    hook.chmod(0o755)
    settings = {"protocol.file.allow": "always", "init.templateDir": str(tmp_path / "template")}
    repository.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", inner.url, "inner")
    repository.commit({"a": "1"})
    monkeypatch.setenv("GIT_CONFIG_COUNT", "2")
    for number, (name, value) in enumerate(settings.items()):
        monkeypatch.setenv(f"GIT_CONFIG_KEY_{number}", name)
        monkeypatch.setenv(f"GIT_CONFIG_VALUE_{number}", value)
    gits.fetch(Origin(name="a", url=repository.url), store=store, settings=IndexSettings())

    assert not (tmp_path / "ran").exists()


def test_what_tells_a_version_is_kept_of_the_history(repository, store):
    """Of a project that takes its version from git; of others, nothing."""
    repository.commit({"pyproject.toml": '[build-system]\nrequires = ["setuptools-scm"]\n'})
    repository.git("tag", "v1.5")
    commit = repository.commit({"more": "1"})
    found = members(
        store, gits.fetch(Origin(name="a", url=repository.url), store=store, settings=IndexSettings())
    )

    assert f"describe-name: v1.5-1-g{commit}" in found[".git_archival.txt"]


@pytest.mark.parametrize(
    ("ref", "said"), [("none", "has no branch, tag or commit none"), ("", "git cannot fetch it")]
)
def test_what_is_not_there_is_told(repository, store, ref, said):
    """With the name of the distribution."""
    repository.commit({"a": "1"})
    url = repository.url if ref else repository.url + "-away"
    with pytest.raises(DownloadError, match=said) as caught:
        gits.fetch(Origin(name="a", url=url, ref=ref), store=store, settings=IndexSettings())

    assert "a (file:" in caught.value.faults[0].where


def test_a_git_hook_s_variables_do_not_lead_astray(repository, store, tmp_path, monkeypatch):
    """Where pylayer runs in a hook, they name the repository that it runs for."""
    commit = repository.commit({"a": "1"})
    monkeypatch.setenv("GIT_DIR", str(Repository(tmp_path / "hooked").folder / ".git"))

    assert (
        commit
        == gits.fetch(Origin(name="a", url=repository.url), store=store, settings=IndexSettings()).commit
    )


@pytest.fixture
def shop(tmp_path, repository):
    """A layer that requires a distribution from git."""
    with workshop(tmp_path / "shop") as shop:
        shop.offer("third", "1.0")
        shop.offer("fromgit", "99.0")
        shop.member("liba")
        shop.layers()
        yield shop


def good(ran):
    assert 0 == ran.status, ran.text
    return ran


@pytest.mark.command
def test_a_requirement_from_git_is_built_and_locked(shop, repository):
    """Its own requirements come from the index, and its name is never asked of one."""
    commit = repository.distribution("1.0", requires='["third"]')
    shop.member("liba", f"fromgit @ git+{repository.url}@main")
    good(shop.run("layers"))

    assert {"liba": "1.0", "fromgit": "1.0", "third": "1.0"} == shop.versions(LIBA)
    assert f"fromgit-{commit}.tar" in (shop.root / "layers.lock").read_text()
    assert "fromgit" not in shop.index.names()


@pytest.mark.command
def test_a_branch_moves_when_it_is_upgraded(shop, repository):
    """And stays while other things change."""
    repository.distribution("1.0")
    shop.member("liba", f"fromgit @ git+{repository.url}")
    good(shop.run("layers"))
    repository.distribution("2.0")
    shop.member("liba", f"fromgit @ git+{repository.url}", "third")
    good(shop.run("layers"))
    before = shop.versions(LIBA)
    good(shop.run("lock", "--upgrade=fromgit"))
    good(shop.run("layers"))

    assert ("1.0", "2.0") == (before["fromgit"], shop.versions(LIBA)["fromgit"])


@pytest.mark.command
def test_another_machine_fetches_the_locked_commit(shop, repository, tmp_path):
    """With an empty store, and without resolving; with a full one, without git."""
    repository.distribution("1.0")
    shop.member("liba", f"fromgit @ git+{repository.url}")
    good(shop.run("layers"))
    before = shop.hashes()
    repository.distribution("2.0")
    good(shop.run("layers", "--locked", PYLAYER_CACHE_DIR=str(tmp_path / "fresh")))
    assert before == shop.hashes()

    repository.folder.rename(tmp_path / "gone")
    (shop.output / f"{LIBA}.zip").unlink()
    good(shop.run("layers", "--locked"))
    assert before == shop.hashes()


@pytest.mark.command
def test_a_folder_in_the_repository_can_be_required(shop, repository):
    """By the fragment of its address, also in a layer's own requirements."""
    repository.distribution("1.0", below="python/")
    shop.layers("", f'[layers.liba]\nrequirements = ["fromgit @ git+{repository.url}#subdirectory=python"]\n')
    good(shop.run("layers"))

    assert {"fromgit": "1.0"} == shop.versions(LIBA)


@pytest.mark.command
def test_what_a_lock_file_has_from_git_is_from_there(shop, repository):
    """A package's metadata does not say what `[tool.uv.sources]` does, and the index has the name too."""
    commit = repository.distribution("1.0")
    repository.distribution("2.0")
    source = f'{{ git = "{repository.url}?branch=main#{commit}" }}'
    shop.file("uv.lock", f'[[package]]\nname = "fromgit"\nversion = "1.0"\nsource = {source}\n')
    shop.member("liba", "fromgit>=1")
    good(shop.run("layers"))

    assert {"liba": "1.0", "fromgit": "1.0"} == shop.versions(LIBA)
    assert "fromgit" not in shop.index.names()


@pytest.fixture
def guarded(repository, tmp_path):
    """The repository behind a password, over HTTP."""
    repository.distribution("1.0")
    repository.git("clone", "--quiet", "--bare", ".", str(tmp_path / "served" / "fromgit.git"))
    subprocess.run(["git", "update-server-info"], cwd=tmp_path / "served" / "fromgit.git", check=True)
    with git_server(tmp_path / "served", login=("reader", "s3cret-w0rd")) as url:
        yield f"{url}/fromgit.git"


@pytest.mark.command
def test_the_user_s_own_credentials_are_used_and_left_nowhere(shop, guarded):
    """Git finds them, in netrc here; neither the lock nor a layer nor the store has them."""
    shop.file("../home/.netrc", "machine 127.0.0.1 login reader password s3cret-w0rd\n").chmod(0o600)
    shop.member("liba", f"fromgit @ git+{guarded}@main")
    runs = [shop.run("layers"), shop.run("layers", "--locked")]
    runs.append(shop.run("layers", "--locked", PYLAYER_CACHE_DIR=str(shop.root.parent / "fresh")))
    assert [0, 0, 0] == [ran.status for ran in runs], "".join(ran.text for ran in runs)

    kept = [path for top in (shop.root, shop.store) for path in top.rglob("*") if path.is_file()]
    assert [] == [path for path in kept if b"s3cret-w0rd" in path.read_bytes()]
    assert "s3cret-w0rd" not in "".join(ran.text for ran in runs)


@pytest.mark.command
def test_a_repository_that_refuses_is_told(shop, guarded):
    """Nobody is asked for a password, and none is shown."""
    shop.file("../home/.netrc", "machine 127.0.0.1 login reader password wr0ng-0ne\n").chmod(0o600)
    shop.member("liba", f"fromgit @ git+{guarded}@main")
    ran = shop.run("layers")

    assert (6, True) == (ran.status, "git cannot fetch it" in ran.err), ran.text
    assert "wr0ng-0ne" not in ran.text
