"""The queue as the screens and the command line see it: planned, started, read and steered through the runner."""

from pathlib import Path
from typing import Any

from tui import __version__
from tui.queue.backend.requests import LIMIT, MAINTENANCE, PAUSE, PLAN, RESUME, START, STATUS, STOP, TAKE_OUT, Wish
from tui.queue.model.plan import QueuePlan, plan_of
from tui.runner.client import Client, Connect, hello_of
from tui.vm.model.maintenance import Mark, Marks

Status = dict[str, Any]  # of one queue; see model.status


class QueueClient:
    """The queues of one configuration, by its path; `connect` reaches the runner, and starts it if need be.

    One queue at most is under way. Each call raises Failure.
    """

    def __init__(self, connect: Connect, config: Path) -> None:
        self._client = Client(connect, hello_of(config, __version__), lambda _notice: None, lambda: None)

    async def plan(self, wish: Wish) -> QueuePlan:
        """What would be done; changes nothing. It reads all hosts, which takes seconds."""
        return plan_of(await self._client.call(PLAN, **wish.fields))

    async def start(self, plan: QueuePlan) -> Status:
        """Start a queue with a plan, which may have been edited; returns its status."""
        return await self._status(START, plan=plan.fields)

    async def status(self, queue: str = "") -> Status | None:
        """The status of a queue, by the name of its folder, with or without the time in it (then the newest of them).

        By default that of the one under way, else the newest; None if there is none.
        """
        found: Status | None = await self._client.call(STATUS, queue=queue)
        return found

    async def pause(self) -> Status:
        """Start no more migrations; those under way go on."""
        return await self._status(PAUSE)

    async def resume(self, queue: str = "") -> Status:
        """Continue a queue that is paused, stopped or interrupted, by default the newest."""
        return await self._status(RESUME, queue=queue)

    async def limit(self, **changes: object) -> Status:
        """Change limits of the queue under way, by the names of `Limits`; the others stay."""
        return await self._status(LIMIT, limits=changes)

    async def take_out(self, vm: str) -> Status:
        """Take a VM out that waits; one under way is cancelled by a request to its migration."""
        return await self._status(TAKE_OUT, vm=vm)

    async def stop(self, *, cancel: bool = False) -> Status:
        """Start no more, and end when those under way have ended; with `cancel`, cancel them."""
        return await self._status(STOP, cancel=cancel)

    async def marks(self) -> Marks:
        """The hosts in maintenance."""
        return _marks(await self._client.call(MAINTENANCE))

    async def mark(self, host: str, *, on: bool) -> Marks:
        """Mark a host as in maintenance, or take the mark off; returns all that are."""
        return _marks(await self._client.call(MAINTENANCE, host=host, on=on))

    async def close(self) -> None:
        """Close the connection; the queue continues."""
        await self._client.close()

    async def _status(self, request: str, **parameters: Any) -> Status:
        found: Status = await self._client.call(request, **parameters)
        return found


def _marks(values: Any) -> Marks:
    return {str(host): Mark(str(each.get("since", "")), str(each.get("queue", ""))) for host, each in values.items()}
