"""The way of a migration: the connections to the daemon it starts at and to the one it ends at."""

import threading
from collections.abc import Callable, Mapping

from tui.core.protocols import Hypervisor

Open = Callable[[str], Hypervisor]


class Connection:
    """One connection, opened when first needed, and again when it has broken; for threads, which it blocks.

    Not backend.connections, which opens for the loop: callers there give up after a time and share one attempt, so
    that a daemon that hangs holds one thread, not one for each of them. A migration calls on threads of its own, has
    no limit for how long it waits, may outlive the loop, and must listen on a connection before anybody uses it.
    """

    def __init__(self, uri: str, open_hypervisor: Open) -> None:
        self._uri = uri
        self._open = open_hypervisor
        self._lock = threading.Lock()  # who comes while it is being opened waits, and takes the same
        self._known: Hypervisor | None = None
        self._greet: Callable[[Hypervisor], None] = _nothing
        self._greeted: Hypervisor | None = None

    def on_open(self, on_open: Callable[[Hypervisor], None]) -> None:
        """Call `greet` with each connection before anybody else gets it, the one that is open included."""
        with self._lock:
            self._greet, self._greeted = on_open, None

    def hypervisor(self) -> Hypervisor:
        """The connection; blocks, raises Failure."""
        with self._lock:
            if self._known is None or not self._known.alive():
                self._known = self._open(self._uri)
            if self._greeted is not self._known:
                self._greeted = self._known
                self._greet(self._known)
            return self._known


class MigrationConnections:
    """Where a migration goes: two connections to the daemon it starts at, one to the daemon it ends at.

    `steer` carries the migration and what a person changes, the other the samples: neither waits behind the other.
    """

    def __init__(self, origin: str, target: str, uris: Mapping[str, str], open_hypervisor: Open) -> None:
        self.origin = origin
        self.target = target
        self._doors = {host: Connection(uris[host], open_hypervisor) for host in (origin, target)}
        self._steer = Connection(uris[origin], open_hypervisor)

    def at(self, host: str) -> Hypervisor:
        """The connection to ask `host` by; blocks, raises Failure."""
        return self._doors[host].hypervisor()

    def steer(self) -> Hypervisor:
        """The connection to change the migration by; blocks, raises Failure."""
        return self._steer.hypervisor()

    def on_open(self, host: str, on_open: Callable[[Hypervisor], None]) -> None:
        """Call `greet` with each connection to ask `host` by, before it is used."""
        self._doors[host].on_open(on_open)


def _nothing(_hypervisor: Hypervisor) -> None:
    """Nobody wants to know."""
