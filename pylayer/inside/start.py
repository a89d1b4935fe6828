"""A new process becomes what Lambda's would be, and imports one module or serves one handler.

Run as a program: `start.py import MODULE DESCRIPTOR` or `start.py serve HANDLER`. The environment is
Lambda's, and says where its folders are: LAMBDA_TASK_ROOT, LAMBDA_RUNTIME_DIR, and PYLAYER_OPT for /opt. What
came of an import is written to the descriptor as JSON: seconds, and the traceback where it failed.

The steps are those of bootstrap.py in AWS's images: the runtime's own modules first, then sys.path, the .pth
files of /var/task and /opt/python, and PYTHONPATH for processes that it starts.
"""

from __future__ import annotations

import importlib
import json
import os
import site
import sys
import time
import traceback

TYPE_CHECKING = False  # typing is not worth its import in each process
if TYPE_CHECKING:
    from typing import Any

FROZEN = ("<frozen importlib._bootstrap>", "<frozen importlib._bootstrap_external>")
MARK = "pylayer: from here on it is the layer's"


def main() -> None:
    """Do what the arguments ask for."""
    mode, name = sys.argv[1:3]
    runtime = os.environ["LAMBDA_RUNTIME_DIR"]
    sys.path[0] = runtime  # instead of this script's folder, as if it were the runtime's bootstrap.py
    client = runtime_client(must_be_there=mode == "serve")
    opt = os.environ.pop("PYLAYER_OPT")
    set_paths(os.environ["LAMBDA_TASK_ROOT"], opt, runtime)
    if mode == "serve":
        client.main([os.environ["LAMBDA_TASK_ROOT"], name])
        return
    descriptor = int(sys.argv[3])
    sys.stderr.write(MARK + "\n")
    sys.stderr.flush()
    with os.fdopen(descriptor, "w", encoding="utf-8") as answer:
        json.dump(import_module(name, opt), answer)
    sys.stdout.flush()
    os._exit(0)  # threads that the module left running are not waited for


def runtime_client(*, must_be_there: bool) -> Any:
    """Import AWS's runtime interface client, which a process on Lambda always has imported."""
    try:
        return importlib.import_module("awslambdaric.__main__")
    except ImportError:
        if must_be_there:
            raise
        return None


def set_paths(task: str, opt: str, runtime: str) -> None:
    """Let modules and .pth files be found where Lambda finds them."""
    version = "python%d.%d" % sys.version_info[:2]
    packages = os.path.join(opt, "python", "lib", version, "site-packages")
    layer = os.path.join(opt, "python")
    sys.path[:0] = [task, packages, layer, os.path.join("/var/lang/lib", version, "site-packages")]
    for folder in (task, packages, layer):
        site.addsitedir(folder)
    os.environ["PYTHONPATH"] = runtime


def import_module(name: str, opt: str) -> dict[str, Any]:
    """Import a module and say how that went; `opt` is where the layers are."""
    start = time.perf_counter()
    error = ""
    try:
        importlib.import_module(name)
    except BaseException as raised:
        error = told(raised)
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "error": error or elsewhere(name, opt)}


def elsewhere(name: str, opt: str) -> str:
    """Say that a module which a layer has comes from elsewhere; empty where it does not.

    What the runtime needs itself, such as `json`, it has imported before: no function gets another one.
    """
    path = os.path.join(opt, "python", *name.split("."))
    module = sys.modules.get(name)
    if module is None or not (os.path.isdir(path) or os.path.isfile(path + ".py")):
        return ""
    try:
        places = [*map(os.fspath, getattr(module, "__path__", None) or [module.__file__])]
    except (AttributeError, TypeError):  # it is built in, or put something else in its place
        places = []
    if any(place.startswith((opt + os.sep, os.path.realpath(opt) + os.sep)) for place in places):
        return ""
    if not places and name not in sys.builtin_module_names:
        return ""
    place = places[0] if places else "what is built in"
    return f"it is the runtime's own that is imported, {place}: layers come too late for it"


def told(error: BaseException) -> str:
    """Give the traceback of an import without the frames of the import itself."""
    rest = error.__traceback__
    while rest and rest.tb_frame.f_code.co_filename in (__file__, importlib.__file__, *FROZEN):
        rest = rest.tb_next
    return "".join(traceback.format_exception(type(error), error, rest))


if __name__ == "__main__":
    main()
