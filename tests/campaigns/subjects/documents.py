"""Documents that users, their tools and pylayer write → what each must come to, whatever is in them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, get_args, get_origin, get_type_hints, is_typeddict

from campaigns import mutations
from campaigns.subjects import Subject, scratch_file
from pylayer.archives import catalogue
from pylayer.config import manifest
from pylayer.config.layers import Layer, ProjectOptions
from pylayer.config.manifest import Manifest
from pylayer.errors import PylayerError
from pylayer.index import settings
from pylayer.locks import lock
from pylayer.locks.lock import Run
from pylayer.monorepo import projectfile
from pylayer.monorepo.setupfiles import paths_in_setup_cfg, paths_in_setup_py
from pylayer.publishing import published
from pylayer.store import Store, kinds
from pylayer.store.shapes import Sha256
from pylayer.tables import keys_of

if TYPE_CHECKING:
    from pathlib import Path
    from random import Random

MANIFEST: dict[str, Any] = {
    "packages": ["packages/*", "!packages/old-*"],
    "discover": "listed",
    "output": "dist/layers",
    "engine": "auto",
    "constraints": ["numpy<3"],
    "exclude-newer": "2026-01-31",
    "defaults": {"runtimes": ["python3.12", "python3.13"], "architectures": ["x86_64", "arm64"]},
    "index": [{"name": "corp", "url": "https://index.example/simple", "distributions": ["libthing"]}],
    "budgets": {"layer": "100 MB", "layers": {"data": "200 MB"}},
    "sets": {"both": {"layers": ["data", "tools"], "budget": "250 MB"}},
    "publish": {"regions": ["eu-west-1"], "tags": {"team": "data"}, "permissions": {"accounts": ["0" * 12]}},
    "layers": {
        "data": {
            "requirements": ["numpy>=2", "requests[socks]"],
            "runtimes": ["python3.11"],
            "extras": ["s3"],
            "provided-by": ["tools"],
            "bytecode": "only",
            "drop": ["**/tests/**"],
            "files": {"bin/x": "vendor/x", "lib/y": {"x86_64": "vendor/a", "arm64": "vendor/b"}},
            "invoke": {"handler": "app.handler", "event": {"a": [1]}, "env": {"A": "1"}},
            "accept": ["size: *"],
        },
        "tools": {"packages": ["libtools"]},
    },
    "projects": {"libtools": {"env": {"A": "1"}, "inputs": ["../x"], "config-settings": {"a": ["b"]}}},
    "runtimes": {"python3.13": {"build-image": "a", "image": {"arm64": "b"}, "glibc": "2.34"}},
}
LOCK: dict[str, Any] = {
    "version": 1,
    "engine": "docker",
    "settings": {"constraints": ["numpy<3"], "indexes": [], "strategy": "first-index", "one": {"a": True}},
    "images": {"python3.13-arm64": "sha256:" + "0" * 64},
    "builds": {
        "data-python3.13-arm64": {
            "stale": True,
            "requirements": ["numpy>=2"],
            "exclude": ["boto3"],
            "build-from-source": ["numpy"],
            "distributions": ["numpy 2.2.6 = numpy-2.2.6-py3-none-any.whl"],
        }
    },
    "build-requirements": {
        "python3.13-arm64: setuptools": {
            "requirements": ["setuptools"],
            "distributions": ["setuptools 84.0.0 = setuptools-84.0.0-py3-none-any.whl"],
        }
    },
    "distributions": {
        "numpy 2.2.6": {"numpy-2.2.6-py3-none-any.whl": "a" * 64},
        "setuptools 84.0.0": {"setuptools-84.0.0-py3-none-any.whl": "b" * 64},
    },
}
UV: dict[str, Any] = {
    "index": [
        {"name": "corp", "url": "https://user:secret@index.example/simple", "explicit": True},
        {"url": "https://index.example/b", "default": True},
        {"name": "flat", "url": "vendor", "format": "flat"},
    ],
    "index-url": "https://index.example/c",
    "extra-index-url": ["https://index.example/d"],
    "find-links": ["vendor"],
    "keyring-provider": "subprocess",
    "index-strategy": "unsafe-best-match",
    "no-index": False,
    "sources": {"libthing": [{"index": "corp", "marker": "sys_platform == 'linux'"}], "other": {"git": "x"}},
}
KEYS = [*keys_of(Manifest), *keys_of(Layer), *keys_of(ProjectOptions), "runtimes", "layers", "projects"]


PYPROJECT: dict[str, Any] = {
    "build-system": {
        "requires": ["setuptools>=77", "wheel"],
        "build-backend": "backend:api.hooks",
        "backend-path": ["tools"],
    },
    "project": {
        "name": "libthing",
        "version": "1.0",
        "dynamic": ["readme"],
        "requires-python": ">=3.11",
        "dependencies": ["numpy>=2", "libother @ file:///x", "requests[socks] ; python_version > '3'"],
        "optional-dependencies": {"s3": ["boto3"]},
    },
    "dependency-groups": {"dev": ["pytest", {"include-group": "more"}], "more": []},
    "tool": {
        "uv": {**UV, "workspace": {"members": ["packages/*"], "exclude": ["packages/old"]}},
        "poetry": {
            "name": "libthing",
            "dependencies": {"a": "^1", "b": {"git": "https://git.example/b", "tag": "v1", "markers": "x"}},
            "group": {"dev": {"dependencies": {"c": [{"path": "../c", "platform": "linux"}]}}},
            "source": [{"name": "corp", "url": "https://index.example/simple", "priority": "explicit"}],
            "packages": [{"include": "libthing", "from": "src"}],
        },
        "pdm": {"source": [{"name": "corp", "url": "https://index.example", "include_packages": ["x*"]}]},
        "setuptools": {"dynamic": {"version": {"attr": "libthing.VERSION"}}, "packages": {"find": {}}},
        "setuptools_scm": {"root": ".."},
        "hatch": {"version": {"source": "vcs"}, "build": {"hooks": {"vcs": {}}}},
    },
}
CATALOGUE: dict[str, Any] = {
    "version": 1,
    "builds": {
        "data-python3.13-arm64": {
            "layer": "data",
            "runtime": "python3.13",
            "architecture": "arm64",
            "path": "data-python3.13-arm64.zip",
            "sha256": "c" * 64,
            "code_sha256": "AAAA",
            "size": 100,
            "unzipped_size": 200,
            "distributions": [{"name": "numpy", "version": "2.2.6", "sha256": "a" * 64}],
            "more": {"of": ["another", 1]},
        }
    },
}
PUBLISHED: dict[str, Any] = {
    "version": 1,
    "layers": {
        "data": {
            "eu-west-1": {
                "python3.13": {
                    "arm64": {"name": "data", "arn": "arn:x:1", "version": 1, "code_sha256": "AA="}
                }
            }
        }
    },
}
_KEYS = [*keys_of(Manifest), *keys_of(Layer), *keys_of(ProjectOptions), "runtimes", "layers", "projects"]


def read_manifest(content: bytes, folder: Path) -> None:
    """A manifest of which every layer can be used, or faults with their places."""
    path = scratch_file(folder, "layers.toml", content)
    if not (folder / "vendor").exists():
        (folder / "vendor").mkdir()
        for name in "xab":
            (folder / "vendor" / name).write_text(name)
    found, faults = manifest.read(path)
    for layer in found.layers:
        assert all(target.tags and target.markers for target in layer.targets)
        for file in layer.files:
            assert all(file.source(target.architecture) is not None for target in layer.targets)
        hash(layer)
    assert all(fault.where for fault in faults)
    if faults:
        raise PylayerError.of(faults)


def read_lock(content: bytes, folder: Path) -> None:
    """A lock that can be written, and read again as the same."""
    path = scratch_file(folder, "layers.lock", content)
    found = lock.read(path)
    assert found is not None
    run = Run(settings=found.settings, builds={}, environments={})
    after = found.after(run, known=list(found.builds))
    path.write_text(lock.dumps(after))
    assert lock.read(path) == after


def read_settings(content: bytes, folder: Path, name: str = "uv.toml") -> None:
    """Settings that have a key; nobody is told what they keep secret."""
    for each in ("uv.toml", "pyproject.toml"):
        (folder / each).unlink(missing_ok=True)
    scratch_file(folder, name, content)
    try:
        found = settings.read(folder, env={"HOME": str(folder)})
    except PylayerError as told:
        if "secret" in str(told):
            raise AssertionError(f"tells a secret: {told}") from told
        raise
    found.key()
    assert all(isinstance(str(index), str) and index.with_login for index in found.everywhere)


def read_settings_of_project(content: bytes, folder: Path) -> None:
    """The same in a pyproject.toml."""
    read_settings(content, folder, "pyproject.toml")


def read_project(content: bytes, folder: Path) -> None:
    """A project that has a name, or faults."""
    scratch_file(folder, "pyproject.toml", content)
    found, faults = projectfile.read(folder, where="packages/libthing")
    if faults:
        raise PylayerError.of(faults)
    assert found is None or found.no_package or found.name
    hash(found)


def read_setup(content: bytes, folder: Path, name: str = "setup.py") -> None:
    """A project's name, or a fault; and the folders that its build reads elsewhere."""
    for each in ("pyproject.toml", "setup.py", "setup.cfg"):
        (folder / each).unlink(missing_ok=True)
    scratch_file(folder, name, content)
    text = content.decode(errors="replace")
    looked_through = paths_in_setup_py(text) if name == "setup.py" else paths_in_setup_cfg(text)
    assert all(isinstance(path, str) for path in looked_through)
    found, faults = projectfile.read(folder, where="packages/libthing")
    if faults:
        raise PylayerError.of(faults)
    assert found is None or found.no_package or found.name


def read_setup_cfg(content: bytes, folder: Path) -> None:
    """The same of a setup.cfg."""
    read_setup(content, folder, "setup.cfg")


def read_catalogue(content: bytes, folder: Path) -> None:
    """A catalogue that can be written, and read again as the same."""
    path = scratch_file(folder, "layers.json", content)
    found = catalogue.read(path)
    again = catalogue.loads(catalogue.dumps(found), where="layers.json", folder=folder)
    assert catalogue.dumps(again) == catalogue.dumps(found)


def read_published(content: bytes, folder: Path) -> None:
    """What was published where, which can be written, and read again as the same."""
    path = scratch_file(folder, "published.json", content)
    found = published.read(path)
    published.write(path, found)
    assert published.read(path) == found


def read_record(content: bytes, folder: Path) -> None:
    """A value of the record's kind, or no record: never an error."""
    name, _, text = content.partition(b"\n")
    kind = _KINDS.get(name.decode(errors="replace"), kinds.SNAPSHOT)
    noted: list[str] = []
    store = Store(folder / "store", note=noted.append)
    place = folder / "store" / "records" / ("portable" if kind.portable else "local") / kind.name
    if not place.is_dir():
        place.mkdir(parents=True)
    (place / "key.json").write_bytes(text)
    found = store.record(kind, "key")
    if found is None:
        assert noted
        assert not (place / "key.json").exists()
        raise PylayerError(noted[0])
    assert kind.read(json.loads(json.dumps(found))) == found


def _example(shape: Any) -> Any:
    """A value of the type of a record's."""
    if is_typeddict(shape):
        return {name: _example(hint) for name, hint in get_type_hints(shape).items()}
    if shape is Sha256:
        return "a" * 64
    if shape in {str, int, float, bool}:
        return {str: "text", int: 1, float: 0.5, bool: True}[shape]
    origin, of = get_origin(shape), get_args(shape)
    if origin is tuple:
        return [_example(of[0])] if of[1:] == (...,) else [_example(each) for each in of]
    if origin is dict:
        return {"name": _example(of[1])}
    return _example(of[0]) if of and origin is not None and not isinstance(of[0], str) else (of or (None,))[0]


_KINDS = {each.name: each for each in vars(kinds).values() if isinstance(each, kinds.RecordKind)}
_RECORDS = {name: _example(kind.value) for name, kind in _KINDS.items()}


def _record(dice: Random, _: bytes) -> bytes:
    name = dice.choice(sorted(_RECORDS))
    text = mutations.of_json({"": _RECORDS[name]})(dice, b"")
    text = text.removeprefix(b'{"": ').removesuffix(b"}")
    return name.encode() + b"\n" + text


_SETUP_PY = b"""
import os
from setuptools import setup, find_packages
NAME = "lib" + "thing"
options = dict(version="1.0")
if __name__ == "__main__":
    setup(name="libthing", packages=find_packages("src"), use_scm_version=True, **options)
"""
_SETUP_PY_OF_FILES = b"""
import os
from setuptools import setup
here = os.path.abspath(os.path.dirname(__file__))
with open(os.path.join(here, "setup.py")) as file:
    about = {}
    exec(file.read(), about)
__title__ = f"lib{PART}" + "thing"
PART = "of"
config = {"name": about["__title__"], "version": "1.0"}
setup(**config)
"""
_SETUP_CFG = b"""
[metadata]
name = libthing
version = attr: libthing.VERSION
[options]
packages = find:
install_requires =
    numpy>=2
    requests
"""
_UV_KEYS = ["explicit", "default", "index", "marker", "url"]

SUBJECTS = (
    Subject(name="layers.toml", read=read_manifest, mutate=mutations.of_toml(MANIFEST, _KEYS), weight=8),
    Subject(
        name="pyproject.toml", read=read_project, mutate=mutations.of_toml(PYPROJECT, ["tool"]), weight=8
    ),
    Subject(
        name="setup.py",
        read=read_setup,
        mutate=mutations.of_lines,
        seeds=(_SETUP_PY, _SETUP_PY_OF_FILES),
        weight=4,
    ),
    Subject(name="setup.cfg", read=read_setup_cfg, mutate=mutations.of_lines, seeds=(_SETUP_CFG,), weight=4),
    Subject(name="uv.toml", read=read_settings, mutate=mutations.of_toml(UV, _UV_KEYS), weight=6),
    Subject(
        name="uv's settings in pyproject.toml",
        read=read_settings_of_project,
        mutate=mutations.of_toml({"tool": {"uv": UV}}, _UV_KEYS),
        weight=4,
    ),
    Subject(
        name="layers.lock", read=read_lock, mutate=mutations.of_toml(LOCK, ["stale", "exclude"]), weight=8
    ),
    Subject(name="layers.json", read=read_catalogue, mutate=mutations.of_json(CATALOGUE), weight=8),
    Subject(name="published.json", read=read_published, mutate=mutations.of_json(PUBLISHED), weight=3),
    Subject(name="records of the store, snapshots", read=read_record, mutate=_record, weight=8),
)
