"""The way of a migration: the connections to the daemon it starts at and to the one it ends at."""

from collections.abc import Callable

from tui.adapters.protocols import Hypervisor

Reopen = Callable[[str], Hypervisor]


class Route:
    """Where a migration goes: two open connections to the daemon it starts at, one to the daemon it ends at.

    `steer` carries the migration and what a person changes, the other the samples: neither waits behind the other.
    """

    def __init__(
        self, origin: str, target: str, steer: Hypervisor, watch: Hypervisor, arrive: Hypervisor, reopen: Reopen
    ) -> None:
        self.origin = origin
        self.target = target
        self.steer = steer
        self._reopen = reopen
        self._open = {origin: watch, target: arrive}

    def at(self, host: str) -> Hypervisor:
        """The connection to ask `host` by, made anew where it has broken; blocks, raises Failure."""
        known = self._open[host]
        if not known.alive():
            self._open[host] = known = self._reopen(known.uri)
        return known
