"""Bytecode made in containers."""

from __future__ import annotations

from typing import Any

import pytest
from factories.bytecode import compile_wheels, contents
from factories.engines import FOREIGN, NATIVE, target
from factories.wheels import make_wheel

from pylayer import wheels
from pylayer.building import bytecode
from pylayer.store import Store

pytestmark = pytest.mark.docker

SOURCE = b"def one(value):\n    return value in {'axis', 'limit', 'inplace'}, {'axis', 'limit', 'inplace'}\n"


@pytest.fixture
def two(tmp_path):
    """Two wheels."""
    names = ("a", "b")
    made = [make_wheel(tmp_path / name, {f"{name}/__init__.py": SOURCE}, name=name) for name in names]
    return [wheels.read(path) for path in made]


def compiled(some, *, engine, of, store):
    """Compile wheels with the engine's Python for a target."""
    return compile_wheels(
        some,
        open_env=lambda: engine.build_env(of, ()),
        interpreter=engine.interpreter(of),
        store=store,
    )


@pytest.mark.parametrize("python", ["3.11", "3.13"])
def test_target_python(docker_engine, two, tmp_path, python):
    """Bytecode is that of the target's Python, whatever runs pylayer, and names the path on Lambda."""
    made = compiled(two, engine=docker_engine, of=target(python), store=Store(tmp_path))
    files = contents(compiled.path for compiled in made.values())
    tag = f"cpython-{python.replace('.', '')}"
    expected = [f"python/{name}/__pycache__/__init__.{tag}.pyc" for name in ("a", "b")]
    assert expected == sorted(files)
    assert all(f"/opt/python/{name[7]}/__init__.py".encode() in data for name, data in files.items())


def test_rooms(docker_engine, two, tmp_path):
    """One job for two wheels, and one for each in two others: the same bytes."""
    together = compiled(two, engine=docker_engine, of=target(), store=Store(tmp_path / "together"))
    apart: dict[str, Any] = {}
    for wheel in two:
        store = Store(tmp_path / wheel.filename)
        apart |= compiled([wheel], engine=docker_engine, of=target(), store=store)
    assert {name: compiled.sha256 for name, compiled in together.items()} == {
        name: compiled.sha256 for name, compiled in apart.items()
    }


def test_architectures(docker_engine, two, tmp_path):
    """An emulated Python of the same version gives the same bytes, so that it need not be asked."""
    pythons = [docker_engine.interpreter(target(architecture=each)) for each in (NATIVE, FOREIGN)]
    made = [
        compiled(two, engine=docker_engine, of=target(architecture=each), store=Store(tmp_path / each))
        for each in (NATIVE, FOREIGN)
    ]
    native, foreign = ({name: compiled.sha256 for name, compiled in each.items()} for each in made)
    assert (pythons[0].version, native) == (pythons[1].version, foreign)
    assert 1 == len({bytecode.key("0", interpreter=each) for each in pythons})
