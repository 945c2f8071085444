"""Runs blocking calls on daemon threads, one thread per call, so that quitting never waits for a call."""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def on_thread(call: Callable[..., T], *arguments: object) -> T:
    """The result or exception of `call(*arguments)`; cancelling the caller does not stop the call."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        if future.done():  # the caller was cancelled
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)  # type: ignore[arg-type]  # None only where T is None

    def run() -> None:
        result: T | None = None
        error: BaseException | None = None
        try:
            result = call(*arguments)
        except BaseException as raised:  # noqa: BLE001  # the caller gets it
            error = raised
        with contextlib.suppress(RuntimeError):  # the loop is closed because the app has quit
            loop.call_soon_threadsafe(settle, result, error)

    # asyncio.to_thread joins its threads when the loop ends, and a call to a dead daemon can take minutes.
    name = getattr(call, "__name__", type(call).__name__)
    start_thread(f"on_thread {name}", run)
    return await future


def start_thread(name: str, call: Callable[[], None]) -> None:
    """Run a call on a daemon thread without waiting for it; an exception goes to the log only."""
    threading.Thread(target=call, name=name, daemon=True).start()
