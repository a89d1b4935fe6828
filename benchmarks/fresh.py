"""What a machine that saw nothing needs to have all archives: `python benchmarks/fresh.py`.

One machine builds packages and adds them to a bucket (moto's S3, with 20 ms before each answer). Another one,
with a store and a home of its own, makes their archives from that. In the same run, the same objects are
downloaded plainly, 64 at once, and archives are written by a machine that has all of it: the rest of the time
is what a shared store costs. With `--example` it is the example monorepo; its third-party wheels, which would
come from an index, are there already. Run it for the figures on your machine; they are told, not kept.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import shutil
import statistics
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from urllib.parse import unquote, urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from factories.buckets import BUCKET, Keys, Storage
from factories.monorepo import IMAGES, example
from obstore.store import S3Store

import workspaces
from contenders import command
from pylayer.store.kinds import DISTRIBUTION

logging.getLogger("werkzeug").setLevel(logging.ERROR)  # which says each request

DELAY = 0.02  # seconds
AT_ONCE = 64
PREFIX = "fresh"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--packages", type=int, default=30)
    parser.add_argument("--example", action="store_true", help="the example monorepo, in the test images")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="fresh-"))
    storage = Storage()
    try:
        if options.example:
            root, what = example(folder).root, "the example monorepo"
            os.environ["PYLAYER_RUNTIMES"] = str(IMAGES)
        else:
            root = workspaces.small(folder / "mono", count=options.packages, mark="a").root
            what = f"{options.packages} packages for both architectures"
        _measure(folder, root, storage, what=what, rounds=options.rounds)
    finally:
        storage.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _measure(folder: Path, root: Path, storage: Storage, *, what: str, rounds: int) -> None:
    keys = Keys(folder)
    manifest = root / "layers.toml"
    cache = f'[cache]\nremote = "s3://{BUCKET}/{PREFIX}"\nkeys = ["""{keys.public}"""]\n'
    manifest.write_text(f"{manifest.read_text()}\n{cache}", encoding="utf-8")
    run = partial(_layers, folder, root, storage)
    run(machine="first", PYLAYER_CACHE_KEY=str(keys.path))
    archives = len(list((root / "dist" / "layers").glob("*.zip")))
    storage.fault, storage.delay = "slow", DELAY
    took: dict[str, list[float]] = {"fresh": [], "download": [], "known": []}
    objects: list[str] = []
    for number in range(rounds):
        storage.asked.clear()
        took["fresh"].append(run(machine=f"fresh{number}"))
        requests = len(storage.asked)
        objects = [unquote(urlsplit(path).path).removeprefix(f"/{BUCKET}/") for _, path in storage.asked]
        objects = [path for path in objects if path.startswith(PREFIX)]
        took["download"].append(_downloaded(storage, objects))
        # All is here, and no archive is: what is left when nothing has to come.
        took["known"].append(run(machine=f"fresh{number}", PYLAYER_REMOTE_CACHE=""))
    size = sum(len(storage.read(path)) for path in objects)
    fresh, download, known = (statistics.median(each) for each in took.values())
    print(
        f"{what}, {archives} archives: {requests} requests, {size / 1e6:.2f} MB; "
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}\n"
        f"all archives on a machine that saw nothing: {fresh:.2f} s\n"
        f"the same objects, plainly: {download:.2f} s\n"
        f"all archives where everything is here: {known:.2f} s\n"
        f"beyond both: {fresh - download - known:.2f} s; beyond the download: {fresh - download:.2f} s"
    )


def _layers(folder: Path, root: Path, storage: Storage, *, machine: str, **more: str) -> float:
    """Have a machine make all archives; the seconds of the whole command."""
    shutil.rmtree(root / "dist", ignore_errors=True)
    home = folder / machine
    if not home.exists():
        home.mkdir()
        _lend(folder / "first" / "store", home / "store")
    env = {
        "HOME": str(home),
        "PYLAYER_CACHE_DIR": str(home / "store"),
        "AWS_ENDPOINT_URL": storage.endpoint,
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "AKIANOTAKEY",
        "AWS_SECRET_ACCESS_KEY": "not-a-secret-key",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
    began = time.perf_counter()
    command(sys.executable, "-m", "pylayer", "layers", cwd=root, env={**env, **more})
    return time.perf_counter() - began


def _lend(first: Path, own: Path) -> None:
    """Have the third-party wheels of a store, and what is known of them, in another one."""
    records = Path("records", "portable", DISTRIBUTION.name)
    for record in (first / records).glob("*.json"):
        sha256 = json.loads(record.read_text())["sha256"]
        for name in (records / record.name, Path("blobs", sha256[:2], sha256)):
            (own / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(first / name, own / name)


def _downloaded(storage: Storage, objects: list[str]) -> float:
    """Read objects, as many at once as pylayer does; the seconds."""
    store = S3Store(
        BUCKET,
        endpoint=storage.endpoint,
        region="us-east-1",
        access_key_id="AKIANOTAKEY",
        secret_access_key="not-a-secret-key",
        client_options={"allow_http": True},
    )

    async def read() -> None:
        slots = asyncio.Semaphore(AT_ONCE)

        async def one(path: str) -> None:
            async with slots:
                await (await store.get_async(path)).bytes_async()

        await asyncio.gather(*map(one, objects))

    began = time.perf_counter()
    asyncio.run(read())
    return time.perf_counter() - began


if __name__ == "__main__":
    os.environ.pop("PYLAYER_CACHE_KEY", None)
    main()
