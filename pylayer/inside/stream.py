"""A job on standard input becomes its folder, its script runs there, and its results go to standard output.

Both directions are one line of JSON, then the contents of the files that it lists, one after the other:
    in     {"folder": path, "script": name, "files": [[name, size, executable, where a link leads], ...],
            "user": number or null, "options": the script's Python's,
            "processors": [how many to keep to or null, seed]}
    out    {"status": exit status, "answer": answer.json's or null, "clean": whether nothing is left,
            "files": [[name, size, executable], ...]}
One program start carries a whole job in and out: putting and getting archives would each cost the engine as
much again. What the script prints goes to standard error, whichever of the two it meant.

The script is a program of its own, with all that is installed; this one runs with nothing of it (`-I -S`),
so that no build requirement has a say here. Where the job has a `user` to itself, all that this user started
is ended before the results go, and all that it left in folders that are everybody's is removed. A script may
kill this program, which is then seen by its results that never come, but cannot look into it or speak for it.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import stat
import sys
import time
import traceback
from contextlib import suppress

TYPE_CHECKING = False  # typing is not worth its import in each job
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any, BinaryIO

CHUNK = 1 << 20
SHARED = "/pylayer/shared"  # lists what everybody may write to in the image
MEMORY = ("/dev/shm", "/dev/mqueue")  # noqa: S108  the same, of every container
DUMPABLE, CHILD_SUBREAPER = 4, 36  # of prctl
# How often processes are killed: more often than a container can have any, and for half a minute or so where
# one that is not this one's child stays.
ROUNDS, PAUSE = 10_000, 0.001


def main() -> None:
    """Do one job, or in the script's own program, run that."""
    if sys.argv[1:]:
        run(sys.argv[1])
    results = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    os.umask(0o022)
    request = json.loads(sys.stdin.buffer.readline())
    alone = request["user"] is not None and keep_apart(request["user"])
    os.mkdir(request["folder"], 0o700)
    os.chdir(request["folder"])
    confine(*request["processors"])
    try:
        receive(sys.stdin.buffer, request["files"])
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        status = started([*request["options"], "inside/stream.py", request["script"]])
        os.chdir(request["folder"])
        clean = alone and end_all(request["user"]) and cleared(request["user"])
        send(results, status, clean=clean)
    finally:
        remove(request["folder"])
    os._exit(status)


def keep_apart(user: int) -> bool:
    """Let no other process of `user` look into this one, and let this one see the end of others if it can.

    Says whether all that this user does here is this job's.
    """
    if os.getuid() != user or os.getppid() != 0:  # 0: it was put into its container from outside
        return False
    try:
        import ctypes

        prctl = ctypes.CDLL(None).prctl
    except (ImportError, OSError, AttributeError):
        return False

    def set_to(option: int, value: int) -> bool:
        return bool(prctl(option, ctypes.c_ulong(value), *[ctypes.c_ulong(0)] * 3) == 0)

    set_to(CHILD_SUBREAPER, 1)  # emulators know no such thing
    return set_to(DUMPABLE, 0)


def confine(count: int | None, seed: int) -> None:
    """Keep to `count` processors, the same for all jobs of one seed: what counts them starts no more."""
    if count and hasattr(os, "sched_setaffinity"):
        found = sorted(os.sched_getaffinity(0))
        first = seed % len(found)
        os.sched_setaffinity(0, (found[first:] + found[:first])[:count])


def receive(stream: BinaryIO, files: list[tuple[str, int, bool, str]]) -> None:
    """Write the files, all with one date: by none can a build tool think another stale."""
    for folder in ("src", "out", "home", "tmp"):
        os.mkdir(folder)
    date = int(os.environ["SOURCE_DATE_EPOCH"])
    for name, size, executable, link in files:
        os.makedirs(os.path.dirname(name) or ".", exist_ok=True)
        if link:
            os.symlink(link, name)
            os.utime(name, (date, date), follow_symlinks=False)
            continue
        with open(name, "wb") as file:
            left = size
            while left:
                chunk = stream.read(min(left, CHUNK))
                if not chunk:
                    sys.exit("the job's files ended early, in " + name)
                left -= file.write(chunk)
        os.chmod(name, 0o755 if executable else 0o644)
        os.utime(name, (date, date))


def started(words: Sequence[str]) -> int:
    """Start this Python with `words`, wait for its end, and give its exit status as a shell does."""
    child = os.fork()
    if child == 0:
        try:
            os.execv(sys.executable, [sys.executable, *words])  # noqa: S606  no shell is needed
        finally:
            os._exit(127)
    ended = os.waitpid(child, 0)[1]
    return os.WEXITSTATUS(ended) if os.WIFEXITED(ended) else 128 + os.WTERMSIG(ended)


def run(script: str) -> None:
    """Run the script as the program that it would be, and end with its exit status."""
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
    # Not by way of the interpreter's end: a thread that the script left running would hold it up.
    os._exit(status)


def end_all(user: int) -> bool:
    """Kill every other process of `user`, and wait for that a while; say whether none is left."""
    for _ in range(ROUNDS):
        with suppress(ProcessLookupError):
            os.kill(-1, signal.SIGKILL)
        try:
            os.waitpid(-1, 0)  # what has lost its parent is this one's child, where that can be had
        except ChildProcessError:
            if not any(lives(pid, user) for pid in os.listdir("/proc") if pid.isdigit()):
                return True
            time.sleep(PAUSE)
    return False


def lives(pid: str, user: int) -> bool:
    """Say whether a process is another one of `user`, and not dead yet."""
    try:
        with open("/proc/%s/stat" % pid, "rb") as file:
            state = file.read().rpartition(b")")[2].split()[0]
        dead = state in (b"Z", b"X") or int(pid) == os.getpid()
        return not dead and os.stat("/proc/" + pid).st_uid == user
    except OSError:
        return False  # it has gone


def cleared(user: int) -> bool:
    """Remove what `user` left in folders that everybody may write to; say whether nothing is left."""
    try:
        with open(SHARED, encoding="utf-8", errors="surrogateescape") as file:
            shared = file.read().split("\0")[:-1]
    except OSError:
        return False
    for folder in (*shared, *filter(os.path.isdir, MEMORY)):
        # In a file, or in a folder where all may remove what is others', anything may be another by now.
        if not os.path.isdir(folder) or not os.stat(folder).st_mode & stat.S_ISVTX:
            return False
        for path in list(left_in(folder, user)):
            if os.path.isdir(path) and not os.path.islink(path):
                remove(path)
            else:
                os.unlink(path)
        if any(left_in(folder, user)):
            return False
    return not any(has_segments(user, kind) for kind in ("shm", "sem", "msg"))


def left_in(folder: str, user: int) -> Iterator[str]:
    """Give what belongs to `user` in `folder`, but for the job's own folder."""
    for name in os.listdir(folder):
        path = os.path.join(folder, name)
        if os.lstat(path).st_uid == user and path != os.getcwd():
            yield path


def has_segments(user: int, kind: str) -> bool:
    """Say whether `user` has left something of a kind of System V's."""
    try:
        with open("/proc/sysvipc/" + kind, encoding="ascii") as file:
            column = file.readline().split().index("uid")
            return any(line.split()[column] == str(user) for line in file)
    except OSError:
        return False  # the kernel has none


def send(results: BinaryIO, status: int, *, clean: bool) -> None:
    """Write the script's answer and the plain files in `out`."""
    files = []
    for folder, _, names in os.walk("out"):
        for name in names:
            path = os.path.join(folder, name)
            if os.path.isfile(path) and not os.path.islink(path):
                found = os.stat(path)
                files.append((os.path.relpath(path, "out"), found.st_size, bool(found.st_mode & 0o100)))
    files.sort()
    header = {"status": status, "answer": answered(), "clean": clean, "files": files}
    results.write(json.dumps(header).encode() + b"\n")
    for name, _, _ in files:
        with open(os.path.join("out", name), "rb") as content:
            shutil.copyfileobj(content, results, CHUNK)
    results.flush()


def answered() -> Any:
    """Give what the script answered; None where it did not."""
    if not os.path.isfile("answer.json"):
        return None
    try:
        with open("answer.json", encoding="utf-8") as file:
            return json.load(file)
    except (OSError, ValueError, RecursionError):
        return None


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
