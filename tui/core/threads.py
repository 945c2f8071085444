"""Runs blocking calls on daemon threads, one thread per call, so that quitting never waits for a call."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")


async def on_thread(call: Callable[..., T], *arguments: object) -> T:
    """The result or exception of `call(*arguments)`; cancelling the caller does not stop the call."""
    return await asyncio.wrap_future(submit(call, *arguments))


def submit(call: Callable[..., T], *arguments: object) -> "Future[T]":
    """The future result of `call(*arguments)`, which runs on a thread of its own."""
    future: Future[T] = Future()
    future.set_running_or_notify_cancel()  # so a cancelled caller does not cancel it

    def run() -> None:
        try:
            future.set_result(call(*arguments))
        except BaseException as error:  # noqa: BLE001  # the caller gets it
            future.set_exception(error)

    # asyncio.to_thread joins its threads when the loop ends, and a call to a dead daemon can take minutes.
    name = getattr(call, "__name__", type(call).__name__)
    start_thread(f"on_thread {name}", run)
    return future


def retrieve(task: "asyncio.Future[Any]") -> None:
    """For `add_done_callback`: retrieve the exception, because asyncio reports one that no caller awaits."""
    if not task.cancelled():
        task.exception()


def start_thread(name: str, call: Callable[[], None]) -> None:
    """Run a call on a daemon thread without waiting for it; an exception goes to the log only."""
    threading.Thread(target=call, name=name, daemon=True).start()
