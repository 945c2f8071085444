"""Blocking calls away from the loop: each on a daemon thread of its own, so that quitting never waits for one."""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def on_thread(call: Callable[..., T], *arguments: object) -> T:
    """What `call(*arguments)` returns or raises; whoever is cancelled stops waiting, the call itself goes on."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        if answer.done():  # nobody waits any more
            return
        if error is not None:
            answer.set_exception(error)
        else:
            answer.set_result(result)  # type: ignore[arg-type]  # None only where T is None

    def work() -> None:
        result: T | None = None
        error: BaseException | None = None
        try:
            result = call(*arguments)
        except BaseException as raised:  # noqa: BLE001  # all of it is handed to the caller
            error = raised
        with contextlib.suppress(RuntimeError):  # the app has quit and its loop is closed
            loop.call_soon_threadsafe(settle, result, error)

    # Not asyncio.to_thread: its threads are joined when the loop ends, and a call to a dead daemon can take minutes.
    name = getattr(call, "__name__", type(call).__name__)
    spawn(f"on_thread {name}", work)
    return await answer


def spawn(name: str, call: Callable[[], None]) -> None:
    """Make a call that nobody waits for; what it raises is lost to its caller."""
    threading.Thread(target=call, name=name, daemon=True).start()
