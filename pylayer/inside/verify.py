"""Layers unpacked at /opt → how each module's import went, and an invocation of a handler, as on Lambda.

Run as a program, with `start.py` and `runtime_api.py` beside it and the request as the first line of standard
input. Request:
    runtime, architecture    Lambda's words
    opt, task, runtime_dir   folders: /opt, /var/task, and what takes the place of /var/runtime
    modules                  what is imported, each in a process of its own
    invoke                   null, or handler, event and env
    seconds                  how long one process may take
    attached                 whether the end of standard input means that nobody waits any more
    options                  for the Python of each process
Answer, as one line of standard output:
    python     version
    imports    for each module: module, seconds, error (a traceback or what ended the process), log, and
               timings: [module, own, with what it imports] in microseconds, as -X importtime measures
    invoked    null, or error, response (JSON as text), log, init and seconds (null where it did not come to
               it); or only `missing`, where there is no runtime interface client to serve the handler
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import re
import signal
import subprocess
import sys
import threading
import time

TYPE_CHECKING = False  # typing is not worth its import in each job
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from pylayer.inside.runtime_api import RuntimeApi
    from pylayer.inside.start import MARK
else:
    from runtime_api import RuntimeApi
    from start import MARK

START = os.path.join(os.path.dirname(os.path.abspath(__file__)), "start.py")
FUNCTION = "pylayer-verify"
TIMING = re.compile(r"import time:\s+(\d+) \|\s+(\d+) \|\s+(\S+)$")
MOST_LOG = 20000  # characters: what is at the end matters


def main() -> None:
    """Do what the request asks for."""
    request = json.loads(sys.stdin.readline())
    if request["attached"]:
        threading.Thread(target=end_with_input, daemon=True).start()
    imports = [import_one(module, request) for module in request["modules"]]
    invoked = invoke(request["invoke"], request) if request["invoke"] else None
    print(
        json.dumps({"python": platform.python_version(), "imports": imports, "invoked": invoked}), flush=True
    )
    os._exit(0)  # the thread that reads standard input is not waited for


def end_with_input() -> None:
    """End with whoever started this: it is a container's first process, and all others end with it."""
    sys.stdin.read()
    os._exit(1)


def import_one(module: str, request: Mapping[str, Any]) -> dict[str, Any]:
    """Import a module in a new process."""
    reader, writer = os.pipe()
    command = [sys.executable, *request["options"], "-X", "importtime", START, "import", module, str(writer)]
    process = subprocess.Popen(
        command,
        env=environment(request),
        cwd=request["task"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        pass_fds=[writer],
    )
    os.close(writer)
    printed = finish(process, request["seconds"])
    with os.fdopen(reader, encoding="utf-8") as pipe:
        text = pipe.read()
    before, mark, after = printed.partition(MARK + "\n")
    timings, log = sort_out((after if mark else before).splitlines())
    answer = json.loads(text) if text else {"seconds": None, "error": ended(process.returncode, request)}
    return {"module": module, "log": log[-MOST_LOG:], "timings": timings, **answer}


def invoke(wanted: Mapping[str, Any], request: Mapping[str, Any]) -> dict[str, Any]:
    """Let a new process serve one event."""
    seconds = request["seconds"]
    bootstrap = os.path.join(request["runtime_dir"], "bootstrap")
    command = [sys.executable, *request["options"], START, "serve", wanted["handler"]]
    if os.access(bootstrap, os.X_OK):
        command = [bootstrap]  # AWS's own
    elif not os.path.exists(os.path.join(request["runtime_dir"], "awslambdaric")):
        return {"missing": True}
    with RuntimeApi(wanted["event"], function=FUNCTION, seconds=seconds) as api:
        env = {
            **environment(request),
            **wanted["env"],
            "_HANDLER": wanted["handler"],
            "AWS_LAMBDA_RUNTIME_API": api.address,
        }
        start = time.perf_counter()
        process = subprocess.Popen(
            command,
            env=env,
            cwd=request["task"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        threading.Thread(target=end_after, args=(process, api, seconds), daemon=True).start()
        printed = finish(process, seconds + 1)
        took = time.perf_counter() - (api.asked or start)
        error = failure(api, process.returncode, request)
        return {
            "error": error,
            "response": api.body.decode("utf-8", "replace") if api.kind == "response" else None,
            "log": printed[-MOST_LOG:],
            "init": api.asked - start if api.asked else None,
            "seconds": took if api.asked else None,
        }


def end_after(process: subprocess.Popen[bytes], api: RuntimeApi, seconds: float) -> None:
    """End the handler's process once it has answered: on Lambda it would wait for the next event."""
    if api.ended.wait(seconds):
        process.kill()


def failure(api: RuntimeApi, status: int, request: Mapping[str, Any]) -> str:
    """Say what went wrong, in Lambda's words where it has some."""
    if api.kind == "response":
        return ""
    if not api.kind:
        return ended(status, request)
    try:
        said = json.loads(api.body)
    except ValueError:
        return api.body.decode("utf-8", "replace")
    trace = "".join(said.get("stackTrace") or ())
    text = "%s: %s" % (said.get("errorType"), said.get("errorMessage"))
    return "Traceback (most recent call last):\n%s%s" % (trace, text) if trace else text


def ended(status: int, request: Mapping[str, Any]) -> str:
    """Say how a process ended that left no answer."""
    if status == -signal.SIGKILL:
        return "it was killed: still running after %g s, or out of memory" % request["seconds"]
    if status < 0:
        return "it was ended by the signal %s" % signal.Signals(-status).name
    return "it ended with the exit status %d" % status


def finish(process: subprocess.Popen[bytes], seconds: float) -> str:
    """Give what a process prints until its end, which comes in time."""
    printed = b""
    try:
        printed, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):  # a child of it may hold its output open
            printed, _ = process.communicate(timeout=1)
    return printed.decode("utf-8", "replace")


def sort_out(lines: Iterable[str]) -> tuple[list[tuple[str, int, int]], str]:
    """Divide what Python measures from what a module prints."""
    timings, rest = [], []
    for line in lines:
        if match := TIMING.search(line):
            timings.append((match[3], int(match[1]), int(match[2])))
            line = line[: match.start()]  # noqa: PLW2901  what was printed without an end of line
        if line:
            rest.append(line)
    return timings, "\n".join(rest)


def environment(request: Mapping[str, Any]) -> dict[str, str]:
    """Give the variables that a function has on Lambda, with keys that open nothing, and an emulator's own.

    https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
    """
    opt, task, runtime_dir = request["opt"], request["task"], request["runtime_dir"]
    libraries = [
        "/var/lang/lib",
        "/lib64",
        "/usr/lib64",
        runtime_dir,
        runtime_dir + "/lib",
        task,
        task + "/lib",
    ]
    emulator = {name: os.environ[name] for name in ("QEMU_CPU",) if name in os.environ}
    return {
        **emulator,
        "AWS_ACCESS_KEY_ID": "ASIAIOSFODNN7EXAMPLE",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EXECUTION_ENV": "AWS_Lambda_" + request["runtime"],
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1769",
        "AWS_LAMBDA_FUNCTION_NAME": FUNCTION,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/" + FUNCTION,
        "AWS_LAMBDA_LOG_STREAM_NAME": "2026/01/01/[$LATEST]0123456789abcdef0123456789abcdef",
        "AWS_REGION": "us-east-1",
        "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "AWS_SESSION_TOKEN": "EXAMPLE",
        "LAMBDA_RUNTIME_DIR": runtime_dir,
        "LAMBDA_TASK_ROOT": task,
        "LANG": "en_US.UTF-8",
        "LD_LIBRARY_PATH": ":".join([*libraries, opt + "/lib"]),
        "PATH": ":".join(["/var/lang/bin", "/usr/local/bin", "/usr/bin/", "/bin", opt + "/bin"]),
        "PYLAYER_OPT": opt,
        "TZ": ":UTC",
    }


if __name__ == "__main__":
    main()
