"""The connections of one migration, to the daemon it starts at and to that of its target."""

import threading
from collections.abc import Callable, Mapping

from tui.core.protocols import Hypervisor

CLOSE_LIMIT_S = 1.0

Open = Callable[[str], Hypervisor]
OnOpen = Callable[[Hypervisor], None]


class Connection:
    """One connection, opened when first needed and reopened after it broke; blocks, so it is for threads.

    core.connections is for the loop: its callers stop waiting after a time limit and share one attempt, so that a
    hanging daemon occupies one thread. A migration calls on threads of its own, has no limit for how long it waits,
    may outlive the loop, and must subscribe to events on a connection before anything else uses it.
    """

    def __init__(self, uri: str, open_hypervisor: Open) -> None:
        self._uri = uri
        self._open = open_hypervisor
        self._lock = threading.Lock()  # other threads wait while it opens, and share the result
        self._current: Hypervisor | None = None
        self._on_open: OnOpen | None = None
        self._prepared: Hypervisor | None = None  # the connection that was last passed to `on_open`

    def on_open(self, on_open: OnOpen) -> None:
        """Call `on_open` with each connection before it is used, also with the current one."""
        with self._lock:
            self._on_open, self._prepared = on_open, None

    def hypervisor(self) -> Hypervisor:
        """The open connection; blocks, raises Failure."""
        with self._lock:
            if self._current is None or not self._current.is_alive():
                self._current = self._open(self._uri)
            if self._prepared is not self._current:
                self._prepared = self._current
                if self._on_open is not None:
                    self._on_open(self._current)
            return self._current

    def close(self) -> None:
        """Let the connection go, unless it is being opened: libvirt closes one that nothing refers to."""
        if self._lock.acquire(timeout=CLOSE_LIMIT_S):
            self._current = self._prepared = self._on_open = None
            self._lock.release()


class MigrationConnections:
    """Two connections to the daemon a migration starts at, one to each of the `others`, opened when needed.

    `steer` carries the migration and its controls, `at` the samples: neither waits for the other. `target` is where the
    migration ends, or "" for one that another program started, until one of the others is seen to receive the VM.
    `peer` is the target, or the one that may be it while that is unknown; "" if there are no others. `renamed` is the
    name that the VM gets there, "" if it keeps its own.
    """

    def __init__(
        self,
        origin: str,
        peer: str,
        uris: Mapping[str, str],
        open_hypervisor: Open,
        *,
        target_known: bool = True,
        peer_uris: Mapping[str, str] | None = None,
    ) -> None:
        self.origin = origin
        self.peer = peer
        self.others = tuple(host for host in uris if host != origin)
        self.target = peer if target_known else ""
        self.renamed = ""
        self.peer_uris = peer_uris or {}  # by which a daemon reaches the others
        self._reading = {host: Connection(uris[host], open_hypervisor) for host in uris}
        self._steering = Connection(uris[origin], open_hypervisor)

    def name_on(self, host: str, name: str) -> str:
        """The name of the VM on `host`, where `name` is that on the host it starts at."""
        return name if host == self.origin else self.renamed or name

    @property
    def candidates(self) -> tuple[str, ...]:
        """The hosts that may receive the VM: the target, or all others while it is unknown."""
        return (self.target,) if self.target else self.others

    def at(self, host: str) -> Hypervisor:
        """The connection that reads from `host`; blocks, raises Failure."""
        return self._reading[host].hypervisor()

    def steer(self) -> Hypervisor:
        """The connection that changes the migration; blocks, raises Failure."""
        return self._steering.hypervisor()

    def on_open(self, host: str, on_open: OnOpen) -> None:
        """Call `on_open` with each connection that reads from `host`, before it is used."""
        self._reading[host].on_open(on_open)

    def close(self) -> None:
        """Close all connections after the migration; blocks."""
        for each in (*self._reading.values(), self._steering):
            each.close()
