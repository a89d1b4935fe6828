"""A job on standard input becomes its folder, its script runs there, and its results go to standard output.

Both directions are one line of JSON, then the contents of the files that it lists, one after the other:
    in     {"folder": path, "script": name, "files": [[name, size, executable], ...],
            "processors": [how many to keep to or null, seed]}
    out    {"status": exit status, "answer": answer.json's or null, "files": [[name, size, executable], ...]}
One program start carries a whole job in and out: putting and getting archives would each cost the engine as
much again. What the script prints goes to standard error, whichever of the two it meant.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import traceback

TYPE_CHECKING = False  # typing is not worth its import in each job
if TYPE_CHECKING:
    from typing import Any, BinaryIO

CHUNK = 1 << 20


def main() -> None:
    """Do one job."""
    results = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    os.umask(0o022)
    request = json.loads(sys.stdin.buffer.readline())
    os.mkdir(request["folder"], 0o700)
    os.chdir(request["folder"])
    confine(*request["processors"])
    try:
        receive(sys.stdin.buffer, request["files"])
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        status = run(request["script"])
        os.chdir(request["folder"])
        send(results, status)
    finally:
        remove(request["folder"])
    # Not by way of the interpreter's end: a thread that the script left running would hold it up.
    os._exit(status)


def confine(count: int | None, seed: int) -> None:
    """Keep to `count` processors, the same for all jobs of one seed: what counts them starts no more."""
    if count and hasattr(os, "sched_setaffinity"):
        found = sorted(os.sched_getaffinity(0))
        first = seed % len(found)
        os.sched_setaffinity(0, (found[first:] + found[:first])[:count])


def receive(stream: BinaryIO, files: list[tuple[str, int, bool]]) -> None:
    """Write the files, all with one date: by none can a build tool think another stale."""
    for folder in ("src", "out", "home", "tmp"):
        os.mkdir(folder)
    date = int(os.environ["SOURCE_DATE_EPOCH"])
    for name, size, executable in files:
        os.makedirs(os.path.dirname(name) or ".", exist_ok=True)
        with open(name, "wb") as file:
            left = size
            while left:
                chunk = stream.read(min(left, CHUNK))
                if not chunk:
                    sys.exit("the job's files ended early, in " + name)
                left -= file.write(chunk)
        os.chmod(name, 0o755 if executable else 0o644)
        os.utime(name, (date, date))


def run(script: str) -> int:
    """Run the script as the program that it would be; give its exit status."""
    sys.argv = [os.path.abspath(script)]
    sys.path[:] = [path for path in sys.path if path]
    try:
        with open(script, encoding="utf-8") as file:
            code = compile(file.read(), sys.argv[0], "exec")
        exec(code, {"__name__": "__main__", "__file__": sys.argv[0]})  # noqa: S102  it is pylayer's own
        status = 0
    except SystemExit as leaving:
        status = leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
        if isinstance(leaving.code, str):
            print(leaving.code, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
        status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    return status


def send(results: BinaryIO, status: int) -> None:
    """Write the script's answer and the plain files in `out`."""
    files = []
    for folder, _, names in os.walk("out"):
        for name in names:
            path = os.path.join(folder, name)
            if os.path.isfile(path) and not os.path.islink(path):
                stat = os.stat(path)
                files.append((os.path.relpath(path, "out"), stat.st_size, bool(stat.st_mode & 0o100)))
    files.sort()
    answer: Any = None
    if os.path.exists("answer.json"):
        with open("answer.json", encoding="utf-8") as file:
            answer = json.load(file)
    results.write(json.dumps({"status": status, "answer": answer, "files": files}).encode() + b"\n")
    for name, _, _ in files:
        with open(os.path.join("out", name), "rb") as content:
            shutil.copyfileobj(content, results, CHUNK)
    results.flush()


def remove(folder: str) -> None:
    """Remove the job's folder, read-only folders in it as well."""
    shutil.rmtree(folder, ignore_errors=True)
    if os.path.exists(folder):
        for root, names, _ in os.walk(folder):
            for name in names:
                if not os.path.islink(os.path.join(root, name)):
                    os.chmod(os.path.join(root, name), 0o700)
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
