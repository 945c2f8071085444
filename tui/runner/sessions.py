"""The session of one client that several rooms serve: each takes its own requests."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol

from tui.core.failure import Failure
from tui.runner.server import Session


class RoomSession(Session, Protocol):
    """What one room does for a client; `actions` are the requests that it takes."""

    @property
    def actions(self) -> Collection[str]:
        """The requests that it takes."""


class Sessions:
    """Passes each request to the room that takes it."""

    def __init__(self, rooms: Sequence[RoomSession]) -> None:
        self._rooms = rooms

    async def call(self, action: str, parameters: Mapping[str, Any]) -> Any:
        """The result of a request, as JSON; raises Failure."""
        for room in self._rooms:
            if action in room.actions:
                return await room.call(action, parameters)
        known = ", ".join(each for room in self._rooms for each in room.actions)
        raise Failure(f"The runner knows no request {action!r}", f"it knows {known}")

    def close(self) -> None:
        """The client has gone."""
        for room in self._rooms:
            room.close()
