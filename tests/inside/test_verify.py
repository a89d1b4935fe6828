"""The program that tries an archive, run as a tester runs it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from factories.smoke import CLIENT

from pylayer.engines.smoke import answer_in

SCRIPT = Path(__file__).parents[2] / "pylayer" / "inside" / "verify.py"


@pytest.fixture
def folders(tmp_path):
    """Stand-ins for /opt, /var/task and /var/runtime."""
    found = {name: tmp_path / name for name in ("opt", "task", "runtime_dir")}
    for folder in found.values():
        folder.mkdir()
    (found["opt"] / "python").mkdir()
    return found


def answer(folders, *, invoke=None, modules=()):
    """Run the program, and give what it answers."""
    request = {
        **{name: str(folder) for name, folder in folders.items()},
        "runtime": "python3.13",
        "modules": list(modules),
        "invoke": invoke,
        "seconds": 30,
        "options": [],
        "attached": False,
    }
    done = subprocess.run(
        [sys.executable, SCRIPT],
        input=json.dumps(request) + "\n",
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return answer_in(done.stdout)


def test_aws_own_bootstrap(folders):
    """Where the image has AWS's bootstrap, it is what runs the handler, as it is started on Lambda."""
    client = folders["runtime_dir"] / "client.py"
    client.write_bytes(CLIENT + b"\nmain([None, os.environ['_HANDLER']])\n")
    bootstrap = folders["runtime_dir"] / "bootstrap"
    bootstrap.write_text(f"#!/bin/sh\nPYTHONPATH=$PYLAYER_OPT/python exec {sys.executable} {client}\n")
    bootstrap.chmod(0o755)
    (folders["opt"] / "python" / "app.py").write_text("def main(event, context):\n    return event\n")
    invoked = answer(folders, invoke={"handler": "app.main", "event": [1], "env": {}})["invoked"]
    assert ("", "[1]") == (invoked["error"], invoked["response"])


@pytest.mark.parametrize("name", ["json", "sys"])
def test_a_module_that_the_runtime_has_imported_is_not_the_layer_s(folders, name):
    """Whatever the layer has of that name, functions get the other."""
    package = folders["opt"] / "python" / name
    package.mkdir()
    (package / "__init__.py").write_text("")
    [imported] = answer(folders, modules=[name])["imports"]
    assert "it is the runtime's own that is imported" in imported["error"]


def test_modules_that_no_layer_has_may_be_the_runtime_s(folders):
    """Who names one wants to know that it is there; and a layer's own are found by whichever way."""
    python = folders["opt"] / "python"
    (python / "space" / "part").mkdir(parents=True)
    (python / "space" / "part" / "__init__.py").write_text("")
    (python / "lazy.py").write_text("import sys\nsys.modules[__name__] = object()\n")
    (python / "colorsys.py").write_text("")
    names = ["json", "sys", "space.part", "space", "lazy", "colorsys"]
    assert [""] * len(names) == [each["error"] for each in answer(folders, modules=names)["imports"]]


def test_no_client(folders):
    """Without any client nothing is run, and that is the answer."""
    assert {"missing": True} == answer(folders, invoke={"handler": "a.b", "event": 1, "env": {}})["invoked"]


def test_cold(folders):
    """Each module is imported in a process of its own."""
    for name in ("a", "b"):
        (folders["opt"] / "python" / f"{name}.py").write_text(
            "import os, sys\nassert not {'a', 'b'} & {*sys.modules} - {__name__}\nprint(os.getpid())\n"
        )
    one, other = answer(folders, modules=["a", "b"])["imports"]
    assert ("", "") == (one["error"], other["error"])
    assert one["log"] != other["log"]
