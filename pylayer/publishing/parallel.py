"""Threads that ask AWS → none that goes on once the run is ended."""

from __future__ import annotations

import contextlib
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pylayer.publishing.cloud import Account


@contextlib.contextmanager
def at_once(account: Account, threads: int) -> Iterator[ThreadPoolExecutor]:
    """Have so many threads; where the run is ended, they end what they are at, and begin nothing."""
    pool = ThreadPoolExecutor(threads)
    try:
        yield pool
    except BaseException:
        account.give_up()
        raise
    finally:
        pool.shutdown(cancel_futures=True)
