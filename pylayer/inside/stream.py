"""Jobs on standard input, one after the other → their folders, their scripts run there, their results.

Both directions are lines of JSON, each followed by the contents that it announces:
    in     {"folder": path, "script": name, "files": [[name, size, executable, where a link leads], ...],
            "user": number or null, "options": the script's Python's, "env": the script's variables,
            "warm": {"modules": [...], "env": {...}} or null,
            "processors": [how many to keep to or null, seed]}
    out    {"log": size}, as often as the script prints something, whichever of its outputs it meant, and then
           {"status": exit status, "answer": answer.json's or null, "clean": whether nothing is left,
            "files": [[name, size, executable], ...]}
One program start carries whole jobs in and out: putting and getting archives would each cost the engine as
much again, and so does another program. It ends with its input, and after a job that was not clean.

The script is a program of its own, with all that is installed; this one runs with nothing of it (`-I -S`),
so that no build requirement has a say here. Where `warm` names modules, the script's program is a fork of one
that has them imported, and that is kept for the jobs to come (`program.py`). Where jobs have a `user` to
themselves, all that this user started besides is ended before the results go, and all that it left in folders
that are everybody's is removed. A script may kill these programs, which is then seen by its results that
never come, but cannot look into them or speak for them; and where it changed what they may do, the job was
not clean.
"""

from __future__ import annotations

import json
import os
import resource
import select
import signal
import stat
import sys
import time
from contextlib import suppress

TYPE_CHECKING = False  # typing is not worth its import in each job
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any, BinaryIO

CHUNK = 1 << 20
SHARED = "/pylayer/shared"  # lists what everybody may write to in the image
MEMORY = ("/dev/shm", "/dev/mqueue")  # noqa: S108  the same, of every container
DUMPABLE, CHILD_SUBREAPER = 4, 36  # of prctl
# How often processes are killed: more often than a container can have any, and for half a minute or so where
# one that is not this one's child stays.
ROUNDS, PAUSE = 10_000, 0.001
LOOKS = 100  # the same, where not all are killed at once
LOG = "inside/log"
NOWHERE = "/nonexistent"  # HOME and TMPDIR of what no job has yet
LIMITS = [getattr(resource, name) for name in dir(resource) if name.startswith("RLIMIT_")]


def main() -> None:
    """Do one job after the other."""
    requests, results = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    os.umask(0o022)
    server = Server(requests, results)
    while line := requests.readline():
        status = server.serve(json.loads(line))
        if not server.clean:
            server.fork.end()
            os._exit(status)


class Server:
    """What lasts from one job to the next; `clean` says whether there may be a next one."""

    def __init__(self, requests: BinaryIO, results: BinaryIO) -> None:
        self.requests = requests
        self.results = results
        self.clean = True
        self.alone: bool | None = None
        self.fork = Fork()
        self.processors = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
        self.allowed = allowed(os.getpid())

    def serve(self, request: dict[str, Any]) -> int:
        """Do one job; give its exit status."""
        if self.alone is None:
            self.alone = request["user"] is not None and keep_apart(request["user"])
        folder = request["folder"]
        request["env"] = {**os.environ, **request["env"]}  # the image has its own
        os.mkdir(folder, 0o700)
        os.chdir(folder)
        try:
            receive(self.requests, request["files"], date=int(request["env"]["SOURCE_DATE_EPOCH"]))
            if not request["script"]:
                if self.alone:
                    self.fork.ready(request["options"], request["warm"])
                return 0
            os.mkfifo(LOG, 0o600)
            log = os.open(LOG, os.O_RDONLY | os.O_NONBLOCK)
            answers = self.start(request)
            status = self.wait(answers, log)
            os.chdir(folder)
            kept = self.fork.pid if self.fork.answers == answers else None
            if kept is None:
                os.close(answers)
            self.clean = self.alone and self.is_clean(request["user"], kept)
            self.relay(log)  # nobody is left who writes to it, or the rest is not waited for
            os.close(log)
            self.send(status)
        finally:
            os.chdir("/")
            remove(folder)
        return status

    def start(self, request: dict[str, Any]) -> int:
        """Start the script; give the descriptor on which its wait status comes as a line."""
        count, seed = request["processors"]
        first = seed % len(self.processors) if self.processors else 0
        order = self.processors[first:] + self.processors[:first]
        processors = order[:count] if count else []
        warm = request["warm"] if self.alone else None
        if warm and self.fork.ready(request["options"], warm):
            self.fork.ask({**request, "processors": processors, "log": LOG})
            return self.fork.answers
        return started(request, processors)

    def wait(self, answers: int, log: int) -> int:
        """Relay the log until the script has ended; give its exit status as a shell does."""
        poll = select.poll()
        poll.register(answers, select.POLLIN)
        poll.register(log, select.POLLIN)
        while True:
            events = {descriptor for descriptor, _ in poll.poll()}
            if log in events and not self.relay(log):
                poll.unregister(log)  # all have closed it
            if answers in events:
                ended = os.read(answers, 64)
                # Who was to say it has been killed.
                status = int(ended) if ended else signal.SIGKILL
                return os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)

    def relay(self, log: int) -> bool:
        """Pass on what is in the log now; say whether more may come."""
        while True:
            try:
                piece = os.read(log, CHUNK)
            except BlockingIOError:
                return True
            if not piece:
                return False
            self.results.write(b'{"log": %d}\n' % len(piece))
            self.results.write(piece)
            self.results.flush()

    def is_clean(self, user: int, kept: int | None) -> bool:
        """End all of `user` but what is kept, and remove what it left; say whether nothing of it is left.

        What is kept goes as well where it is not what it was, or something is there that nobody sees.
        """
        if kept is None or not (end_others(user, kept) and self.is_unchanged(kept)):
            self.fork.end()
            if not end_all(user):
                return False
        return self.is_unchanged(os.getpid()) and cleared(user)

    def is_unchanged(self, pid: int) -> bool:
        """Say whether a process may do what this one might in the beginning, and has not been stopped."""
        return self.allowed == allowed(pid) and status_of(pid)[0] in "RSD"

    def send(self, status: int) -> None:
        """Write the script's answer and the plain files in `out`."""
        files = []
        for folder, _, names in os.walk("out"):
            for name in names:
                path = os.path.join(folder, name)
                if os.path.isfile(path) and not os.path.islink(path):
                    found = os.stat(path)
                    files.append((os.path.relpath(path, "out"), found.st_size, bool(found.st_mode & 0o100)))
        files.sort()
        header = {"status": status, "answer": answered(), "clean": self.clean, "files": files}
        self.results.write(json.dumps(header).encode() + b"\n")
        for name, _, _ in files:
            with open(os.path.join("out", name), "rb") as content:
                while chunk := content.read(CHUNK):
                    self.results.write(chunk)
        self.results.flush()


class Fork:
    """The program that has modules imported and is forked for jobs: one at a time, or none."""

    def __init__(self) -> None:
        self.pid: int | None = None
        self.answers = self.requests = -1
        self.made_of: tuple[Any, ...] = ()

    def ready(self, options: list[str], warm: Mapping[str, Any]) -> bool:
        """Have one that is made of these, and say whether there is."""
        env = {**os.environ, **warm["env"], "HOME": NOWHERE, "TMPDIR": NOWHERE}
        made_of = (options, warm["modules"], env)
        if self.made_of != made_of:
            self.end()
            self.begin(*made_of)
            self.made_of = made_of  # where none could be made, it is not tried again
        return self.pid is not None

    def begin(self, options: list[str], modules: list[str], env: dict[str, str]) -> None:
        """Start one and wait until it has imported them; there is none where it cannot be forked."""
        asked, self.requests = os.pipe()
        self.answers, answering = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                silent = os.open(os.devnull, os.O_WRONLY)
                for descriptor, place in ((asked, 0), (silent, 1), (silent, 2)):
                    os.dup2(descriptor, place)
                os.set_inheritable(answering, True)  # noqa: FBT003  it has no names
                # Not by its text: tracebacks would show that beside whatever a backend runs as "<string>".
                words = [*options, "inside/program.py", "fork", str(answering), *modules]
                os.execve(sys.executable, [sys.executable, *words], env)  # noqa: S606  no shell is needed
            finally:
                os._exit(127)
        os.close(asked)
        os.close(answering)
        if not os.read(self.answers, 64):
            self.end()

    def ask(self, request: Mapping[str, Any]) -> None:
        """Have a script run."""
        names = ("folder", "script", "env", "processors", "log")
        with suppress(BrokenPipeError):  # it has been killed, as its answer says, which does not come
            os.write(self.requests, json.dumps({name: request[name] for name in names}).encode() + b"\n")

    def end(self) -> None:
        """Have none."""
        if self.pid is not None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            with suppress(ChildProcessError):
                os.waitpid(self.pid, 0)
            os.close(self.requests)
            os.close(self.answers)
        self.pid, self.answers, self.requests = None, -1, -1
        self.made_of = ()


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


def receive(stream: BinaryIO, files: list[tuple[str, int, bool, str]], *, date: int) -> None:
    """Write the files, all with one date: by none can a build tool think another stale."""
    for folder in ("src", "out", "home", "tmp"):
        os.mkdir(folder)
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


def started(request: Mapping[str, Any], processors: list[int]) -> int:
    """Start a new program with the script; give the descriptor on which its wait status comes as a line."""
    answers, answering = os.pipe()
    if os.fork() == 0:
        try:
            child = os.fork()
            if child == 0:
                if processors:
                    os.sched_setaffinity(0, processors)
                log = os.open(LOG, os.O_WRONLY)
                os.dup2(log, 1)
                os.dup2(log, 2)
                words = [*request["options"], "inside/program.py", request["script"]]
                env = request["env"]
                os.execve(sys.executable, [sys.executable, *words], env)  # noqa: S606  no shell is needed
            os.write(answering, b"%d\n" % os.waitpid(child, 0)[1])
        finally:
            os._exit(127)
    os.close(answering)
    return answers


def allowed(pid: int) -> tuple[Any, ...]:
    """Give what a process may do, as far as others of its user can change it."""
    try:
        limits = [resource.prlimit(pid, each) for each in LIMITS]
        return limits, os.sched_getaffinity(pid), os.getpriority(os.PRIO_PROCESS, pid)
    except (OSError, ValueError, AttributeError):
        return ()  # the kernel cannot be asked, or it has gone


def end_all(user: int) -> bool:
    """Kill every other process of `user`, and wait for that a while; say whether none is left."""
    for _ in range(ROUNDS):
        with suppress(ProcessLookupError):
            os.kill(-1, signal.SIGKILL)
        reap()
        if not others(user):
            return True
        time.sleep(PAUSE)
    return False


def end_others(user: int, kept: int) -> bool:
    """The same, but for one that is kept: say whether it alone is left."""
    for _ in range(LOOKS):
        found = others(user)
        if found == [kept]:
            reap()
            # What forks faster than one can look is in no list of processes; the kernel counts it.
            if is_count(2):
                return True
        for pid in found:
            if pid != kept:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        time.sleep(PAUSE)
        reap()
    return False


def others(user: int) -> list[int]:
    """List the processes of `user` that are not dead yet, but for this one."""
    found = [int(name) for name in os.listdir("/proc") if name.isdigit()]
    return [pid for pid in found if pid != os.getpid() and lives(pid, user)]


def is_count(processes: int) -> bool:
    """Say whether the user has so many processes, by what the kernel allows when there may be one more.

    A user of other containers as well may have more; that is as good as no.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NPROC)
    resource.setrlimit(resource.RLIMIT_NPROC, (processes + 1, hard))
    try:
        child = os.fork()
        if child == 0:
            os._exit(0)
        os.waitpid(child, 0)
    except OSError:
        return False
    finally:
        resource.setrlimit(resource.RLIMIT_NPROC, (soft, hard))
    return True


def reap() -> None:
    """Let go of all that has ended: what lost its parent is this one's child, where that can be had."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def lives(pid: int, user: int) -> bool:
    """Say whether a process is one of `user`, and not dead yet."""
    letter, users = status_of(pid)
    return letter not in "ZX" and user in users


def status_of(pid: int) -> tuple[str, list[int]]:
    """Give the letter of what a process is doing, and the users that it is; X and none where it has gone.

    Not by who owns its folder in /proc: that is root's where a process lets nobody look into it.
    """
    try:
        with open("/proc/%d/status" % pid, encoding="utf-8", errors="replace") as file:
            fields = {name: value.strip() for name, _, value in (line.partition(":") for line in file)}
        return fields["State"][0], [int(user) for user in fields["Uid"].split()]
    except (OSError, KeyError):
        return "X", []


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
    import shutil  # as long as the rest of this program takes to start, and nobody waits for it here

    shutil.rmtree(folder, ignore_errors=True)
    if os.path.exists(folder):
        for root, names, _ in os.walk(folder):
            for name in names:
                if not os.path.islink(os.path.join(root, name)):
                    os.chmod(os.path.join(root, name), 0o700)
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
