"""The migrations under way that a process records, of all configurations: each is recorded once."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from tui.migration.backend.running.actor import MigrationActor

Key = tuple[str, str]  # the UUID of the VM, and that of the host it comes from
Uris = Mapping[str, str]  # of libvirt, by the configured host


class Recorded:
    """Shared by the owners of all configurations; used on the loop only."""

    def __init__(self) -> None:
        self._claimed: set[Key] = set()
        self._actors: dict[Key, tuple[MigrationActor, Uris]] = {}

    @contextmanager
    def claimed(self, key: Key) -> Iterator[bool]:
        """Reserve a migration while its actor is being made; False if it has one, or another owner makes it."""
        if key in self._claimed or key in self._under_way:
            yield False
            return
        self._claimed.add(key)
        try:
            yield True
        finally:
            self._claimed.discard(key)

    def add(self, key: Key, migration: MigrationActor, uris: Uris) -> None:
        """Remember the actor of a migration that was claimed, and how its owner reaches the hosts.

        Of earlier migrations of this VM the guest's rate is read no longer: it is that of the new one.
        """
        for (uuid, _), (earlier, _) in self._actors.items():
            if uuid == key[0] and earlier.timeline.over:
                earlier.guest_monitor.stop()
        unwritten = {known: each for known, each in self._actors.items() if not each[0].run_log.done}
        self._actors = {**unwritten, **self._under_way, key: (migration, uris)}

    def find(self, key: Key, uris: Uris) -> MigrationActor | None:
        """The actor of a migration under way, if it names the hosts as a configuration with these URIs does."""
        migration, known = self._under_way.get(key, (None, {}))
        return migration if known == uris else None

    @property
    def _under_way(self) -> dict[Key, tuple[MigrationActor, Uris]]:
        return {key: each for key, each in self._actors.items() if not each[0].timeline.over}
