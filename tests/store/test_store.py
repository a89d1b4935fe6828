"""What the store promises: whole files or none, damage seen, room made."""

import os
import subprocess
import sys
import time
from typing import Any

import pytest
from factories import there

from pylayer.errors import StoreError
from pylayer.store import Store, Usage, uv_cache, write_atomic
from pylayer.store.kinds import ARCHIVE, BYTECODE, IMAGE

ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

LEAVE_SCRATCH = """
import os, pathlib, sys
from pylayer.store import Store
store = Store(pathlib.Path(sys.argv[1]))
store.open()
kept = store.scratch()
kept.__enter__()
half = store._becoming(store.root / "blobs" / "ab" / "cd", mode=0o444)
half.__enter__().write_bytes(b"half of a bl")
os._exit(9)
"""


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "store")
    store.open()
    yield store
    store.close()


def test_bytes_come_back_by_their_sha256(store):
    """A blob is found under the sha256 of its content."""
    digest = store.put_blob(b"abc")

    assert (digest, store.blob(digest).read_bytes()) == (ABC, b"abc")


def test_a_file_is_copied_in(store, tmp_path):
    """A file's blob stays when the file goes."""
    source = tmp_path / "file"
    source.write_bytes(b"abc")
    store.put_blob(source)
    source.unlink()

    assert store.blob(ABC).read_bytes() == b"abc"


def test_what_is_not_there_is_none(store):
    """Neither a blob nor a record that was never put is an error."""
    assert (store.blob(ABC), store.record(ARCHIVE, "none")) == (None, None)


def test_a_damaged_blob_is_removed_and_said(tmp_path):
    """A blob whose bytes changed is as if it had never been there, and the user hears of it."""
    said: list[str] = []
    first = Store(tmp_path)
    first.open()
    place = there(first.blob(first.put_blob(b"abc")))
    place.chmod(0o644)
    place.write_bytes(b"abd")
    second = Store(tmp_path, note=said.append)

    assert (second.blob(ABC), place.exists(), len(said)) == (None, False, 1)


def test_what_is_no_sha256_names_no_blob(tmp_path):
    """A record may be damaged, or another's: a file outside of the store is left alone."""
    store = Store(tmp_path / "store")
    store.open()
    secret = tmp_path / "secret"
    secret.write_text("secret")
    outside: list[Any] = [str(secret), "../../../secret", "", None]
    found = [store.blob(path) for path in outside]

    assert (found, secret.read_text()) == ([None] * 4, "secret")


def test_a_damaged_blob_can_be_put_again(tmp_path):
    """Putting the same content mends a damaged blob."""
    first = Store(tmp_path)
    first.open()
    place = there(first.blob(first.put_blob(b"abc")))
    place.chmod(0o644)
    place.write_bytes(b"")
    second = Store(tmp_path)
    second.put_blob(b"abc")

    assert there(second.blob(ABC)).read_bytes() == b"abc"


def test_a_record_comes_back(store):
    """A record is the value that was put under its kind and key."""
    value = {"sha256": ABC, "members": 2, "skipped": (("python/bad.py", "invalid syntax"),)}
    store.put_record(BYTECODE, "key", value)

    assert store.record(BYTECODE, "key") == value


@pytest.mark.parametrize(
    "damaged",
    [
        *(b"", b"{", b"\xff", b"[" * 100_000),
        *(b"null", b"[]", b"{}", b'{"id": 1}', b'{"id": "sha256:0", "more": 1}'),
    ],
)
def test_a_damaged_record_is_as_none(tmp_path, damaged):
    """A record that is no JSON, or has another shape than its kind's, is removed, and said."""
    said: list[str] = []
    store = Store(tmp_path, note=said.append)
    store.put_record(IMAGE, "key", {"id": "sha256:0", "digest": ""})
    place = tmp_path / "records/local/image/key.json"
    place.write_bytes(damaged)

    assert (store.record(IMAGE, "key"), place.exists(), len(said)) == (None, False, 1)


def test_a_value_of_another_shape_is_not_kept(store):
    """Nobody could read it."""
    with pytest.raises(ValueError, match="sha"):
        store.put_record(IMAGE, "key", {"sha256": ABC})


def test_what_may_serve_another_machine_lies_apart(store):
    """So that a CI can hand it from one to the next, and leave the rest."""
    store.put_record(IMAGE, "key", {"id": "sha256:0", "digest": ""})
    store.put_record(BYTECODE, "key", {"sha256": ABC, "members": 0, "skipped": []})
    records = store.root / "records"

    assert sorted(str(path.relative_to(records)) for path in records.rglob("*.json")) == [
        "local/image/key.json",
        "portable/bytecode/key.json",
    ]


def test_a_record_is_dropped(store):
    """Also one that is not there."""
    store.put_record(IMAGE, "key", {"id": "sha256:0", "digest": ""})
    for _ in range(2):
        store.drop_record(IMAGE, "key")

    assert store.record(IMAGE, "key") is None


def test_scratch_is_gone_afterwards(store):
    """A scratch folder exists within its block alone."""
    with store.scratch() as folder:
        (folder / "file").touch()

    assert not folder.exists()


def test_scratch_of_a_killed_process_is_swept(tmp_path):
    """The next process removes what a killed one left."""
    subprocess.run([sys.executable, "-c", LEAVE_SCRATCH, tmp_path], check=False)
    left = list((tmp_path / "scratch").iterdir())
    Store(tmp_path).open()

    assert (len(left), list((tmp_path / "scratch").iterdir())) == (2, [])
    assert [] == list((tmp_path / "blobs" / "ab").iterdir())


def test_link_gives_a_blob_its_name(store, tmp_path):
    """A blob appears under a file name that a tool needs to see."""
    digest = store.put_blob(b"abc")

    assert store.link(digest, tmp_path, "a-1-py3-none-any.whl").read_bytes() == b"abc"


def test_usage_counts(store):
    """Usage tells bytes and numbers."""
    store.put_blob(b"abc")
    store.put_blob(b"defg")
    store.put_record(IMAGE, "key", {"id": "sha256:0", "digest": ""})

    assert store.usage() == Usage(size=7, blobs=2, records=1)


def test_prune_by_age_takes_what_was_not_used(tmp_path):
    """What was used lately stays."""
    store = Store(tmp_path)
    old = there(store.blob(store.put_blob(b"abc")))
    new = there(store.blob(store.put_blob(b"defg")))
    os.utime(old, (time.time() - 100, time.time() - 100))

    assert (store.prune(older_than=50), old.exists(), new.exists()) == (
        Usage(size=3, blobs=1, records=0),
        False,
        True,
    )


def test_prune_by_size_takes_the_longest_unused(tmp_path):
    """Above the bound, what was used longest ago goes first."""
    store = Store(tmp_path)
    blobs = [there(store.blob(store.put_blob(content))) for content in (b"abc", b"def", b"ghi")]
    for age, blob in zip((30, 90, 60), blobs, strict=True):
        os.utime(blob, (time.time() - age, time.time() - age))
    store.prune(larger_than=7)

    assert [blob.exists() for blob in blobs] == [True, False, True]


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    """An error says which place cannot be written."""
    (tmp_path / "file").touch()

    with pytest.raises(StoreError, match="file") as caught:
        Store(tmp_path / "file" / "store").open()
    assert "PYLAYER_CACHE_DIR" in caught.value.faults[0].hint


def test_write_atomic_replaces(tmp_path):
    """A file is replaced as a whole and no temporary one stays."""
    place = tmp_path / "file"
    place.write_text("old")
    write_atomic(place, b"new")

    assert (place.read_text(), len(list(tmp_path.iterdir()))) == ("new", 1)


def test_uvs_cache_follows_where_its_own_place_cannot_be_written(tmp_path):
    """A home that is not there, or a file in its way."""
    (tmp_path / "home").write_text("")
    env = {"HOME": str(tmp_path / "home"), "PYLAYER_CACHE_DIR": str(tmp_path / "ours")}
    assert uv_cache(env) == {"UV_CACHE_DIR": str(tmp_path / "ours/uv")}
    assert uv_cache(env | {"UV_CACHE_DIR": "/x"}) == {}
    assert uv_cache(env | {"HOME": str(tmp_path / "other")}) == {}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")
@pytest.mark.parametrize("named", ["", "~/store"])
def test_a_user_whom_the_system_does_not_know_has_a_place(named):
    """As in a container that runs as some number, without HOME."""
    code = "import os; os.setuid(54321); from pylayer.store import default_root; print(default_root())"
    env = {**os.environ, "PYLAYER_CACHE_DIR": named}
    for name in ("HOME", "XDG_CACHE_HOME"):
        env.pop(name, None)
    done = subprocess.run(
        [sys.executable, "-c", "import pylayer.store, platformdirs; " + code],
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (0, "/store" if named else "/.cache/pylayer") == (done.returncode, done.stdout.strip()), (
        done.stderr
    )
