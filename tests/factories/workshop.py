"""A monorepo whose projects need nothing to be built, beside an index that remembers what it is asked."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from factories.localindex import LocalIndex, serving
from factories.monorepo import Monorepo
from factories.wheels import make_wheel
from pylayer.locks import lock

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from pylayer.locks.lock import Lock

# An in-tree backend that makes a wheel of `[project]` and of one module; what it says besides is DYNAMIC.
BACKEND = """
import json, os, tomllib, zipfile

def _requires(table):
    dynamic = json.load(open("dynamic.json")) if os.path.exists("dynamic.json") else []
    yield from table.get("dependencies", []) + dynamic
    for extra, texts in table.get("optional-dependencies", {}).items():
        for text in texts:
            name, _, marker = text.partition(";")
            also = f"({marker.strip()}) and " if marker else ""
            yield f"{name.strip()} ; {also}extra == '{extra}'"

def get_requires_for_build_wheel(config_settings=None):
    return json.load(open("build.json")) if os.path.exists("build.json") else []

def build_wheel(folder, config_settings=None, metadata_directory=None):
    with open("pyproject.toml", "rb") as file:
        table = tomllib.load(file)["project"]
    stem = table["name"].replace("-", "_")
    info = f"{stem}-{table['version']}.dist-info"
    lines = ["Metadata-Version: 2.1", f"Name: {table['name']}", f"Version: {table['version']}"]
    lines += [f"Provides-Extra: {extra}" for extra in table.get("optional-dependencies", {})]
    lines += [f"Requires-Dist: {text}" for text in _requires(table)]
    filename = f"{stem}-{table['version']}-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(folder, filename), "w") as wheel:
        wheel.write(f"{stem}.py")
        wheel.writestr(f"{info}/METADATA", "\\n".join(lines) + "\\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(f"{info}/RECORD", "")
    return filename
"""


@dataclass
class Workshop(Monorepo):
    """A monorepo with an index; runs see no other index."""

    index: LocalIndex = field(kw_only=True)

    def layers(self, top: str = "", tables: str = "", *, defaults: str = "") -> Path:
        """Write layers.toml: every project that is there is a layer, for one target."""
        packages = 'packages = ["packages/*"]\n' if (self.root / "packages").exists() else ""
        return self.manifest(
            f'{packages}engine = "local"\n{top}\n[defaults]\nruntimes = ["python3.11"]\n'
            f'architectures = ["x86_64"]\nbytecode = false\n{defaults}\n{tables}\n'
        )

    def member(
        self,
        name: str,
        *requires: str,
        version: str = "1.0",
        extras: Mapping[str, Sequence[str]] | None = None,
        dynamic: Sequence[str] = (),
        building: Sequence[str] = (),
        asks: Sequence[str] = (),
    ) -> Path:
        """Write a project; `dynamic` requirements are its backend's, which `asks` for some to build it."""
        folder = f"packages/{name}"
        optional = "".join(
            f"{extra} = {json.dumps(list(texts))}\n" for extra, texts in (extras or {}).items()
        )
        head = 'dynamic = ["dependencies"]' if dynamic else f"dependencies = {json.dumps(list(requires))}"
        self.file(
            f"{folder}/pyproject.toml",
            f'[build-system]\nrequires = {json.dumps(list(building))}\nbuild-backend = "backend"\n'
            f'backend-path = ["."]\n[project]\nname = "{name}"\nversion = "{version}"\n{head}\n'
            f"[project.optional-dependencies]\n{optional}",
        )
        if dynamic:
            self.file(f"{folder}/dynamic.json", json.dumps(list(dynamic)))
        if asks:
            self.file(f"{folder}/build.json", json.dumps(list(asks)))
        self.file(f"{folder}/backend.py", BACKEND)
        self.file(f"{folder}/{name.replace('-', '_')}.py", f'NAME = "{name}"\n')
        return self.root / folder

    def offer(
        self,
        name: str,
        version: str,
        *needs: str,
        tag: str = "py3-none-any",
        metadata: Sequence[str] = (),
    ) -> Path:
        """Put a wheel on the index; `metadata` are further lines of its METADATA."""
        stem = name.replace("-", "_")
        return make_wheel(
            self.index.folder,
            {f"{stem}.py": f'VERSION = "{version}"\n'.encode()},
            name=stem,
            version=version,
            tag=tag,
            pure=tag.endswith("any"),
            metadata=[*metadata, *(f"Requires-Dist: {need}" for need in needs)],
        )

    def sha256(self, name: str, version: str, tag: str = "py3-none-any") -> str:
        """The sha256 (hex) of a wheel that is on the index."""
        return self.index.pin(f"{name.replace('-', '_')}-{version}-{tag}.whl").sha256

    def more(self, name: str, text: str) -> Path:
        """Write something at the end of a file that may be there."""
        path = self.root / name
        return self.file(name, (path.read_text() if path.exists() else "") + text)

    @property
    def lock(self) -> Lock:
        """What layers.lock says."""
        found = lock.read(self.root / "layers.lock")
        assert found is not None
        return found

    def versions(self, build: str) -> dict[str, str]:
        """What layers.json says is in a build."""
        return {
            distribution["name"]: distribution["version"]
            for distribution in self.catalogue()[build]["distributions"]
        }


@contextmanager
def workshop(folder: Path, **options: object) -> Iterator[Workshop]:
    """An empty monorepo, and its index for the length of a block."""
    for name in ("mono", "index", "home"):
        (folder / name).mkdir(parents=True)
    with serving(folder / "index", **options) as index:
        env = {
            "HOME": str(folder / "home"),
            "XDG_CONFIG_HOME": str(folder / "home"),
            "UV_CACHE_DIR": str(folder / "uv"),
            "UV_DEFAULT_INDEX": index.url,
            "UV_HTTP_RETRIES": "0",
        }
        yield Workshop(root=folder / "mono", store=folder / "store", env=env, index=index)
