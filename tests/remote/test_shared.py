"""What one machine made serves another, and what nobody signed serves nobody."""

from __future__ import annotations

import gzip
import json
import time
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from factories.buckets import BUCKET, Keys, opened
from factories.fakes import FakeEngine, FakeRun
from factories.monorepo import Monorepo, empty

from pylayer.enginetable import ENGINES
from pylayer.errors import MisledError
from pylayer.remote import packs
from pylayer.remote.bucket import PATIENCE
from pylayer.remote.packs import Head
from pylayer.store import Store, hash_file
from pylayer.targets import Architecture

MANIFEST = 'packages = ["packages/*"]\n[defaults]\nruntimes = ["python3.11"]\n'
PYPROJECT = (
    '[build-system]\nrequires = []\nbuild-backend = "flit_core.buildapi"\n'
    '[project]\nname = "liba"\nversion = "1.0"\nrequires-python = ">=3.9"\n'
)
EVERY = ("python3.11-x86_64", "python3.11-arm64")
S3 = f"s3://{BUCKET}/some/prefix"


class Machine:
    """A machine with a store of its own; all have the same checkout."""

    def __init__(self, folder, name, **more):
        self.store = Store(folder / name)
        mono = Monorepo(folder / "mono", folder / name) if (folder / "mono").exists() else empty(folder)
        mono.manifest(MANIFEST + more.pop("manifest", ""))
        mono.file("packages/liba/pyproject.toml", PYPROJECT)
        mono.file("packages/liba/liba.py", more.pop("body", ""))
        self._options = {"eager": False, "machine": name, "engine": FakeEngine(), **more}
        self.root = mono.root
        self.notes = []
        self.seconds = 0.0

    def builds(self, address, keys, *, signer=None, patience=30.0, **more):
        """Make the project's wheel: how many builds that took, and the sha256 of what came.

        It has more patience than a run has, where nothing is said of that: machines that test are busy.
        """
        began = time.monotonic()
        with opened(address, keys, self.notes, patience=patience, **more) as shared:
            run = FakeRun(self.root, behind=shared, **self._options)

            async def work(context, projects):
                built = [await projects.built("liba", run.target(name)) for name in EVERY]
                await context.files.of_wheels(each.wheel for each in built)
                return {hash_file(each.wheel.path) for each in built}

            run.engine.asked.clear()
            try:
                (sha256,) = run.do(work)
            except MisledError:  # as a run begins anew
                run.eager = True
                (sha256,) = run.do(work)
            if signer:
                self.store.behind = None
                shared.share(self.store, signer, builds=["liba"], complete=True)
        self.seconds = time.monotonic() - began
        return len(run.engine.asked), sha256


@pytest.fixture
def machine(tmp_path):
    """Make machines by their names."""
    return lambda name="b", **more: Machine(tmp_path, name, **more)


@pytest.fixture
def added(machine, storage, keys):
    """S3 to which one machine has added; the sha256 of its wheel."""
    _, sha256 = machine("a").builds(S3, keys, signer=keys.signer)
    storage.asked.clear()
    return sha256


def test_what_one_machine_built_another_has(machine, address, keys):
    """The same bytes, and no build."""
    built, sha256 = machine("a").builds(address, keys, signer=keys.signer)
    assert (1, (0, sha256)) == (built, machine().builds(address, keys))


def test_a_machine_of_another_architecture_has_it_too(machine, address, keys):
    """Since the wheel is pure."""
    _, sha256 = machine("a").builds(address, keys, signer=keys.signer)
    other = machine(engine=FakeEngine(architecture=Architecture.ARM64))
    assert (0, sha256) == other.builds(address, keys)


def test_whoever_has_no_key_only_reads(machine, address, keys):
    """Nothing is there after a run without one."""
    machine("a").builds(address, keys)
    assert 1 == machine().builds(address, keys)[0]


def test_another_version_of_a_project_is_built(machine, address, keys):
    """Its key is another one."""
    machine("a").builds(address, keys, signer=keys.signer)
    assert 1 == machine(body="EDITED = True\n").builds(address, keys)[0]


@pytest.mark.parametrize(
    "more",
    [{"manifest": "[projects.liba]\nnetwork = true\n"}, {"engine": FakeEngine(kind=ENGINES["local"])}],
    ids=["a network", "this machine's programs"],
)
def test_what_no_key_covers_does_not_travel(machine, address, keys, more):
    """It stays in the store of the machine that built it."""
    first = machine("a", **more)
    first.builds(address, keys, signer=keys.signer)
    assert 0 == first.builds(address, keys)[0]
    assert 1 == machine(**more).builds(address, keys)[0]


def test_what_a_run_only_found_is_in_its_pack(machine, address, keys):
    """So that each head has all that its builds need, whichever run wrote it."""
    first = machine("a")
    for _ in range(2):
        first.builds(address, keys, signer=keys.signer)
    assert 0 == machine().builds(address, keys)[0]


def test_nothing_new_is_not_added_again(machine, storage, keys, added):
    """A second run on the same day makes no object."""
    machine("a").builds(S3, keys, signer=keys.signer)
    assert {"GET"} == {method for method, _ in storage.asked}


def test_a_machine_asks_little(machine, storage, keys, added):
    """One list, a head, a pack, and the file that it needs."""
    machine().builds(S3, keys)
    assert 4 == len(storage.asked)


def test_what_is_known_here_is_not_asked_for(machine, storage, keys, added):
    """Then only the pack is read."""
    first = machine("a")
    storage.asked.clear()
    first.builds(S3, keys)
    assert 3 == len(storage.asked)


# Pull requests


def test_what_a_pull_request_added_it_has_itself(machine, storage, keys, tmp_path):
    """And nobody else: neither the main branch nor another pull request."""
    own = Keys(tmp_path)
    more = {"scope": "pr/7", "others": [own]}
    machine("a").builds(S3, keys, signer=own.signer, **more)
    assert 0 == machine("b").builds(S3, keys, **more)[0]
    assert 1 == machine("c").builds(S3, keys)[0]
    assert 1 == machine("d").builds(S3, keys, scope="pr/8", others=[own])[0]
    assert all(path.startswith("some/prefix/pr/7/") for path in storage.paths())


def test_a_pull_request_has_what_the_main_branch_added(machine, storage, keys, added, tmp_path):
    """It adds no file of that once more."""
    own = Keys(tmp_path)
    ran = machine("b").builds(S3, keys, signer=own.signer, scope="pr/7", others=[own])
    assert (0, added) == ran
    assert not [path for path in storage.paths() if "/pr/7/blobs/" in path]


def test_a_key_of_pull_requests_is_not_believed_elsewhere(machine, storage, keys, added, tmp_path):
    """Whoever has it may have written anything to the main part."""
    own = Keys(tmp_path)
    forge(storage, own)
    assert (1, added) == machine().builds(S3, keys, scope="pr/7", others=[own])


# Retention


def test_what_is_needed_and_old_is_written_anew(machine, storage, keys, added):
    """So that a rule by age removes what nobody needs; what is young stays as it is."""
    written = []
    for renewed in (timedelta(days=1), timedelta(0)):
        for path in storage.paths():
            if "/heads/" in path:  # of another day
                storage.client.delete_object(Bucket=BUCKET, Key=path)
        storage.asked.clear()
        machine("a").builds(S3, keys, signer=keys.signer, renewed=renewed)
        written.append([path for method, path in storage.asked if method == "PUT" and "/blobs/" in path])
    assert [0, 1] == [len(paths) for paths in written]
    assert (0, added) == machine().builds(S3, keys)


def test_it_is_looked_at_once_a_day(machine, storage, keys, added):
    """By the first run that would write a head."""
    machine("a").builds(S3, keys, signer=keys.signer, renewed=timedelta(0))
    assert "PUT" not in {method for method, _ in storage.asked}


# Whoever may write to the bucket, and has no key


@contextmanager
def forging(storage, keys):
    """Give the pack that is there, to be changed, and write it back with a head that `keys` signs."""
    head = next(path for path in storage.paths() if "/heads/" in path)
    name = json.loads(_payload(storage.read(head)))["pack"]
    records = packs.unpacked(storage.read(f"some/prefix/packs/{name}"))
    yield records
    content = packs.packed(records, week="forged")
    pack = packs.sha256_of(content)
    storage.write(f"some/prefix/packs/{pack}", content)
    storage.write(head, packs.signed(Head(name="all", pack=pack, written="2026-01-01"), keys.signer))


def _payload(envelope):
    from base64 import b64decode

    return b64decode(json.loads(envelope)["payload"])


def forge(storage, keys):
    """Have the wheel's record name another wheel, which is there."""
    evil = b"other bytes"
    with forging(storage, keys) as records:
        for name, value in records.items():
            if name[0] == "pure-wheel":
                records[name] = {**value, "sha256": packs.sha256_of(evil)}
    digest = packs.sha256_of(evil)
    storage.write(f"some/prefix/blobs/{digest[:2]}/{digest}", evil)


def test_a_record_that_the_key_signed_is_believed(machine, storage, keys, added):
    """Which shows that the forgery below would work, but for the signature."""
    forge(storage, keys)
    assert packs.sha256_of(b"other bytes") == machine().builds(S3, keys)[1]


def test_a_record_that_another_key_signed_is_not(machine, storage, keys, added, tmp_path):
    """It is built, and that is said."""
    forge(storage, Keys(tmp_path))
    victim = machine()
    assert (1, added) == victim.builds(S3, keys)
    assert "is by none of the keys" in "".join(victim.notes)


def test_a_pack_in_another_ones_place_is_not_used(machine, storage, keys, added):
    """A head names its pack by its sha256."""
    (path,) = (path for path in storage.paths() if "/packs/" in path)
    storage.write(path, gzip.compress(b'["pylayer",1,""]\n'))
    assert (1, added) == machine().builds(S3, keys)


def test_a_head_under_another_name_is_not_used(machine, storage, keys, added):
    """Its name is signed."""
    (path,) = (path for path in storage.paths() if "/heads/" in path)
    storage.write(f"{path}-other", storage.read(path))
    storage.client.delete_object(Bucket=BUCKET, Key=path)
    assert (1, added) == machine().builds(S3, keys)


def test_a_file_with_other_bytes_is_not_used(machine, storage, keys, added):
    """It is built, and that is said."""
    storage.write(f"some/prefix/blobs/{added[:2]}/{added}", b"other bytes")
    victim = machine()
    assert (1, added) == victim.builds(S3, keys)
    assert "is damaged" in "".join(victim.notes)


@pytest.mark.parametrize("content", [b"", b"{}", b"\0" * 100, b"[" * 10_000, b'{"payload": 1}'])
def test_what_is_no_head_is_not_used(machine, storage, keys, added, content):
    """Whatever it is."""
    (path,) = (path for path in storage.paths() if "/heads/" in path)
    storage.write(path, content)
    assert (1, added) == machine().builds(S3, keys)


def test_a_record_of_another_shape_is_not_used(machine, storage, keys, added):
    """As another version may write it."""
    with forging(storage, keys) as records:
        for name in records:
            records[name] = {"surprise": True}
    assert (1, added) == machine().builds(S3, keys)


# What goes wrong


@pytest.mark.parametrize(
    ("fault", "within"),
    [
        *(("403", each) for each in ("list-type", "/blobs/")),
        *(("503", each) for each in ("list-type", "/packs/")),
        *(("hangs", each) for each in ("/heads/", "/blobs/")),
        *(("damaged", each) for each in ("list-type", "/heads/", "/packs/", "/blobs/")),
        *(("truncated", each) for each in ("/packs/", "/blobs/")),
        *(("trickles", each) for each in ("/heads/", "/blobs/")),
    ],
)
def test_what_goes_wrong_costs_no_build(machine, storage, keys, *, added, fault, within):
    """The same bytes, and a line."""
    storage.fault, storage.within = fault, within
    victim = machine()
    assert (1, added) == victim.builds(S3, keys, patience=0.4)
    assert 1 == len([note for note in victim.notes if "shared store" in note])
    assert "127.0.0.1" not in "".join(victim.notes)


@pytest.mark.parametrize("spared", [0, 1, 2, 3])
def test_credentials_may_expire_in_the_middle(machine, storage, keys, added, spared):
    """After the list, the head, which is asked for beside it, the pack: a line, and nothing more is asked."""
    storage.fault, storage.spared = "expired", spared
    victim = machine()
    assert (1, added) == victim.builds(S3, keys)
    assert [True] == ["its credentials have expired" in note for note in victim.notes], victim.notes
    assert len(storage.asked) <= max(spared, 1) + 1


@pytest.mark.parametrize("spared", [1, 3])
def test_they_may_expire_while_something_is_added(machine, storage, keys, spared):
    """There is no head of what is not all there, and whoever comes next adds it."""
    storage.fault, storage.spared = "expired", spared
    first = machine("a")
    _, sha256 = first.builds(S3, keys, signer=keys.signer)
    assert 1 == len(first.notes), first.notes
    assert not [path for path in storage.paths() if "/heads/" in path]
    storage.fault = ""
    machine("c").builds(S3, keys, signer=keys.signer)
    assert (0, sha256) == machine().builds(S3, keys)


@pytest.mark.parametrize("delay", [1, 30], ids=["slow", "silent"])
def test_a_server_costs_three_seconds_at_most(machine, storage, keys, added, delay):
    """However it is slow; a run without a shared store takes a fraction of a second here."""
    storage.fault, storage.delay = "slow", delay
    victim = machine()
    assert (1, added) == victim.builds(S3, keys, patience=PATIENCE)
    assert victim.seconds < 3 + 1.5  # and what the machine that runs the tests is busy with
    assert 1 == len(victim.notes)


@pytest.mark.parametrize("fault", ["403", "503", "hangs"])
def test_what_cannot_be_added_fails_nothing(machine, storage, keys, fault):
    """A read-only bucket, or one that ceases to answer."""
    storage.fault, storage.within = fault, "/blobs/"
    first = machine("a")
    first.builds(S3, keys, signer=keys.signer, patience=0.4)
    assert 1 == len(first.notes)
    assert not [path for path in storage.paths() if "/heads/" in path]


def test_nobody_is_there(machine, monkeypatch, keys, storage):
    """As with the network of a train."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    victim = machine()
    assert 1 == victim.builds(S3, keys, patience=PATIENCE)[0]
    assert victim.seconds < 6
    assert 1 == len(victim.notes)


def test_a_file_that_is_gone_is_made_again_and_added(machine, storage, keys, added):
    """As after a lifecycle rule, whoever is next to add."""
    for path in storage.paths():
        if "/blobs/" in path or "/heads/" in path:
            storage.client.delete_object(Bucket=BUCKET, Key=path)
    assert (1, added) == machine("c").builds(S3, keys, signer=keys.signer)
    assert (0, added) == machine().builds(S3, keys)


def test_a_file_that_is_gone_is_made_again(machine, storage, keys, added):
    """Where the records still name it: the run begins anew without it."""
    for path in storage.paths():
        if "/blobs/" in path:
            storage.client.delete_object(Bucket=BUCKET, Key=path)
    assert (1, added) == machine().builds(S3, keys)


def test_a_file_that_is_gone_is_added_where_all_else_is_there(machine, storage, keys, added):
    """Also by a run that adds nothing else that day."""
    for path in storage.paths():
        if "/blobs/" in path:
            storage.client.delete_object(Bucket=BUCKET, Key=path)
    assert (1, added) == machine("c").builds(S3, keys, signer=keys.signer)
    assert (0, added) == machine().builds(S3, keys)


def test_a_damaged_file_is_replaced_by_who_adds(machine, storage, keys, added):
    """Which has made it again; nobody else is told of it any more."""
    storage.write(f"some/prefix/blobs/{added[:2]}/{added}", b"other bytes")
    assert (1, added) == machine("c").builds(S3, keys, signer=keys.signer)
    last = machine()
    assert (0, added) == last.builds(S3, keys)
    assert [] == [note for note in last.notes if "damaged" in note]


def test_a_pull_request_replaces_nothing_of_the_main_branch(machine, storage, keys, added, tmp_path):
    """It may not write there, whatever its role allows."""
    path = f"some/prefix/blobs/{added[:2]}/{added}"
    storage.write(path, b"other bytes")
    own = Keys(tmp_path)
    assert (1, added) == machine("c").builds(S3, keys, signer=own.signer, scope="pr/7", others=[own])
    assert b"other bytes" == storage.read(path)


def test_a_damaged_share_is_seen(machine, keys, tmp_path):
    """A folder as well."""
    address = (tmp_path / "share").as_uri()
    _, sha256 = machine("a").builds(address, keys, signer=keys.signer)
    place = Path(tmp_path / "share" / "blobs" / sha256[:2] / sha256)
    place.chmod(0o644)
    place.write_bytes(b"other bytes")
    assert (1, sha256) == machine().builds(address, keys)
