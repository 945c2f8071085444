"""The NFS room: the shared folder of the images, step by step on the host where each belongs."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from tui.backend.changes import Changes
from tui.backend.checklist import Checklist, Step
from tui.backend.connections import Connections


@dataclass(frozen=True)
class NfsFacts:
    """All that was read of the three hosts about the shared folder."""


STEPS: tuple[Step[NfsFacts], ...] = ()


class Nfs:
    """Reads how the hosts share the folder, and changes what is asked for through `checklist`."""

    def __init__(self, connections: Connections, changes: Changes) -> None:
        self.config = connections.config
        self.root = changes.root
        self.checklist = Checklist(STEPS, NfsFacts(), self._read, changes)

    async def _read(self, facts: NfsFacts) -> AsyncIterator[NfsFacts]:
        yield facts
