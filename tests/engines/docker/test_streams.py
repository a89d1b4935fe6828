"""Tests of pylayer.engines.docker.streams, with a socket of which the other end is the test's."""

from __future__ import annotations

import socket
import struct
import threading

import pytest

from pylayer.engines.docker.streams import STDOUT, Stream

SILENCE = 0.05  # seconds


@pytest.fixture
def ends():
    """Both ends of a connection."""
    here, there = socket.socketpair()
    yield here, there
    there.close()
    here.close()


class GoneError(Exception):
    """That an engine is gone."""


def test_a_silent_program_is_waited_for_while_the_engine_answers(ends) -> None:
    """It is asked each time, and nothing of what comes then is lost."""
    here, there = ends
    asked: list[int] = []

    def alive() -> None:
        asked.append(len(asked))
        if len(asked) == 3:  # in the middle of a frame
            there.sendall(frame[:10])
        if len(asked) == 5:
            there.sendall(frame[10:])
            there.close()

    frame = struct.pack(">BxxxL", STDOUT, 5) + b"hello"
    stream = Stream(here, alive=alive, silence=SILENCE)

    assert b"hello" == b"".join(piece for _, piece in stream.frames())
    assert 5 == len(asked)


def test_an_engine_that_is_gone_ends_the_wait(ends) -> None:
    """With what says so."""

    def alive() -> None:
        raise GoneError

    stream = Stream(ends[0], alive=alive, silence=SILENCE)
    with pytest.raises(GoneError):
        next(stream.frames())


def test_what_is_sent_arrives_whole_however_slowly(ends) -> None:
    """The other end reads nothing for a while."""
    here, there = ends
    data, came = bytes(range(256)) * 10_000, bytearray()

    def read() -> None:
        while piece := there.recv(1 << 16):
            came.extend(piece)

    reading = threading.Thread(target=read)

    def alive() -> None:
        if not reading.ident:
            reading.start()

    stream = Stream(here, alive=alive, silence=SILENCE)
    stream.send([data])
    stream.close()
    reading.join(10)

    assert data == came
