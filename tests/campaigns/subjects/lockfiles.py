"""Lock files of other tools → what they hold for two targets."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

import tomli

from campaigns import mutations
from campaigns.subjects import Subject, scratch_file
from pylayer.locks import lockfiles
from pylayer.targets import Architecture, Target, load_runtimes

if TYPE_CHECKING:
    from pathlib import Path

_MARKERS = [
    Target(runtime=load_runtimes()[name], architecture=architecture).markers
    for name, architecture in (("python3.9", Architecture.X86_64), ("python3.13", Architecture.ARM64))
]
_UV = """
version = 1
[[package]]
name = "NumPy"
version = "2.0.2"
source = { registry = "https://index.example/simple" }
resolution-markers = ["python_full_version < '3.10'", "sys_platform == 'win32'"]
sdist = { url = "https://x/numpy.tar.gz", hash = "sha256:00", size = 1 }
wheels = [{ url = "https://x/numpy.whl", hash = "sha256:01", size = 1 }]
[[package]]
name = "from-git"
version = "1.0"
source = { git = "https://git.example/from-git?subdirectory=b&rev=main#0123" }
[[package]]
name = "liba"
source = { editable = "packages/liba" }
"""
_POETRY = """
[[package]]
name = "numpy"
version = "2.0.2"
python-versions = ">=3.9,<3.10"
markers = { main = "extra == 'fast'", dev = "python_version > '3'" }
files = [{ file = "numpy.whl", hash = "sha256:00" }]
[[package]]
name = "from-git"
version = "1.0"
python-versions = "*"
[package.source]
type = "git"
url = "https://git.example/from-git"
reference = "main"
resolved_reference = "0123"
[metadata]
lock-version = "2.1"
"""
_PYLOCK = """
lock-version = "1.0"
created-by = "hand"
[[packages]]
name = "numpy"
version = "2.3.1"
marker = "python_version >= '3.10'"
index = "https://index.example/simple"
[[packages.wheels]]
name = "numpy-2.3.1-py3-none-any.whl"
url = "https://index.example/numpy-2.3.1-py3-none-any.whl"
hashes = { sha256 = "00" }
[[packages]]
name = "a"
vcs = { type = "git", url = "https://git.example/a", commit-id = "0123" }
[[packages]]
name = "b"
archive = { url = "https://x/b.zip", hashes = { sha256 = "00" } }
"""
_PDM = """
[metadata]
lock_version = "4.5.0"
[[package]]
name = "numpy"
version = "2.0.2"
marker = "python_version < '3.10'"
files = [{ file = "numpy.whl", hash = "sha256:00" }]
[[package]]
name = "b"
git = "https://git.example/b"
revision = "0123"
[[package]]
name = "c"
path = "./c"
"""
_PIPFILE: dict[str, Any] = {
    "_meta": {"sources": [{"name": "pypi", "url": "https://index.example/simple"}]},
    "default": {
        "numpy": {"version": "==2.0.2", "markers": "python_version < '3.10'", "hashes": ["sha256:00"]},
        "b": {"git": "https://git.example/b", "ref": "0123", "subdirectory": "x"},
        "c": {"index": "pypi", "version": "==1"},
    },
    "develop": {"d": {"path": "./d"}},
}
_REQUIREMENTS = b"""# -*- coding: utf-8 -*-
--index-url https://user:secret@index.example/simple
numpy==2.0.2 ; python_version < '3.10' \\
    --hash=sha256:00 \\
    --hash=sha256:01
requests[socks]>=2,<3  # why
-e ./liba
b @ git+https://git.example/b@0123#subdirectory=x
./vendor/c-1.0-py3-none-any.whl
https://x/d-1.0.tar.gz#sha256=00&egg=d
-c constraints.txt
flask==1.0
"""


def _read(content: bytes, folder: Path, *, name: str) -> None:
    if not (folder / "liba").exists():
        (folder / "liba").mkdir()
        (folder / "liba" / "pyproject.toml").write_text('[project]\nname = "liba"\nversion = "1"\n')
        (folder / "constraints.txt").write_text("urllib3<3\n")
    found = lockfiles.read(scratch_file(folder, name, content), label=name)
    for markers in _MARKERS:
        for held in found.held(markers).values():
            hash(held)
            assert isinstance(held.limits, str)
    lockfiles.files(folder / name)


def _subject(name: str, text: str) -> Subject:
    mutate = mutations.of_toml(tomli.loads(text))
    return Subject(name=name, read=partial(_read, name=name), mutate=mutate)


SUBJECTS = (
    _subject("uv.lock", _UV),
    _subject("poetry.lock", _POETRY),
    _subject("pylock.toml", _PYLOCK),
    _subject("pdm.lock", _PDM),
    Subject(
        name="Pipfile.lock",
        read=partial(_read, name="Pipfile.lock"),
        mutate=mutations.of_json(_PIPFILE),
        seeds=(json.dumps(_PIPFILE).encode(),),
    ),
    Subject(
        name="requirements.txt",
        read=partial(_read, name="requirements.txt"),
        mutate=mutations.of_lines,
        seeds=(_REQUIREMENTS,),
    ),
)
