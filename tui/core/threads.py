"""Runs blocking calls on daemon threads, so that quitting never waits for a call, and no call for another."""

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")

IDLE = "on_thread, idle"  # the name of a thread that waits for the next call
MOST_IDLE = 8  # pages that poll need fewer; a start takes longer than most calls


async def on_thread(call: Callable[..., T], *arguments: object) -> T:
    """The result or exception of `call(*arguments)`; cancelling the caller does not stop the call."""
    return await asyncio.wrap_future(submit(call, *arguments))


def submit(call: Callable[..., T], *arguments: object) -> "Future[T]":
    """The future result of `call(*arguments)`, which runs at once on a thread that nothing else uses meanwhile."""
    future: Future[T] = Future()
    future.set_running_or_notify_cancel()  # so a cancelled caller does not cancel it

    def run() -> None:
        try:
            result = call(*arguments)
        except BaseException as error:  # noqa: BLE001  # the caller gets it
            future.set_exception(error)
        else:
            future.set_result(result)

    # asyncio.to_thread joins its threads when the loop ends, and a call to a dead daemon can take minutes.
    name = f"on_thread {getattr(call, '__name__', type(call).__name__)}"
    try:
        _idle.pop().put((name, run))
    except IndexError:
        start_thread(name, lambda: _work(name, run))
    return future


Calls = SimpleQueue[tuple[str, Callable[[], None]]]
_idle: deque[Calls] = deque()  # those of idle threads, the last one to become idle at the end
_becoming_idle = threading.Lock()


def _work(name: str, run: Callable[[], None]) -> None:
    """Run a call, then those that come, unless enough other threads are idle."""
    thread, calls = threading.current_thread(), Calls()
    while True:
        thread.name = name
        run()
        del run  # with what the call returned
        with _becoming_idle:
            if len(_idle) >= MOST_IDLE:
                return
            thread.name = IDLE
            _idle.append(calls)
        name, run = calls.get()


def retrieve(task: "asyncio.Future[Any]") -> None:
    """For `add_done_callback`: retrieve the exception, because asyncio reports one that no caller awaits."""
    if not task.cancelled():
        task.exception()


def start_thread(name: str, call: Callable[[], None]) -> None:
    """Run a call on a daemon thread without waiting for it; an exception goes to the log only."""
    threading.Thread(target=call, name=name, daemon=True).start()
