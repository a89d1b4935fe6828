"""pylayer killed, starved and lied to, again and again → how often that made a wrong archive or a failure.

`nox -s reliability -- kills --help`. Whatever disturbed a run, then: no archive is there that no state of the
sources has; the next run succeeds, with the archives and the layers.json of a run that nothing disturbed; and
no process, container, folder or temporary file is left.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import TYPE_CHECKING

from campaigns import figures
from campaigns.shop import STATES, shop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Literal

    from campaigns.shop import Shop

    Disturb = Callable[["Shop", random.Random, "Pace"], "Disturbed"]

_FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")
KILLS = 5  # one run after the other, before one that is left in peace
_YEAR = 365 * 86400
# Not one of a build backend that could not write, which is a build's log.
_OWN_TRACEBACK = re.compile(rf'File "{re.escape(str(figures.ROOT))}/pylayer/|this is a bug in pylayer')


@dataclass(frozen=True, slots=True, kw_only=True)
class Disturbed:
    """What disturbed runs were: how many, how many ended early, what they said, what they must not have done.

    `damaged` are archives that the disturbance itself may have damaged, so that only the next run counts.
    """

    early: int
    runs: int = 1
    said: str = ""
    faults: tuple[str, ...] = ()
    damaged: bool = False


@dataclass
class Pace:
    """How long the last runs took that nothing stopped, in seconds."""

    warm: float = 2.0
    cold: float = 3.0

    def moment(self, dice: random.Random, *, cold: bool) -> float:
        """A moment at which most runs are not over."""
        return dice.uniform(0, self.cold if cold else self.warm)


@dataclass
class Tally:
    """What came of the tries of one kind, and of so many runs `after` them that nothing disturbed."""

    tries: int = 0
    early: int = 0
    after: int = 0
    wrong: int = 0
    tracebacks: int = 0
    failed: int = 0
    left: int = 0
    told: list[str] = field(default_factory=list)

    @property
    def bad(self) -> bool:
        """Whether anything came of them that must not."""
        return bool(self.wrong or self.tracebacks or self.failed or self.left)


def killed(shop: Shop, dice: random.Random, pace: Pace) -> Disturbed:
    """`kill -9` at random moments of several runs in turn, half of them with nothing in the store."""
    early, said, faults = 0, "", list[str]()
    for _ in range(KILLS):
        shop.edit(dice.randrange(STATES))
        ended, told = _killed(shop, dice, pace)
        faults += shop.wrong()
        early += ended
        said += told
    return Disturbed(runs=KILLS, early=early, said=said, faults=tuple(faults))


def _killed(shop: Shop, dice: random.Random, pace: Pace) -> tuple[bool, str]:
    cold = dice.random() < 0.5
    if cold:
        shop.forget()
    run = shop.mono.start("layers")
    try:
        out, err = run.communicate(timeout=pace.moment(dice, cold=cold))
    except subprocess.TimeoutExpired:
        run.kill()
        out, err = run.communicate()
        return True, out + err
    return False, out + err


def signalled(shop: Shop, dice: random.Random, pace: Pace) -> Disturbed:
    """SIGINT, SIGTERM or SIGHUP: the run itself tidies up, and its status says which it was."""
    cold = dice.random() < 0.5
    if cold:
        shop.forget()
    number = dice.choice([signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
    run = shop.mono.start("layers")
    # Before its first line is read, Python does what the system does.
    time.sleep(0.3 + pace.moment(dice, cold=cold))
    run.send_signal(number)
    said = shop.end(run)
    faults = []
    if run.returncode not in (0, 128 + number, -number):
        faults.append(f"signal {number} gave {said}")
    if run.returncode == 128 + number:  # else Python was not ready for it, and the watchdog sees to it
        faults += [f"a signal left {each}" for each in shop.processes(within=2)]
    return Disturbed(early=run.returncode != 0, said=said, faults=tuple(faults))


def lost_power(shop: Shop, dice: random.Random, pace: Pace) -> Disturbed:
    """A run is killed, or not, and then files of the store and the output end where the disk was behind.

    Nothing of either is synced, so any that was written lately can be empty or cut short.
    """
    before = time.time()
    early, said = _killed(shop, dice, pace)
    shop.processes()
    for top in (shop.mono.store, shop.mono.output):
        recent = [path for path in top.rglob("*") if _is_recent(path, before)]
        for path in dice.sample(recent, k=min(len(recent), dice.randint(1, 12))):
            size = path.stat().st_size
            os.truncate(path, dice.choice([0, size // 2, max(0, size - 1), dice.randint(0, size)]))
    return Disturbed(early=early, said=said, damaged=True)


def several(count: int) -> Disturb:
    """So many runs at once, of which one may be killed: each other succeeds."""

    def disturb(shop: Shop, dice: random.Random, pace: Pace) -> Disturbed:
        if cold := dice.random() < 0.5:
            shop.forget()
        runs = [shop.mono.start("layers") for _ in range(count)]
        victim = dice.choice([*runs, None])
        if victim:
            time.sleep(pace.moment(dice, cold=cold))
            victim.kill()
        said = [shop.end(run) for run in runs]
        faults = [
            text for run, text in zip(runs, said, strict=True) if run.returncode != 0 and run is not victim
        ]
        return Disturbed(early=bool(victim), said="".join(said), faults=tuple(faults))

    return disturb


def clock_set(shop: Shop, dice: random.Random, pace: Pace) -> Disturbed:
    """A run at another time: years before or after what the store has."""
    shift = dice.choice([-1, 1]) * dice.choice([1, 3600, 86400, _YEAR, 10 * _YEAR])
    preload = {"LD_PRELOAD": str(_FAKETIME), "FAKETIME": f"{shift:+d}s", "FAKETIME_DONT_RESET": "1"}
    return _ran(shop, preload)


def times_moved(shop: Shop, dice: random.Random, pace: Pace) -> Disturbed:
    """The store and the sources have times of another year, as after a restore."""
    moment = time.time() + dice.choice([-1, 1]) * dice.choice([3600, _YEAR, 10 * _YEAR])
    for top in (shop.mono.store, shop.mono.output, shop.mono.root / "packages"):
        for path in [top, *top.rglob("*")]:
            if not path.is_symlink() and path.exists():
                os.utime(path, (moment, moment))
    return _ran(shop)


def disk_full(what: str) -> Disturb:
    """The file system of `what` has room for a part of what a run writes to it."""

    def disturb(shop: Shop, dice: random.Random, pace: Pace) -> Disturbed:
        shop.forget()
        place = _place(shop, what)
        most = {"store": 300, "output": 40, "tmp": 160}[what]
        with _small(place, dice.randint(4, most)):
            return _ran(shop, may_fail=True)

    return disturb


def read_only(what: str) -> Disturb:
    """`what` can be read and no more."""

    def disturb(shop: Shop, dice: random.Random, pace: Pace) -> Disturbed:
        if dice.random() < 0.3:
            shutil.rmtree(shop.mono.store if what == "output" else shop.mono.output, ignore_errors=True)
        place = _place(shop, what)
        with ExitStack() as stack:
            shop.mono.output.mkdir(parents=True, exist_ok=True)
            stack.enter_context(_bound(place, read_only=True))
            if what == "source":  # where what is written is elsewhere
                written = shop.tmp.with_name("output")
                stack.enter_context(_bound(written, at=shop.mono.output))
            return _ran(shop, may_fail=what != "source")

    return disturb


def few_files(shop: Shop, dice: random.Random, pace: Pace) -> Disturbed:
    """`ulimit -n 128`: it succeeds."""
    return _limited(shop, dice, "ulimit -n 128", may_fail=False)


def little_memory(shop: Shop, dice: random.Random, pace: Pace) -> Disturbed:
    """`ulimit -v`: it succeeds, or says what it could not have."""
    return _limited(shop, dice, f"ulimit -v {dice.randint(40, 900) << 10}", may_fail=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of disturbance: how often it is tried in a hundred, what it does, and what it needs."""

    name: str
    weight: int
    disturb: Disturb
    root: bool = False
    engines: tuple[str, ...] = ("local", "docker")


KINDS = (
    Kind(name="kill -9", weight=0, disturb=killed),
    Kind(name="SIGINT, SIGTERM, SIGHUP", weight=10, disturb=signalled),
    Kind(name="power lost: files cut short", weight=15, disturb=lost_power),
    Kind(name="two runs at once, one killed", weight=6, disturb=several(2)),
    Kind(name="five runs at once, one killed", weight=3, disturb=several(5)),
    Kind(name="clock set back or forward", weight=6, disturb=clock_set),
    Kind(name="files with times of another year", weight=4, disturb=times_moved),
    Kind(name="disk full: store", weight=5, disturb=disk_full("store"), root=True),
    Kind(name="disk full: output", weight=4, disturb=disk_full("output"), root=True),
    Kind(name="disk full: TMPDIR", weight=4, disturb=disk_full("tmp"), root=True, engines=("local",)),
    Kind(name="read-only: store", weight=2, disturb=read_only("store"), root=True),
    Kind(name="read-only: output", weight=2, disturb=read_only("output"), root=True),
    Kind(name="read-only: source", weight=2, disturb=read_only("source"), root=True),
    Kind(name="ulimit -n 128", weight=3, disturb=few_files),
    Kind(name="ulimit -v", weight=5, disturb=little_memory),
)


def tried(shop: Shop, kind: Kind, dice: random.Random, pace: Pace) -> Tally:
    """Disturb one run in one way, and look at what came of it."""
    shop.edit(dice.randrange(STATES))
    disturbed = kind.disturb(shop, dice, pace)
    tally = Tally(tries=disturbed.runs, early=disturbed.early, after=1)
    tally.told += disturbed.faults
    tally.failed += bool(disturbed.faults)
    if _OWN_TRACEBACK.search(disturbed.said):
        tally.tracebacks += 1
        tally.told.append(disturbed.said)
    left = shop.processes()
    if not disturbed.damaged and (wrong := shop.wrong()):
        tally.wrong += 1
        tally.told += wrong
    began = time.monotonic()
    ran = shop.mono.run("layers")
    took = time.monotonic() - began
    pace.cold, pace.warm = max(pace.cold * 0.9, took), 0.8 * pace.warm + 0.2 * took
    if ran.status != 0:
        tally.failed += 1
        tally.told.append(f"the next run failed: {ran.text}")
    elif unlike := shop.unlike():
        tally.wrong += 1
        tally.told += [*unlike, ran.text]
    if _OWN_TRACEBACK.search(ran.text):
        tally.tracebacks += 1
    more = shop.left()
    if more and ran.status == 0:  # where nothing changed, nothing but files' status is looked at
        shop.edit((shop.state + 1) % STATES)
        shop.mono.run("layers")
        more = shop.left()
    if left := [*left, *more]:
        tally.left += 1
        tally.told += [f"left: {each}" for each in left]
        _tidy(left)
    if ran.status != 0 or tally.wrong:  # what comes next is to be tried by itself
        shop.forget()
    return tally


class Campaign:
    """Tries of all kinds, by several workers, each in a workspace of its own."""

    def __init__(
        self,
        *,
        engine: Literal["local", "docker"],
        seed: int,
        kinds: tuple[Kind, ...],
        log: Path | None = None,
    ) -> None:
        self._engine = engine
        self._seed = seed
        self._log = log
        self._lock = Lock()
        self._until = inf
        self._waiting: list[tuple[int, Kind]] = []
        self.tallies = {kind.name: Tally() for kind in kinds}

    def run(self, plan: list[Kind], *, workers: int, until: float = inf) -> None:
        """Try each of `plan`, in a random order; what has not begun when it is that late is left out."""
        self._until = until
        self._waiting = list(enumerate(plan))
        random.Random(self._seed).shuffle(self._waiting)
        with ThreadPoolExecutor(workers) as pool:
            for worker in [pool.submit(self._work) for _ in range(workers)]:
                worker.result()

    def _work(self) -> None:
        with (
            TemporaryDirectory(prefix="campaign-") as folder,
            shop(Path(folder) / "shop", self._engine) as own,
        ):
            pace = Pace()
            while (each := self._next()) is not None:
                number, kind = each
                dice = random.Random(f"{self._seed}/{number}")
                try:
                    tally = tried(own, kind, dice, pace)
                except Exception:  # noqa: BLE001  the campaign goes on, and tells it
                    tally = Tally(tries=1, failed=1, told=[traceback.format_exc()])
                    own.forget()
                self._add(number, kind, tally)

    def _next(self) -> tuple[int, Kind] | None:
        with self._lock:
            return self._waiting.pop() if self._waiting and time.time() < self._until else None

    def _add(self, number: int, kind: Kind, tally: Tally) -> None:
        with self._lock:
            total = self.tallies[kind.name]
            for name in ("tries", "early", "after", "wrong", "tracebacks", "failed", "left"):
                setattr(total, name, getattr(total, name) + getattr(tally, name))
            total.told += tally.told
            if self._log:
                with self._log.open("a") as file:
                    bad = "\n".join(tally.told) if tally.bad else "well"
                    file.write(f"=== {number} {kind.name}: {bad}\n")


def planned(tries: int, *, kills: int, engine: str) -> list[Kind]:
    """So many `kill -9`, and `tries` of all else that can be tried here, by their weights."""
    able = [
        kind
        for kind in KINDS
        if engine in kind.engines
        and (not kind.root or os.geteuid() == 0)
        and (kind.disturb is not clock_set or _FAKETIME.exists())
    ]
    total = sum(kind.weight for kind in able)
    listed = [kind for kind in able for _ in range(round(tries * kind.weight / total))]
    return [KINDS[0]] * -(-kills // KILLS) + listed


def written(tallies: dict[str, Tally]) -> str:
    """The table of a campaign."""
    columns = ["what happened", "runs", "ended early", "runs after", "wrong archives", "tracebacks"]
    rows = {
        name: [one.tries, one.early, one.after, one.wrong, one.tracebacks, one.failed, one.left]
        for name, one in tallies.items()
        if one.tries
    }
    totals = [sum(column) for column in zip(*rows.values(), strict=True)]
    listed = [[name, *row] for name, row in (*rows.items(), ("**all**", totals))]
    return figures.table([*columns, "failed", "left over"], listed)


def main(words: list[str] | None = None) -> int:
    """Run a campaign, print its table, and write it down where that is asked for."""
    parser = argparse.ArgumentParser(prog="nox -s reliability -- kills", description=__doc__)
    parser.add_argument("--engine", choices=["local", "docker"], default="local")
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--others", type=int, default=500, help="tries of all else")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--log", type=Path, help="where each try is told")
    parser.add_argument("--write", action="store_true", help="write the table into docs/reliability.md")
    parser.add_argument("--minutes", type=float, default=600, help="begin nothing after so many")
    given = sys.argv[1:] if words is None else words
    chosen = parser.parse_args(given)
    campaign = Campaign(engine=chosen.engine, seed=chosen.seed, kinds=KINDS, log=chosen.log)
    campaign.run(
        planned(chosen.others, kills=chosen.kills, engine=chosen.engine),
        workers=chosen.workers,
        until=time.time() + 60 * chosen.minutes,
    )
    text = written(campaign.tallies)
    print(text)
    if chosen.write:
        figures.tell(f"kills {chosen.engine}", "nox -s reliability", ["kills", *given], text)
    for name, tally in campaign.tallies.items():
        for told in tally.told[:20] if tally.bad else ():
            print(f"\n{name}: {told}")
    return int(any(tally.bad for tally in campaign.tallies.values()))


def _ran(shop: Shop, env: Mapping[str, str] | None = None, *, may_fail: bool = False) -> Disturbed:
    run = shop.mono.start("layers", **(env or {}))
    said = shop.end(run)
    fine = run.returncode == 0 or may_fail
    return Disturbed(early=run.returncode != 0, said=said, faults=() if fine else (said,))


def _limited(shop: Shop, dice: random.Random, limit: str, *, may_fail: bool) -> Disturbed:
    if dice.random() < 0.5:
        shop.forget()
    command = ["sh", "-c", f'{limit} && exec "$0" -m pylayer "$@"', sys.executable, "layers"]
    ran = subprocess.run(
        command, check=False, capture_output=True, text=True, cwd=shop.mono.root, env=shop.mono.environment()
    )
    said = f"{limit}: status {ran.returncode}\n{ran.stdout}{ran.stderr}"
    fine = ran.returncode == 0 or may_fail
    return Disturbed(early=ran.returncode != 0, said=said, faults=() if fine else (said,))


def _place(shop: Shop, what: str) -> Path:
    return {"store": shop.mono.store, "output": shop.mono.output, "tmp": shop.tmp, "source": shop.mono.root}[
        what
    ]


def _is_recent(path: Path, moment: float) -> bool:
    return path.is_file() and not path.is_symlink() and path.stat().st_mtime >= moment - 1


@contextmanager
def _small(place: Path, kilobytes: int) -> Iterator[None]:
    """A file system of this size at `place`; what is in it afterwards is there without it."""
    place.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(place)], check=True)
    try:
        yield
    finally:
        kept = place.with_name(f"{place.name}.kept")
        shutil.copytree(place, kept, symlinks=True)
        _unmount(place)
        shutil.rmtree(place)
        kept.rename(place)


@contextmanager
def _bound(what: Path, *, at: Path | None = None, read_only: bool = False) -> Iterator[None]:
    """`what` mounted over itself, or at another place."""
    at = at or what
    what.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "--bind", str(what), str(at)], check=True)
    try:
        if read_only:
            subprocess.run(["mount", "-o", "remount,bind,ro", str(at)], check=True)
        yield
    finally:
        _unmount(at)


def _unmount(place: Path) -> None:
    for _ in range(100):
        if subprocess.run(["umount", str(place)], check=False, capture_output=True).returncode == 0:
            return
        time.sleep(0.1)
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def _tidy(left: list[str]) -> None:
    """Remove what is left, so that it is counted once."""
    for each in left:
        path = Path(each)
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        elif each.startswith("/"):
            path.unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main())
