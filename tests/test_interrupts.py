"""Whatever asks for the end is an interrupt, and is remembered."""

import signal

import pytest

from pylayer.interrupts import as_interrupts


@pytest.mark.parametrize(("name", "status"), [("SIGTERM", 143), ("SIGHUP", 129), ("SIGQUIT", 131)])
def test_a_signal_that_asks_for_the_end_is_an_interrupt(name, status):
    """It is what Ctrl-C is, with the status of its own; afterwards it is what it was."""
    number = getattr(signal, name)
    with as_interrupts() as interrupt:
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)
        assert interrupt.status == status
    assert signal.getsignal(number) is signal.SIG_DFL


def test_an_interrupt_that_is_ignored_hides_no_other_signal():
    """As in what a script starts in the background: nobody can send it Ctrl-C, and SIGTERM ends it."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with as_interrupts(), pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGINT, before)


def test_what_is_ignored_stays_so():
    """As `nohup` wants it."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with as_interrupts():
            signal.raise_signal(signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


def test_ctrl_c_has_its_own_status():
    """130, as ever."""
    with as_interrupts() as interrupt, pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
    assert interrupt.status == 130
