"""Workers for tests: processes whose engine is this host, as good as an image to whoever asks; and dask's."""

from __future__ import annotations

import multiprocessing
import os
import socket
import subprocess
import sys
import time
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from factories.engines import ABSENT, WORKBENCH
from pylayer import enginetable
from pylayer.enginetable import ENGINES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FARM = replace(WORKBENCH, name="farm", has_images=True)
EVERY = {"farm": FARM, "local": ENGINES["local"]}
_ROOT = Path(__file__).parents[2]


def begin(store: str) -> None:
    """Make this process a worker with a store of its own, whose engine answers."""
    enginetable.ENGINES = EVERY
    os.environ["PYLAYER_CACHE_DIR"] = store
    os.environ.pop(ABSENT, None)


def dask_setup(_worker: object) -> None:
    """Do the same in a process of dask's, whose environment says where its store is."""
    begin(os.environ["PYLAYER_CACHE_DIR"])


def processes(store: Path, *, count: int = 1) -> ProcessPoolExecutor:
    """Give workers that share nothing with this process but its files."""
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(count, mp_context=context, initializer=begin, initargs=(str(store),))


class Dying(Executor):
    """An executor whose first workers die; `asked` is what was asked of it."""

    def __init__(self, other: Executor, *, times: int) -> None:
        self._other = other
        self._times = times
        self.asked: list[tuple[object, ...]] = []

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.asked.append((function.__name__, *args))
        if function.__name__ == "perform" and len(args[-1]) > 4000 and self._times:  # a job, no question
            self._times -= 1
            dead: Future[Any] = Future()
            dead.set_exception(OSError("a worker died"))
            return dead
        return self._other.submit(function, *args, **kwargs)


@contextmanager
def dask(folder: Path, *, count: int, preload: str = "factories.farms") -> Iterator[str]:
    """A scheduler with workers, each with a home and a store of its own; gives its address."""
    with closing(socket.create_server(("127.0.0.1", 0))) as probe:
        port = probe.getsockname()[1]
    address = f"127.0.0.1:{port}"
    paths = os.pathsep.join(map(str, (_ROOT, _ROOT / "tests", _ROOT / "benchmarks")))
    with ExitStack() as stack:

        def start(*words: str, home: str) -> None:
            own = folder / home
            own.mkdir(parents=True)
            env = {
                **os.environ,
                "HOME": str(own),
                "PYTHONPATH": paths,
                "PYLAYER_CACHE_DIR": str(own / "store"),
            }
            with (own / "log").open("wb") as log:
                process = subprocess.Popen(
                    [sys.executable, "-m", *words], env=env, stdout=log, stderr=log, cwd=own
                )
            stack.callback(process.wait)
            stack.callback(process.terminate)

        start(
            *("distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard"),
            home="scheduler",
        )
        for number in range(count):
            start(
                *("distributed.cli.dask_worker", f"tcp://{address}", "--no-nanny", "--no-dashboard"),
                *("--nthreads", "1"),
                *("--resources", f"{os.uname().machine.replace('aarch64', 'arm64')}=1"),
                *("--local-directory", "scratch", "--preload", preload),
                home=f"worker{number}",
            )
        _wait(f"tcp://{address}", count)
        yield f"dask://{address}"


def _wait(address: str, count: int) -> None:
    from distributed import Client

    with Client(address, timeout=300, set_as_default=False) as client:
        client.wait_for_workers(count, timeout=300)


def killed_while_busy(address: str, *, at: str = "") -> int:
    """Kill the first worker that does a job; the number of its process.

    With `at`, it is killed once a process of this machine has that in its command line.
    """
    from distributed import Client

    with Client(address.replace("dask://", "tcp://"), timeout=30, set_as_default=False) as client:
        numbers = client.run(os.getpid)
        until = time.monotonic() + 120
        while time.monotonic() < until:
            for name, keys in client.processing().items():
                if any("perform" in str(key) for key in keys) and (not at or _runs(at)):
                    if not at:
                        time.sleep(0.3)
                    os.kill(numbers[name], 9)
                    return int(numbers[name])
            time.sleep(0.02)
    raise AssertionError("no worker did anything")


def _runs(words: str) -> bool:
    """Whether a process of this machine, be it in a container, has some words in its command line."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            if words in path.read_bytes().replace(b"\0", b" ").decode(errors="replace"):
                return True
    return False
