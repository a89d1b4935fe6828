"""Containers of one kind → rooms, in each of which one build is at a time.

What a build left is of no use to the next one in its room, if the room is used again at all: that takes
somebody's word that nothing is left. Jobs of pylayer's own, which trust nothing that lies about, are guests:
they may be beside a build. A room in which nobody is waits for the next, but only so many do at once.
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


# A run goes back to some as it builds: a few targets, each with a few backends. In each is a program that has
# one imported, in megabytes; where there are more, as with many sdists, who comes back starts one anew.
MOST_EMPTY = 8


@dataclass(slots=True, kw_only=True, eq=False)
class Room:
    """A container, and how many are in it; `clean` as long as the next build may have it.

    `idle` are the programs in it that wait for a job, those for builds and those for guests. Where one of the
    latter is sure to be wanted, `expecting` is what makes it ready.
    """

    container: Container
    inside: int = 0
    taken: bool = False
    clean: bool = True
    expecting: str = ""
    idle: dict[bool, list[JobServer]] = field(default_factory=lambda: {False: [], True: []})


class EmptyRooms:
    """The clean rooms of an engine in which nobody is; of too many, the one that was left first is closed.

    `lock` is for all that is known of that engine's rooms.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self._empty: dict[Room, Rooms] = {}  # in the order in which they were left

    def entered(self, room: Room) -> None:
        """Somebody is in it now."""
        self._empty.pop(room, None)

    def left(self, room: Room, *, of: Rooms) -> None:
        """Nobody is in it now; close those that are too many, unless somebody is about to enter one."""
        self._empty[room] = of
        for each, rooms in list(self._empty.items())[: max(0, len(self._empty) - MOST_EMPTY)]:
            if not rooms.wanted:
                del self._empty[each]
                rooms.close(each)


class Rooms:
    """Rooms, opened by `start` one after the other (the first may have to be made) and closed by `end`."""

    def __init__(
        self, start: Callable[[], Room], end: Callable[[Container], None], *, empty: EmptyRooms
    ) -> None:
        self.wanted = 0  # how many are about to enter one
        self._start = start
        self._end = end
        self._empty = empty
        self._opening = threading.Lock()
        self._lock = empty.lock
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
        with self._lock:
            self.wanted += 1
        try:
            return self._entered(guest=guest)
        finally:
            with self._lock:
                self.wanted -= 1

    def _entered(self, *, guest: bool) -> Room:
        starting = activity.doing("starting a container to build in", step="engine", name="container")
        with starting, self._opening:  # who waits here may find one that was left meanwhile
            with self._lock:
                fit = (room for room in self._open if guest or not room.taken)
                if (room := next(fit, None)) is not None:
                    return self._in(room, guest=guest)
            room = self._start()
            with self._lock:
                self._open.append(room)
                return self._in(room, guest=guest)

    def _in(self, room: Room, *, guest: bool) -> Room:
        self._empty.entered(room)
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
            if room.inside:
                return
            if room.clean:
                self._empty.left(room, of=self)
            else:
                self.close(room)

    def close(self, room: Room) -> None:
        """Let nobody into an empty one any more, and end its container; who calls it has the lock."""
        if room in self._open:
            self._open.remove(room)
        threading.Thread(target=self._end, args=(room.container,), daemon=True).start()
