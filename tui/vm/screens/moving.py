"""What the pages with hosts and VMs request of the queue, a room of its own: the app shows its plan."""

from textual.binding import Binding
from textual.message import Message

EMPTY, MAINTENANCE = "empty", "maintenance"  # the actions of the keys


def empty_binding(id: str, tooltip: str) -> Binding:
    """The key for a page; `id` is its name in the configuration."""
    return Binding("E", EMPTY, "empty host", show=False, id=id, tooltip=tooltip)


class MoveRequested(Message):
    """A plan was requested that empties `host`, or that moves `vms`."""

    def __init__(self, host: str = "", vms: tuple[str, ...] = ()) -> None:
        super().__init__()
        self.host = host
        self.vms = vms


class MaintenanceRequested(Message):
    """A host is to be marked as in maintenance, or the mark taken off."""

    def __init__(self, host: str, *, on: bool) -> None:
        super().__init__()
        self.host = host
        self.on = on
