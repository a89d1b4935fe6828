"""Files in a dict → an archive and a SmokeTest of it; and a client that speaks Lambda's Runtime API."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from factories.wheels import make_wheel, make_zip
from pylayer import wheels
from pylayer.config.invocations import Invoke
from pylayer.engines.smoke import SmokeTest

from .engines import host_target

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pylayer.wheels import Wheel

# The protocol of AWS's own client, in the standard library alone: get an event, send what came of it.
CLIENT = b"""
import http.client, importlib, json, os, sys, traceback

def main(args):
    _, name = args
    server = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    root = "/2018-06-01/runtime"
    def post(path, value):
        server.request("POST", root + path, json.dumps(value))
        server.getresponse().read()
    def said(error):
        return {"errorType": type(error).__name__, "errorMessage": str(error),
                "stackTrace": traceback.format_tb(error.__traceback__)}
    try:
        module, _, function = name.rpartition(".")
        handler = getattr(importlib.import_module(module), function)
    except Exception as error:
        post("/init/error", said(error))
        sys.exit(1)
    while True:
        server.request("GET", root + "/invocation/next")
        response = server.getresponse()
        request, event = response.headers["Lambda-Runtime-Aws-Request-Id"], json.loads(response.read())
        try:
            answer = handler(event, None)
        except Exception as error:
            post("/invocation/%s/error" % request, said(error))
        else:
            post("/invocation/%s/response" % request, answer)
"""

# What a function on Lambda can count on and must put up with.
LAMBDA = """
import os, socket, sys, tempfile
assert (993, 990) == (os.getuid(), os.getgid())
packages = "/opt/python/lib/python3.%d/site-packages" % sys.version_info[1]
assert ["/var/task", packages, "/opt/python"] == sys.path[:3]
assert "/var/task" == os.getcwd()
for path in ("/opt/x", "/opt/python/x", "/var/task/x", "/x", "/home/x"):
    try:
        open(path, "w")
    except OSError:
        pass
    else:
        raise AssertionError(path + " can be written")
tempfile.TemporaryFile()
try:
    socket.create_connection(("192.0.2.1", 80), 1)
except OSError as error:
    assert "unreachable" in str(error), error
else:
    raise AssertionError("there is a network")
"""


def client(folder: Path) -> Wheel:
    """Make the wheel of a client."""
    files = {"awslambdaric/__init__.py": b"", "awslambdaric/__main__.py": CLIENT}
    return wheels.read(make_wheel(folder, files, name="awslambdaric"))


def archive(path: Path, files: Mapping[str, str]) -> Path:
    """Write an archive."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return make_zip(path, {name: content.encode() for name, content in files.items()})


def smoke_test(folder: Path, files: Mapping[str, str], *modules: str, **more: Any) -> SmokeTest:
    """Give a smoke test of one archive, by the Python that runs the tests."""
    path = archive(folder / "layer.zip", files)
    made = SmokeTest(name="example", target=host_target(), archives=(path,), modules=modules, seconds=60)
    return replace(made, **more)


def handler(name: str, event: object = None, expect: object = None, **env: str) -> Invoke:
    """Give an invocation; no `expect` takes any answer."""
    return Invoke(
        handler=name,
        event=json.dumps(event),
        expect=None if expect is None else json.dumps(expect),
        env=tuple(env.items()),
    )
