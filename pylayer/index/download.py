"""Pins → files in the store: fetched in parallel, each with its size and hash checked before it is kept."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING

from pylayer import activity
from pylayer.disk import filling
from pylayer.errors import DownloadError, Fault
from pylayer.index.indexes import local_path
from pylayer.index.web import TransientError, Web, server
from pylayer.store import hash_file, writing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from pylayer.index.indexes import IndexSettings
    from pylayer.index.pins import Pin
    from pylayer.index.web import Reply
    from pylayer.store import Store

    Processor = Callable[[], AbstractContextManager[object]]

_LARGEST = 4 << 30  # bytes of a file whose size the index does not say


def fetch(
    pins: Sequence[Pin],
    *,
    store: Store,
    settings: IndexSettings,
    jobs: int = 16,
    pause: float = 0.5,
    processor: Processor = nullcontext,
) -> tuple[Path, ...]:
    """Have every pin's file in the store; give the stored paths, in the order of `pins`.

    What the store has already is not asked for. `pause` is the first wait after a passing fault, in
    seconds; a `processor` is held while bytes are hashed. Raises one DownloadError for all that cannot be
    had, of which nothing is kept.
    """
    paths = {pin.sha256: store.blob(pin.sha256) for pin in pins}
    absent = list({pin.sha256: pin for pin in pins if not paths[pin.sha256]}.values())
    if absent:
        paths |= _fetch_all(
            absent,
            store=store,
            settings=settings,
            jobs=min(jobs, len(absent)),
            pause=pause,
            processor=processor,
        )
    found = [paths[pin.sha256] for pin in pins]
    return tuple(path for path in found if path)


def _fetch_all(
    pins: Sequence[Pin],
    *,
    store: Store,
    settings: IndexSettings,
    jobs: int,
    pause: float,
    processor: Processor,
) -> dict[str, Path | None]:
    faults: list[Fault] = []
    paths: dict[str, Path | None] = {}
    with (
        store.scratch() as folder,
        Web(settings, connections=jobs, pause=pause) as web,
        ThreadPoolExecutor(jobs, thread_name_prefix="fetch") as pool,
    ):
        # The largest first: one that starts last would be waited for alone.
        ordered = sorted(pins, key=lambda pin: pin.size or 0, reverse=True)
        fetch_one = partial(_fetch, folder=folder, store=store, web=web, processor=processor)
        tasks = {pin.sha256: pool.submit(activity.carried(fetch_one), pin) for pin in ordered}
        try:
            for pin in pins:
                try:
                    paths[pin.sha256] = tasks[pin.sha256].result()
                except DownloadError as error:
                    faults += [
                        Fault(what=each.what, where=_where(pin), hint=each.hint) for each in error.faults
                    ]
        except BaseException:
            web.stop()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    if faults:
        raise DownloadError.of(faults)
    return paths


def _fetch(pin: Pin, *, folder: Path, store: Store, web: Web, processor: Processor) -> Path | None:
    """Fetch one file into `folder`, check it, and give its path in the store."""
    if not pin.url:
        raise DownloadError("no address is known for it", hint="run `pylayer lock` to find it again")
    part = folder / pin.sha256
    if source := local_path(pin.url):
        _copy(source, part)
        with processor():
            _check(pin, part)
    else:
        web.persist(lambda: _transfer(pin, part=part, web=web, processor=processor), where=_where(pin))
    with processor():
        digest = store.put_blob(part)
    part.unlink()
    return store.blob(digest)


def _copy(source: Path, part: Path) -> None:
    try:
        with filling(part):
            shutil.copyfile(source, part)
    except OSError as error:
        raise DownloadError(f"cannot be read: {error.strerror}", hint=f"the file is {source}") from error


def _transfer(pin: Pin, *, part: Path, web: Web, processor: Processor) -> None:
    """Fetch what of a file is not in `part` yet, and check the whole."""
    start = part.stat().st_size if part.exists() else 0
    # As sent: a server that compresses on the way would break sizes, ranges and hashes.
    headers = {"Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
    with web.get(pin.url, headers=headers) as reply:
        if reply.status == 416:
            part.unlink(missing_ok=True)
            raise TransientError(f"truncated: the server has no more than {start} bytes")
        resumed = reply.status == 206 and reply.headers.get("Content-Range", "").startswith(f"bytes {start}-")
        if reply.status == 206 and not resumed:
            part.unlink(missing_ok=True)
            raise TransientError("the server sent a different part of the file than it was asked for")
        _write(reply, part, resumed=resumed, most=_LARGEST if pin.size is None else pin.size)
    if pin.size is not None and (size := part.stat().st_size) < pin.size:
        raise TransientError(f"truncated: {size} of {pin.size} bytes arrived")
    try:
        with processor():
            _check(pin, part)
    except DownloadError as error:
        part.unlink(missing_ok=True)
        if resumed:
            raise TransientError(error.faults[0].what) from error
        raise


def _write(reply: Reply, part: Path, *, resumed: bool, most: int) -> None:
    """Write what comes; raises DownloadError where the file would have more than `most` bytes."""
    expected = reply.headers.get("Content-Length", "")
    received = 0
    with writing(part), part.open("ab" if resumed else "wb") as file:
        for chunk in reply.chunks():
            if file.tell() + len(chunk) > most:
                file.truncate(0)  # none of it is to be gone on with
                raise DownloadError(
                    f"has more bytes, but the index promised {most}"
                    if most < _LARGEST
                    else f"has more than {_LARGEST >> 30} GiB",
                    hint="the index, or what lies between, is at fault",
                )
            file.write(chunk)
            received += len(chunk)
            activity.received(len(chunk))
    if expected.isdecimal() and received != int(expected):
        raise TransientError(f"truncated: {received} of {expected} bytes arrived")


def _check(pin: Pin, part: Path) -> None:
    size = part.stat().st_size
    if pin.size is not None and size != pin.size:
        raise DownloadError(
            f"has {size} bytes, but the index promised {pin.size}",
            hint="the index, or a mirror or proxy on the way, is at fault",
        )
    digest = hash_file(part)
    if digest != pin.sha256:
        raise DownloadError(
            f"is not the file that was promised: its sha256 is {digest}, not {pin.sha256}",
            hint="the index, a mirror or a proxy changed it: find out why before you trust it",
        )


def _where(pin: Pin) -> str:
    place = server(pin.url)
    place = f"{pin.index} at {place}" if pin.index and place else place
    return f"{pin.filename} ({place})" if place else pin.filename
