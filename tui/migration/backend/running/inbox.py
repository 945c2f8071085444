"""The queue of an actor: other threads post calls, one thread makes them, one after the other."""

import contextlib
import queue
import time
from collections.abc import Callable
from typing import Any

from tui.core.log import log


class Inbox:
    """`tick` is called at the moment that `next_moment` returns (time.monotonic()), `failed` if a call raises."""

    def __init__(
        self, next_moment: Callable[[], float], tick: Callable[[], None], failed: Callable[[Exception], None]
    ) -> None:
        self.closed = False  # calls are ignored from now on
        self._next_moment = next_moment
        self._tick = tick
        self._failed = failed
        self._calls: queue.SimpleQueue[tuple[Callable[..., None], tuple[Any, ...]]] = queue.SimpleQueue()

    def post(self, call: Callable[..., None], *arguments: Any) -> None:
        """Queue a call; from any thread, returns at once."""
        self._calls.put((call, arguments))

    def run(self, over: Callable[[], bool]) -> None:
        """Make the calls until it is `over` or closed, on this thread."""
        while not (self.closed or over()):
            with contextlib.suppress(queue.Empty):
                call, arguments = self._calls.get(timeout=max(0.0, self._next_moment() - time.monotonic()))
                self._make(call, *arguments)
            if time.monotonic() >= self._next_moment():
                self._make(self._tick)

    def _make(self, call: Callable[..., None], *arguments: Any) -> None:
        if self.closed:
            return
        try:
            call(*arguments)
        except Exception as error:  # noqa: BLE001  # one call must not end the actor
            log.exception("A call of an actor failed")
            self._failed(error)
