"""A run that is ended: what waits is not begun, and nothing is sent once more."""

from __future__ import annotations

from threading import Event, Timer

import pytest

from pylayer.publishing import aws
from pylayer.publishing.cloud import Patience
from pylayer.publishing.parallel import at_once

BUSY = (None, {"Error": {"Code": "ThrottlingException"}, "ResponseMetadata": {"HTTPStatusCode": 400}})
WELL = (None, {"ResponseMetadata": {"HTTPStatusCode": 200}})


@pytest.fixture
def account():
    return aws.connect(patience=Patience(pause=1))


def test_what_waits_is_not_begun(account):
    """What is under way is waited for."""
    begun, go_on, done = Event(), Event(), []

    def work(number):
        begun.set()
        go_on.wait(timeout=10)
        done.append(number)

    def interrupted():
        with at_once(account, 1) as pool:
            for number in range(3):
                pool.submit(work, number)
            begun.wait(timeout=10)
            Timer(1, go_on.set).start()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert [0] == done
    assert account.given_up


def test_a_busy_aws_is_waited_for_until_then(account):
    """Longer each time, and not for ever; any other answer is the caller's."""
    waits = [account._wait(response=BUSY, attempts=number) for number in (1, 3, 12, 13)]
    assert [True, True, True, False] == [bool(wait) for wait in waits]
    assert 1 <= waits[0] <= 2 < waits[1] <= 8 < waits[2] <= 20
    assert account._wait(response=WELL, attempts=1) is None
    assert account._wait(response=None, attempts=1) is None
    account.give_up()
    assert account._wait(response=BUSY, attempts=1) is None
