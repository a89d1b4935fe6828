"""Two machines with a shared store, as their users run them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from factories.buckets import Keys
from factories.monorepo import Monorepo, empty
from factories.stalling import StallingWay

from pylayer.engines.docker.connection import connect

if TYPE_CHECKING:
    from collections.abc import Iterator

MANIFEST = """
packages = ["packages/*"]
engine = "{engine}"
{cache}
[defaults]
runtimes = ["python3.11"]
architectures = ["x86_64"]
bytecode = false
"""


def manifest(mono, keys, *, engine="docker"):
    share = (mono.root.parent / "share").as_uri()
    cache = f'[cache]\nremote = "{share}"\nkeys = ["""{keys.public}"""]\n'
    mono.manifest(MANIFEST.format(engine=engine, cache=cache))


@contextmanager
def tapped(heard: list[bytes]) -> Iterator[str]:
    """The address of the engine that is here, by a way on which requests are heard."""
    usual = connect(os.environ, home=Path.home()).endpoint.host.removeprefix("unix://")
    with TemporaryDirectory() as folder, StallingWay(Path(folder) / "s", to=usual, hear=heard.append) as way:
        yield way.host


@pytest.fixture
def keys(tmp_path):
    return Keys(tmp_path)


@pytest.mark.docker
@pytest.mark.command
@pytest.mark.timeout(300)
def test_the_second_machine_builds_nothing(tmp_path, keys, docker_images):
    """Another checkout, home and store, and no source that the first one had: the same bytes."""
    one = empty(tmp_path)
    manifest(one, keys)
    one.project("liba")
    ran = one.run("layers", PYLAYER_CACHE_KEY=str(keys.path))
    assert (0, True) == (ran.status, "to the shared store" in ran.err), ran.text
    (tmp_path / "home").mkdir()
    shutil.copytree(one.root, tmp_path / "there" / "desk", ignore=shutil.ignore_patterns("dist"))
    other = Monorepo(tmp_path / "there" / "desk", tmp_path / "other", env={"HOME": str(tmp_path / "home")})
    told = json.loads(other.run("why", "liba", "--remote", "--json").out)["builds"]
    assert [["liba: in the shared store"]] == [each["shared"] for each in told]
    heard: list[bytes] = []
    with tapped(heard) as host:
        ran = other.run("layers", "--locked", "--verbose", DOCKER_HOST=host)
    assert (0, True) == (ran.status, "came from the shared store" in ran.err), ran.text
    # Not even what Python an image has is asked in a container.
    assert [True, False] == [any(words in each for each in heard) for words in (b"/images/", b"/create")]
    assert one.catalogue() == other.catalogue()
    shutil.rmtree(other.root / "dist")
    shutil.rmtree(other.store)
    ran = other.run("layers", "--locked", "--listing")
    assert (0, True) == (ran.status, "and 0 files" in ran.err), ran.text
    assert ["layers.json"] == [path.name for path in (other.root / "dist" / "layers").iterdir()]
    assert one.catalogue() == other.catalogue()
    ran = other.run("layers", "--locked")
    assert (0, False) == (ran.status, "and 0 files" in ran.err), ran.text
    usage = json.loads(other.run("cache", "--remote", "--json").out)["shared"]
    assert (["all"], True) == (usage["builds"], usage["files"] > 0)


@pytest.mark.docker
@pytest.mark.command
@pytest.mark.timeout(300)
def test_two_runners_divide_the_wheels(tmp_path, keys, docker_images):
    """By a plan that a third machine made: no wheel is built twice, and whoever builds layers builds none."""
    desk = empty(tmp_path)
    manifest(desk, keys)
    for name in ("liba", "libb", "libc", "libd"):
        desk.project(name)
    plan = tmp_path / "plan.json"
    rows = json.loads(desk.run("plan", "--shards", "2", "--system", "github", "--output", str(plan)).out)
    assert ["1/2", "2/2"] == [row["share"] for row in rows["include"]]
    for number, row in enumerate(rows["include"]):
        runner = Monorepo(desk.root, tmp_path / f"store{number}", env={"PYLAYER_CACHE_KEY": str(keys.path)})
        ran = runner.run("wheels", "--share", row["share"], "--plan", str(plan))
        assert (0, 2) == (ran.status, ran.out.count("  built  ")), ran.text
    blobs = [path for path in (tmp_path / "share" / "blobs").rglob("*") if path.is_file()]
    ran = Monorepo(desk.root, tmp_path / "last").run("layers")

    assert 4 == len(blobs)
    assert (0, True) == (ran.status, " and 4 files " in ran.err), ran.text


@pytest.mark.command
def test_it_is_not_asked_where_nothing_is(tmp_path, keys):
    """`--offline`, and a variable that is empty; what this host's own programs built does not travel."""
    mono = empty(tmp_path)
    manifest(mono, keys, engine="local")
    for words, env in ((["layers"], {"PYLAYER_REMOTE_CACHE": ""}), (["layers", "--offline"], {})):
        mono.run(*words, **env)
        assert not (tmp_path / "share").exists()


def test_nothing_of_it_is_imported_by_a_run_without_one():
    """All modules that a run with something to do imports at its start."""
    code = (
        "import sys, pylayer.operations.buildruns; "
        "ours = ('pylayer.remote', 'pylayer.workers', 'obstore', 'cryptography', 'distributed'); "
        "print([name for name in sys.modules if name.startswith(ours)])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "[]\n" == done.stdout
