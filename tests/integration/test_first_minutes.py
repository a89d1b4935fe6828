"""From nothing to layers in somebody else's monorepo: what a newcomer types, timed, and edits nothing."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
import zipfile
from typing import TYPE_CHECKING

import pytest
from factories import foreign
from factories.lending import lend
from factories.monorepo import IMAGES, in_runtime
from factories.repositories import Repository

from pylayer.store import uv_cache

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.command, pytest.mark.timeout(900)]

LONGEST = 400  # seconds, of a machine with two cores that does other things as well


_OTHERS = {"CI", "VIRTUAL_ENV", "UV_RUN_RECURSION_DEPTH"}  # of whatever runs the tests


def uv(*words, cwd, env):
    """Run uv, as who installs a tool does."""
    subprocess.run([sys.executable, "-m", "uv", *words], check=True, cwd=cwd, env=env, capture_output=True)


class Newcomer:
    """A shell in a repository, with an environment that has pylayer alone, and a store that is empty."""

    def __init__(self, folder: Path, wheel: Path, **env: str) -> None:
        self.commands = 0
        self.repository = Repository(folder / "shop")
        self.repository.commit(foreign.SHOP)
        self.root = self.repository.folder
        self._folder = folder
        self._wheel = wheel
        own = {"PYLAYER_CACHE_DIR": str(folder / "store"), "PYLAYER_RUNTIMES": str(IMAGES), "NO_COLOR": "1"}
        kept = {name: value for name, value in os.environ.items() if name not in _OTHERS}
        programs = folder / "venv" / "bin"
        self.env = kept | uv_cache(os.environ) | own | {"PATH": f"{programs}:{os.environ['PATH']}"} | env

    def install(self) -> None:
        """The first command; that the environment is new is the test's own doing."""
        uv("venv", "--quiet", "--python", sys.executable, self._folder / "venv", cwd=self.root, env=self.env)
        python = self._folder / "venv" / "bin" / "python"
        uv("pip", "install", "--quiet", "--python", python, self._wheel, cwd=self.root, env=self.env)
        self.commands += 1

    def type(self, line: str) -> str:
        """Another one, as a shell takes it; what it printed."""
        self.commands += 1
        done = subprocess.run(
            line, shell=True, cwd=self.root, env=self.env, capture_output=True, text=True, check=False
        )
        assert 0 == done.returncode, done.stdout + done.stderr
        return done.stdout


def walk(newcomer: Newcomer) -> float:
    """Three commands, of which the last is the one that was printed; the seconds that they took."""
    started = time.monotonic()
    newcomer.install()
    told = newcomer.type("pylayer init")
    (line,) = re.findall(r"^next: (.*)$", told, re.MULTILINE)
    newcomer.type(line)
    return time.monotonic() - started


def built(newcomer: Newcomer) -> dict[str, list[str]]:
    """The archives by build, with their members."""
    folder = newcomer.root / "dist" / "layers"
    found = {}
    for path in sorted(folder.glob("*.zip")):
        with zipfile.ZipFile(path) as archive:
            found[path.stem] = archive.namelist()
    return found


def looked_at(newcomer: Newcomer) -> None:
    """All packages are there for both architectures, the extension too, and no file was edited."""
    archives = built(newcomer)
    runtime = f"python3.{sys.version_info.minor}"
    assert {
        f"{name}-{runtime}-{architecture}"
        for name in foreign.SHOP_PACKAGES
        for architecture in ("x86_64", "arm64")
    } == archives.keys()
    fast = archives[f"shop-fast-{runtime}-arm64"]
    assert any(re.fullmatch(r"python/shop_fast/_fast\..*aarch64-linux-gnu\.so", name) for name in fast), fast
    assert {"python/orders/app.py", "python/shop/events/__init__.py", "python/six.py"} <= {
        *archives[f"shop-orders-{runtime}-x86_64"]
    }
    changed = newcomer.repository.git("status", "--porcelain").splitlines()
    assert {".gitignore", "layers.lock", "layers.schema.json", "layers.toml"} == {
        line.split()[-1] for line in changed
    }


def test_three_commands_from_nothing_to_layers(tmp_path, wheel, record_property):
    """Without Docker: an empty environment, an empty store, `init`, and the command that it prints."""
    newcomer = Newcomer(tmp_path, wheel, DOCKER_HOST=f"unix://{tmp_path}/none")
    seconds = walk(newcomer)
    record_property("seconds", seconds)
    looked_at(newcomer)
    assert 3 == newcomer.commands
    assert seconds < LONGEST


@pytest.mark.docker
@pytest.mark.skipif(sys.version_info[:2] not in {(3, 11), (3, 13)}, reason="there is no test image for it")
def test_the_same_with_docker(docker_images, tmp_path, wheel):
    """The same layers.toml, in containers; and what was built runs in its runtime."""
    newcomer = Newcomer(tmp_path, wheel)
    lend(tmp_path / "store")
    assert walk(newcomer) < LONGEST
    looked_at(newcomer)
    build = f"shop-report-python3.{sys.version_info.minor}-x86_64"
    archive = newcomer.root / "dist" / "layers" / f"{build}.zip"
    assert "97" == in_runtime(build, archive, "import shop_fast, shop_report; print(shop_fast.checksum('a'))")
