"""Files from an index, or none of what is not right."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest
from factories.localindex import Answer, serving
from factories.wheels import make_wheel

from pylayer.errors import DownloadError
from pylayer.index.download import fetch
from pylayer.index.indexes import Index, IndexSettings
from pylayer.index.pins import Pin

FILE = "example-1.0-py3-none-any.whl"
PATH = f"/files/{FILE}"


@pytest.fixture
def index(tmp_path):
    """An index with one wheel of a megabyte and two small ones."""
    make_wheel(tmp_path / "files", {"example/data.bin": os.urandom(1 << 20)})
    make_wheel(tmp_path / "files", name="second")
    make_wheel(tmp_path / "files", name="third")
    with serving(tmp_path / "files") as index:
        yield index


@pytest.fixture
def get(store, tmp_path):
    """Fetch pins without waiting long between tries."""

    def get(*pins, indexes=(), **env):
        settings = IndexSettings(indexes=indexes, env={"HOME": str(tmp_path), **env})
        return fetch(pins, store=store, settings=settings, pause=0.01)

    return get


def kept(store):
    """What is in the store, leftovers of transfers included."""
    return [path for path in store.root.rglob("*") if path.is_file()]


def test_puts_files_into_the_store_in_the_order_of_the_pins(index, store, get):
    """Whichever came first."""
    pins = [index.pin(f"{name}-1.0-py3-none-any.whl") for name in ("third", "example", "second")]
    paths = get(*pins)
    assert [store.blob(pin.sha256) for pin in pins] == list(paths)
    assert [(index.folder / pin.filename).read_bytes() for pin in pins] == [
        path.read_bytes() for path in paths
    ]


def test_asks_for_nothing_that_the_store_has(index, get):
    """Not even for its address."""
    get(index.pin(FILE))
    index.asked.clear()
    assert 2 == len(get(index.pin(FILE), index.pin(FILE, url="")))
    assert [] == index.asked


def test_continues_a_transfer_that_broke_off(index, get):
    """What has arrived is not sent again."""
    index.answers[PATH] = [Answer(cut=700_000)]
    get(index.pin(FILE))
    ranges = [each.headers.get("Range") for each in index.asked]
    assert [None] == ranges[:1]
    assert int(ranges[1].removeprefix("bytes=").removesuffix("-")) > 0


def test_begins_again_where_a_server_cannot_continue(index, get):
    """It answers with the whole file then."""
    index.answers[PATH] = [Answer(cut=700_000), Answer(ranges=False)]
    assert 1 == len(get(index.pin(FILE)))


def test_begins_again_where_the_parts_do_not_fit(index, get):
    """The file may have been replaced between two tries; only what has the hash is kept."""
    index.answers[PATH] = [Answer(cut=700_000, body=bytes(1 << 21))]
    assert (index.folder / FILE).read_bytes() == get(index.pin(FILE))[0].read_bytes()


def test_says_that_a_transfer_stays_truncated(index, store, get):
    """After as many tries as are allowed; nothing of it is kept."""
    whole = (index.folder / FILE).read_bytes()
    index.answers[PATH] = [Answer(body=whole[:1000])] * 9
    with pytest.raises(DownloadError, match=r"truncated: .*tried 2 times"):
        get(index.pin(FILE), UV_HTTP_RETRIES="1")
    assert [] == kept(store)


def test_refuses_a_file_with_another_hash(index, store, get):
    """Both hashes are named, and it is not asked for again."""
    pin = index.pin(FILE, sha256="0" * 64)
    with pytest.raises(DownloadError) as error:
        get(pin)
    assert pin.sha256 in str(error.value)
    assert index.pin(FILE).sha256 in str(error.value)
    assert ([], 1) == (kept(store), len(index.asked))


def test_refuses_a_file_of_another_size(index, store, get):
    """Before its hash is looked at."""
    with pytest.raises(DownloadError, match="but the index promised 5"):
        get(index.pin(FILE, size=5))
    assert [] == kept(store)


def test_names_all_that_failed_at_once_and_keeps_the_rest(index, store, get):
    """One run shows every fault."""
    wrong, gone, right = (
        index.pin(f"{name}-1.0-py3-none-any.whl") for name in ("example", "second", "third")
    )
    wrong = replace(wrong, sha256="0" * 64)
    gone = replace(gone, url=f"{index.root}/files/gone.whl")
    with pytest.raises(DownloadError) as error:
        get(wrong, right, gone)
    assert [f"{FILE} ({index.address})", f"second-1.0-py3-none-any.whl ({index.address})"] == [
        fault.where for fault in error.value.faults
    ]
    assert store.blob(right.sha256)


def test_logs_in_and_shows_no_password(index, store, get):
    """The right one opens, the wrong one is an error that says whose."""
    index.login = ("me", "s3cret")
    pin = index.pin(FILE, index="corp")
    with pytest.raises(DownloadError) as error:
        get(pin, indexes=(Index.at(index.url_with("me", "wr0ng"), name="corp"),))
    assert f"{FILE} (corp at {index.address}): refused the credentials (401)" in str(error.value)
    assert "wr0ng" not in repr(error.value) + str(error.value)
    assert [] == kept(store)
    assert 1 == len(get(pin, indexes=(Index.at(index.url_with("me", "s3cret"), name="corp"),)))


def test_copies_a_local_file(index, store, get):
    """With its hash checked as any other's."""
    path = index.folder / FILE
    assert 1 == len(get(index.pin(FILE, url=path.as_uri())))
    with pytest.raises(DownloadError, match="cannot be read: No such file"):
        get(index.pin("second-1.0-py3-none-any.whl", url=(index.folder / "no.whl").as_uri()))
    assert not store.blob(index.pin("second-1.0-py3-none-any.whl").sha256)


def test_says_that_an_address_is_missing(get):
    """A lock names none: somebody has to find it first."""
    pin = Pin(name="example", version="1.0", filename=FILE, sha256="0" * 64)
    with pytest.raises(DownloadError, match="no address is known"):
        get(pin)


def test_asks_for_the_file_as_it_is(index, get):
    """A server that compresses on the way would break sizes and hashes."""
    get(index.pin(FILE))
    assert "identity" == index.asked[0].headers["Accept-Encoding"]


def test_takes_no_more_bytes_than_were_promised(index, store, get):
    """However many are sent: the rest of them is not waited for."""
    pin = index.pin(FILE)
    index.answers[f"/files/{FILE}"] = [Answer(body=bytes(50 << 20), trickle=0)]
    with pytest.raises(DownloadError, match=f"has more bytes, but the index promised {pin.size}"):
        get(pin)
    assert ([], 1) == (kept(store), len(index.asked))
