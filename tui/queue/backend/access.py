"""The queue as all screens of the app see it: its newest status, and the requests that change it."""

import time
from collections.abc import Awaitable, Callable, Sequence

from tui.core.failure import Failure
from tui.queue.backend.client import QueueClient, Status
from tui.queue.backend.requests import Wish
from tui.queue.model.limits import Limits
from tui.queue.model.plan import QueuePlan
from tui.queue.model.status import ENDED


class QueueAccess:
    """Its requests raise Failure; each that returns a status replaces `status`, None if there is no queue."""

    def __init__(self, client: QueueClient, presets: Sequence[str] = ()) -> None:
        self.presets = tuple(presets)  # of the configuration, by name
        self.status: Status | None = None
        self.read_at: float | None = None  # by time.monotonic()
        self._client = client
        self._listeners: list[Callable[[], None]] = []

    def listen(self, listener: Callable[[], None]) -> None:
        """Call `listener` after each reading."""
        self._listeners.append(listener)

    @property
    def under_way(self) -> bool:
        """Whether a queue is under way, as far as it was read."""
        return self.status is not None and self.status["state"] not in ENDED

    async def read(self) -> None:
        """Read the status of the queue under way, else of the newest."""
        await self._use(self._client.status())

    async def plan(self, wish: Wish) -> QueuePlan:
        """What would be done; changes nothing. It reads all hosts, which takes seconds."""
        return await self._client.plan(wish)

    async def start(self, plan: QueuePlan) -> None:
        """Start a queue."""
        await self._use(self._client.start(plan))

    async def pause(self) -> None:
        """Start no more migrations; those under way go on."""
        await self._use(self._client.pause())

    async def resume(self) -> None:
        """Continue the queue that is shown."""
        status = self.status
        if status is None:
            raise Failure("There is no queue to continue")
        await self._use(self._client.resume(str(status["id"])))

    async def limit(self, limits: Limits) -> None:
        """Work with other limits from now on."""
        await self._use(self._client.limit(**limits.fields))

    async def take_out(self, vms: list[str]) -> None:
        """Take VMs out that wait."""
        for vm in vms:
            await self._use(self._client.take_out(vm))

    async def stop(self, *, cancel: bool) -> None:
        """Start no more; with `cancel`, cancel those under way."""
        await self._use(self._client.stop(cancel=cancel))

    async def mark(self, host: str, *, on: bool) -> None:
        """Mark a host as in maintenance, or take the mark off."""
        await self._client.mark(host, on=on)

    async def close(self) -> None:
        """Close the connection; the queue continues."""
        await self._client.close()

    async def _use(self, request: Awaitable[Status | None]) -> None:
        self.status, self.read_at = await request, time.monotonic()
        for listener in self._listeners:
            listener()
