"""Symbolic links: followed within the repository as the backend follows them, and never out of it."""

from __future__ import annotations

import json
import zipfile
from typing import TYPE_CHECKING

import pytest
from factories.repositories import Repository

if TYPE_CHECKING:
    from factories.monorepo import Monorepo

pytestmark = pytest.mark.command

CANARY = "aws_secret_access_key = CANARY"
BUILD = "liba-python3.11-x86_64"
# It packages what it finds, and says which of that are links.
BACKEND = """
import json, os, zipfile

def build_wheel(folder, config_settings=None, metadata_directory=None):
    found = {}
    for here, folders, names in os.walk("."):
        for name in sorted([*folders, *names]):
            path = os.path.normpath(os.path.join(here, name))
            link = os.readlink(path) if os.path.islink(path) else ""
            content = open(path).read() if os.path.isfile(path) else None
            if link:
                found[path] = [link, sorted(os.listdir(path)) if os.path.isdir(path) else content]
    with zipfile.ZipFile(os.path.join(folder, "liba-1.0-py3-none-any.whl"), "w") as wheel:
        wheel.writestr("liba.py", "LINKS = " + json.dumps(found, sort_keys=True))
        info = "liba-1.0.dist-info"
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\\nName: liba\\nVersion: 1.0\\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(f"{info}/RECORD", "")
    return "liba-1.0-py3-none-any.whl"
"""


@pytest.fixture
def shop(shop, tmp_path):
    """A monorepo of one project, and a file that is none of it."""
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws/credentials").write_text(CANARY)
    shop.member("liba")
    shop.file("packages/liba/backend.py", BACKEND)
    shop.layers()
    return shop


def links(monorepo: Monorepo) -> dict[str, list[object]]:
    """Where each link led in the build, and what was there."""
    with zipfile.ZipFile(monorepo.output / f"{BUILD}.zip") as archive:
        found: dict[str, list[object]] = json.loads(
            archive.read("python/liba.py").decode().partition(" = ")[2]
        )
    return found


@pytest.mark.parametrize("engine", ["local", pytest.param("docker", marks=pytest.mark.docker)])
def test_a_backend_sees_links_and_what_they_lead_to(shop, engine):
    """In the project, in another one, and where there is nothing; new content there is a new build."""
    shop.file("shared/sub/two.txt", "two")
    shared = shop.file("shared/one.txt", "one")
    project = shop.root / "packages/liba"
    (project / "one.txt").symlink_to(shared)
    (project / "shared").symlink_to("../../shared")
    (project / "again.py").symlink_to("liba.py")
    (project / "gone").symlink_to("nowhere")
    expected = {
        "again.py": ["liba.py", 'NAME = "liba"\n'],
        "gone": ["nowhere", None],
        "one.txt": ["../links/shared/one.txt", "one"],
        "shared": ["../links/shared", ["one.txt", "sub"]],
    }
    ran = shop.run("layers", "--engine", engine)
    assert (0, expected) == (ran.status, links(shop)), ran.text
    assert "1 cached in" in shop.run("layers", "--engine", engine).text
    shared.write_text("another")
    ran = shop.run("layers", "--engine", engine)
    assert (0, "another") == (ran.status, links(shop)["one.txt"][1]), ran.text


def test_a_link_out_of_the_repository_fails_its_build(shop, tmp_path):
    """By name, and with nothing of what it leads to; others are built."""
    shop.member("libb")
    for name, target in (("data.txt", "../../../.aws/credentials"), ("aws", tmp_path / ".aws")):
        (shop.root / "packages/liba" / name).symlink_to(target)
    ran = shop.run("layers")
    assert (3, 2) == (ran.status, ran.err.count("error: ")), ran.text
    for name, leads in (("data.txt", tmp_path / ".aws/credentials"), ("aws", tmp_path / ".aws")):
        told = f"packages/liba/{name}: is a symbolic link that leads out of {shop.root}, to {leads}"
        assert told in ran.err
    assert ["libb-python3.11-x86_64"] == list(shop.catalogue())
    shop.layers("", '[projects.liba]\nignore = ["data.txt", "aws"]\n')
    ran = shop.run("layers")
    assert (0, {}) == (ran.status, links(shop)), ran.text


def test_a_project_behind_a_link_out_of_the_repository_is_refused(shop, tmp_path):
    """Its folder can be named by itself."""
    (shop.root / "packages/liba").rename(tmp_path / "liba")
    (shop.root / "packages/liba").symlink_to(tmp_path / "liba")
    ran = shop.run("layers")
    assert 3 == ran.status, ran.text
    assert f"packages/liba: is a symbolic link that leads out of {shop.root}" in ran.err
    shop.manifest((shop.root / "layers.toml").read_text().replace("packages/*", "../liba"))
    (shop.root / "packages/liba").unlink()
    ran = shop.run("layers")
    assert 0 == ran.status, ran.text


def test_a_link_out_of_a_git_requirement_is_refused(shop, tmp_path):
    """This host fetches it: what its link leads to is this host's. Within, it is followed."""
    repository = Repository(tmp_path / "fromgit")
    (repository.folder / "data.txt").symlink_to(tmp_path / ".aws/credentials")
    (repository.folder / "in.txt").symlink_to("pyproject.toml")
    (repository.folder / "token").symlink_to(".git/config")
    repository.distribution("1.0")
    shop.member("libb", f"fromgit @ git+{repository.url}")
    ran = shop.run("layers", "--only", "libb")
    assert 0 != ran.status, ran.text
    assert "data.txt is a symbolic link that leads out of its repository" in ran.err
    assert "token is a symbolic link that leads into version control's own files" in ran.err
    kept = [path for path in shop.store.rglob("*") if path.is_file() and b"CANARY" in path.read_bytes()]
    assert kept == []
    for name in ("data.txt", "token"):
        (repository.folder / name).unlink()
    repository.distribution("1.0.1")
    ran = shop.run("layers", "--only", "libb")
    assert 0 == ran.status, ran.text
