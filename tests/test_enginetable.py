"""What is said of each engine, and that it can be said without the engine."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from factories.engines import WORKBENCH

from pylayer import enginetable
from pylayer.engines import Engine, ListedEngine, choose
from pylayer.engines.placing import EnginePlace
from pylayer.enginetable import ENGINES
from pylayer.errors import EngineError
from pylayer.store import Store

MEMBERS = {name for protocol in (Engine, ListedEngine) for name in vars(protocol) if not name.startswith("_")}


@pytest.mark.parametrize("name", ENGINES)
def test_every_engine_is_there(name, tmp_path, monkeypatch):
    """Its class has all that is asked of an engine, whether it answers now or not."""
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere")
    try:
        engine = choose.connect(EnginePlace(kind=ENGINES[name]), store=Store(tmp_path))
    except EngineError as error:
        assert ENGINES[name].remedy in error.faults[0].hint  # noqa: PT017
        return
    assert set() == {member for member in MEMBERS if not hasattr(engine, member)}
    engine.close()


def test_no_engine_is_imported_for_the_table():
    """layers.toml is read in every run, and Docker's SDK is slow."""
    code = (
        "import sys, pylayer.tasks, pylayer.config.manifest\n"
        "print([name for name in sys.modules if name.split('.')[0] == 'docker' or 'engines' in name])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "[]" == ran.stdout.strip()


def test_auto_asks_all_in_their_order():
    """A name asks that engine alone."""
    assert ["docker", "local"] == [kind.name for kind in enginetable.candidates("auto")]
    assert ["local"] == [kind.name for kind in enginetable.candidates("local")]


def test_remedies_name_every_engine_that_helps(monkeypatch):
    """Those with the target's libc."""
    assert ("run again with --engine docker", "start Docker") == (
        enginetable.elsewhere(),
        enginetable.remedy(),
    )
    monkeypatch.setattr(enginetable, "ENGINES", {**ENGINES, WORKBENCH.name: WORKBENCH})

    assert "run again with --engine docker or workbench" == enginetable.elsewhere()
    assert "start Docker or plug the workbench in" == enginetable.remedy()


def test_only_engines_know_their_names():
    """Everything else asks what an engine can do."""
    package = Path(enginetable.__file__).parent
    found = [
        f"{path.relative_to(package)}:{node.lineno}"
        for path in package.rglob("*.py")
        if path.relative_to(package).parts[0] != "engines"
        if any(f'"{name}"' in (text := path.read_text()) for name in ENGINES)  # parsing takes long
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Compare | ast.MatchValue)
        for part in ast.walk(node)
        if isinstance(part, ast.Constant) and part.value in ENGINES
    ]
    assert [] == found
