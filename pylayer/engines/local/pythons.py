"""A minor version of Python → an interpreter of this host, and what it says of itself."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.tags import compatible_tags, cpython_tags, platform_tags

from pylayer import enginetable
from pylayer.engines import Interpreter
from pylayer.errors import NeedsDockerError
from pylayer.process import run, uv
from pylayer.store import uv_cache
from pylayer.store.kinds import HOST_PYTHON

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from packaging.tags import Tag

    from pylayer.store import Store
    from pylayer.store.kinds import HostPythonRecord

# Run by the interpreter itself, which may be older than any that `packaging` runs in.
_DESCRIBE = """
import json, platform, sys, sysconfig
print(json.dumps({
    "version": platform.python_version(),
    "implementation": sys.implementation.name,
    "executable": getattr(sys, "_base_executable", None) or sys.executable,
    "platform": sysconfig.get_platform(),
    "build": [sys.version, sysconfig.get_config_var("CC"), sysconfig.get_config_var("EXT_SUFFIX")],
    "debug": bool(sysconfig.get_config_var("Py_DEBUG")),
    "threaded": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
    "glibc": platform.libc_ver()[0] == "glibc",
    "maxsize": sys.maxsize,
}))
"""
_FOR_UV = ("PATH", "HOME", "XDG_DATA_HOME", "UV_PYTHON_INSTALL_DIR", "UV_CACHE_DIR")
_PATIENCE = 60  # seconds


def find(python: str, *, environ: Mapping[str, str], store: Store) -> Interpreter:
    """Find CPython `python` ("3.13"): this process's own, pyenv's, or what uv finds; none is ever downloaded.

    What an interpreter said is kept in `store` for as long as its file does not change. Raises
    NeedsDockerError where there is none.
    """
    for path in _candidates(python, environ):
        described = _describe(path, store=store)
        if described is not None and described["version"].startswith(f"{python}."):
            return _interpreter(described)
    raise NeedsDockerError(
        f"this host has no Python {python}",
        hint=f"get it with `uv python install {python}`, or {enginetable.remedy()}",
    )


def _candidates(python: str, environ: Mapping[str, str]) -> Iterator[Path]:
    """Give the interpreters to try: the cheap ones first, as uv starts each Python that it sees."""
    yield Path(getattr(sys, "_base_executable", sys.executable))
    pyenv = Path(environ.get("PYENV_ROOT") or Path(environ.get("HOME", "/")) / ".pyenv")
    patches = [
        (int(match[1]), path)
        for path in pyenv.glob(f"versions/{python}.*/bin/python{python}")
        if (match := re.fullmatch(rf"{re.escape(python)}\.(\d+)", path.parents[1].name))
    ]
    for _, path in sorted(patches, reverse=True):
        yield path
    env = {name: environ[name] for name in _FOR_UV if name in environ} | uv_cache(environ)
    options = ["--no-python-downloads", "--no-config", "--no-project", "--system"]
    found = run(
        [uv(), "python", "find", f"cpython@{python}", *options],
        cwd=Path("/"),
        env=env,
        timeout=_PATIENCE,
    )
    if found.status == 0 and (line := found.stdout.strip()):
        yield Path(line)


def _describe(path: Path, *, store: Store) -> HostPythonRecord | None:
    """Ask an interpreter what it is; None where it does not run, is no CPython, or has another libc."""
    try:
        stat = path.stat()
    except OSError:
        return None
    seen = [str(path), stat.st_mtime_ns, stat.st_size, _DESCRIBE]
    key = hashlib.sha256(json.dumps(seen).encode()).hexdigest()
    if (known := store.record(HOST_PYTHON, key)) is not None:
        return known
    told = run([path, "-I", "-c", _DESCRIBE], env={"PATH": os.defpath}, timeout=_PATIENCE)
    if told.status != 0:
        return None
    described = HOST_PYTHON.read(json.loads(told.stdout.splitlines()[-1]))
    ours = (platform.libc_ver()[0] == "glibc", sys.maxsize)
    if described["implementation"] != "cpython" or (described["glibc"], described["maxsize"]) != ours:
        return None
    store.put_record(HOST_PYTHON, key, described)
    return described


def _interpreter(described: HostPythonRecord) -> Interpreter:
    decisive = [described["version"], described["platform"], described["build"]]
    return Interpreter(
        version=described["version"],
        executable=described["executable"],
        platform=described["platform"],
        identity=hashlib.sha256(json.dumps(decisive).encode()).hexdigest(),
        tags=tuple(_tags(described)),
    )


def _tags(described: HostPythonRecord) -> Iterator[Tag]:
    """The wheel tags that an interpreter takes, best first, as `packaging.tags.sys_tags` would say in it."""
    major, minor, *_ = described["version"].split(".")
    version = (int(major), int(minor))
    plain = f"cp{major}{minor}" + ("t" if described["threaded"] else "")
    # One for debugging takes the others' extension modules as well.
    abis = [f"{plain}d", plain] if described["debug"] else [plain]
    platforms = list(platform_tags())
    yield from cpython_tags(version, abis, platforms)
    yield from compatible_tags(version, f"cp{major}{minor}", platforms)
