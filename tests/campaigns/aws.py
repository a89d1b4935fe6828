"""Calls of publish that are broken, half of those that write → how many versions were doubled or lost.

`nox -s reliability -- aws --help`. moto stands for AWS, and a proxy before it throttles, fails, cuts, delays
calls, before or after they are carried out. Each round changes layers and publishes them, again until that
succeeds; then every layer has, in every region, exactly one version of each content that it ever had.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import logging
import os
import random
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from campaigns import figures

if TYPE_CHECKING:
    from factories.aws import Action, Call, Cloud
    from factories.dist import Dist

_FAULTY = {True: 0.5, False: 0.15}  # of the calls that write, and of those that read
_RUNS = 6  # with faults, before one without
_ROUNDS = 12  # before all accounts are emptied: listing gets slower
_LAYERS = tuple(f"lib{letter}" for letter in "abcdefghijklmnop")
_ACCOUNT = "123456789012"
_PEACE = 60.0  # seconds that an answer may take where nothing is broken
_NAMES: dict[Action, str] = {
    "429": "throttled (429)",
    "500": "failed (500)",
    "500 after": "failed (500) after it was done",
    "reset before": "connection cut before it was done",
    "reset after": "connection cut after it was done",
    "hang before": "no answer in time, not done",
    "hang after": "no answer in time, done",
    "held": "connection cut, done later",
    "403": "access denied",
    "quota": "storage full",
    "expired": "credentials expired",
}
_WEIGHTS = (20, 15, 15, 15, 15, 1, 2, 6, 1, 1, 1)


@dataclass
class Tally:
    """What came of the rounds: faults by kind, runs, versions that there are, and those that are wrong."""

    faults: Counter[str] = field(default_factory=Counter)
    runs: int = 0
    succeeded: int = 0
    versions: int = 0
    doubled: int = 0
    lost: int = 0
    failed: int = 0
    told: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Count another in."""
        self.faults += other.faults
        for name in ("runs", "succeeded", "versions", "doubled", "lost", "failed"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.told += other.told


def rounds(faults: int, *, seed: int, until: float, answer: float) -> Tally:
    """Publish until so many calls were broken, or it is that late; nobody waits longer than `answer` seconds.

    With 0, every call gets its answer at once.
    """
    from factories.aws import Servers
    from factories.dist import Dist
    from factories.publishing import environment

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    tally = Tally()
    servers = Servers()
    servers.cloud.hang = answer + 1
    with TemporaryDirectory(prefix="campaign-") as folder:
        for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION"):
            os.environ.pop(name, None)
        os.environ |= environment(servers.cloud.endpoint, Path(folder))
        dice = random.Random(seed)
        number, well = 0, False
        while tally.faults.total() < faults and time.time() < until:
            if number % _ROUNDS == 0 or not well:
                servers.cloud.reset()
                dist = Dist(Path(folder) / str(number))
                had: dict[str, list[str]] = {name: [] for name in _LAYERS}
            _changed(dist, had, dice, number)
            well = _published(dist, servers.cloud, dice, tally, answer=answer)
            if well:
                _compared(had, tally)
            number += 1
    servers.stop()
    return tally


def _changed(dist: Dist, had: dict[str, list[str]], dice: random.Random, number: int) -> None:
    """Give some layers (at first all) content that none ever had."""
    from factories.dist import archive, targets

    for name in _LAYERS:
        if not had[name] or dice.random() < 0.6:
            content = archive(f"{name} = {number}")
            dist.build(name, dict.fromkeys(targets("python3.13"), content))
            had[name].append(base64.b64encode(hashlib.sha256(content).digest()).decode())


def _published(dist: Dist, cloud: Cloud, dice: random.Random, tally: Tally, *, answer: float) -> bool:
    """Publish with faults, a few times at most, and then without; whether that succeeded."""
    from factories.publishing import Run

    from pylayer.publishing.cloud import Patience

    def luck(call: Call) -> Action | None:
        if dice.random() >= _FAULTY[call.write]:
            return None
        action = dice.choices(list(_NAMES), _WEIGHTS)[0]
        if action.startswith("hang") and not answer:
            action = "500"
        if action in {"held", "500 after", "reset after", "hang after"} and not call.write:
            action = "reset before"  # to a read it is all the same
        tally.faults[action] += 1
        return action

    for left in reversed(range(_RUNS + 1)):
        cloud.luck = luck if left else None
        longest = answer if left and answer else _PEACE
        patience = Patience(connect=10, answer=longest, pause=0.02)
        run: Any = Run(dist, table={"name": "{layer}"}, patience=patience)
        tally.runs += 1
        if run.exit_code == 0:
            tally.succeeded += 1
            return True
    tally.failed += 1
    tally.told.append(f"without any fault it failed: {run.text}")
    return False


def _compared(had: dict[str, list[str]], tally: Tally) -> None:
    """Count the versions that each layer has in each region, by moto's own books."""
    from factories.publishing import REGIONS
    from moto.awslambda.models import lambda_backends

    for region in REGIONS:
        backend = lambda_backends[_ACCOUNT][region]
        for name, contents in had.items():
            found = Counter(version.code_sha_256 for version in backend._layers.get_layer_versions(name))
            doubled, lost = found - Counter(contents), Counter(contents) - found
            tally.versions += found.total()
            tally.doubled += doubled.total()
            tally.lost += lost.total()
            if doubled or lost:
                tally.told.append(f"{name} in {region}: {doubled.total()} doubled, {lost.total()} lost")


def written(tally: Tally) -> str:
    """The tables of a campaign."""
    faults = [[said, tally.faults[action]] for action, said in _NAMES.items()]
    total = tally.faults.total()
    found = [tally.runs, tally.succeeded, tally.versions, tally.doubled, tally.lost, tally.failed]
    columns = ["runs of publish", "that succeeded", "versions seen", "doubled", "lost", "failed for ever"]
    return "\n\n".join(
        [
            figures.table(["what became of a call", "times"], [*faults, ["**all**", total]]),
            figures.table(columns, [found]),
        ]
    )


def main(words: list[str] | None = None) -> int:
    """Run a campaign, print its tables, and write them down where that is asked for."""
    parser = argparse.ArgumentParser(prog="nox -s reliability -- aws", description=__doc__)
    parser.add_argument("--faults", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=4, help="mostly they wait")
    parser.add_argument(
        "--answer", type=float, default=5, help="seconds waited where none comes; 0: all come"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", action="store_true", help="write the tables into docs/reliability.md")
    parser.add_argument("--minutes", type=float, default=600, help="end after so many")
    given = sys.argv[1:] if words is None else words
    chosen = parser.parse_args(given)
    until = time.time() + 60 * chosen.minutes
    share = -(-chosen.faults // chosen.workers)
    tally = Tally()
    with ProcessPoolExecutor(chosen.workers, mp_context=get_context("spawn")) as pool:
        for each in [
            pool.submit(rounds, share, seed=chosen.seed + n, until=until, answer=chosen.answer)
            for n in range(chosen.workers)
        ]:
            tally.add(each.result())
    text = written(tally)
    print(text)
    print(*tally.told[:50], sep="\n")
    if chosen.write:
        figures.tell("aws", "nox -s reliability", ["aws", *given], text)
    return int(bool(tally.doubled or tally.lost or tally.failed))


if __name__ == "__main__":
    sys.exit(main())
