"""Containers of one kind → rooms, in each of which one build is at a time.

What a build left is of no use to the next one in its room, if the room is used again at all: that takes
somebody's word that nothing is left. Jobs of pylayer's own, which trust nothing that lies about, are guests:
they may be beside a build.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import field
from typing import TYPE_CHECKING

from pylayer import activity
from pylayer.dataclassing import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pylayer.engines.docker.containers import Container
    from pylayer.engines.docker.servers import JobServer


@dataclass(slots=True, kw_only=True, eq=False)
class Room:
    """A container, and how many are in it; `clean` as long as the next build may have it.

    `idle` are the programs in it that wait for a job, those for builds and those for guests.
    """

    container: Container
    inside: int = 0
    taken: bool = False
    clean: bool = True
    idle: dict[bool, list[JobServer]] = field(default_factory=lambda: {False: [], True: []})


class Rooms:
    """Rooms, opened by `start` one after the other (the first may have to be made) and closed by `end`."""

    def __init__(self, start: Callable[[], Room], end: Callable[[Container], None]) -> None:
        self._start = start
        self._end = end
        self._opening = threading.Lock()
        self._lock = threading.Lock()
        self._open: list[Room] = []

    @property
    def are_open(self) -> bool:
        """Whether there is one that a guest may come into."""
        return bool(self._open)

    @contextmanager
    def room(self, *, guest: bool) -> Iterator[Room]:
        """A room, for a build alone unless for a `guest`; it is closed in the end unless it is `clean`."""
        room = self._enter(guest=guest)
        try:
            yield room
        except BaseException:
            room.clean = False
            raise
        finally:
            self._leave(room, guest=guest)

    def _enter(self, *, guest: bool) -> Room:
        starting = activity.doing("starting a container to build in", step="engine", name="container")
        with starting, self._opening:  # who waits here may find one that was left meanwhile
            with self._lock:
                fit = (room for room in self._open if guest or not room.taken)
                room = next(fit, None)
            if room is None:
                room = self._start()
            with self._lock:
                if room not in self._open:
                    self._open.append(room)
                room.inside += 1
                room.taken = room.taken or not guest
                return room

    def _leave(self, room: Room, *, guest: bool) -> None:
        with self._lock:
            room.inside -= 1
            if not guest:
                room.taken = False
            if not room.clean and room in self._open:
                self._open.remove(room)
            over = not room.clean and not room.inside
        if over:
            threading.Thread(target=self._end, args=(room.container,), daemon=True).start()
