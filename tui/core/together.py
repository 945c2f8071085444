"""Awaits several things at once, and leaves none behind."""

import asyncio
from collections.abc import Awaitable

from tui.core.threads import retrieve


async def together(*work: Awaitable[object]) -> None:
    """Return when all have ended; the first exception, or a cancellation, ends the others, and is raised after them.

    In place of asyncio.gather, whose future gets the exception of a cancelled task: asyncio reports it as never
    retrieved if the loop ends before the caller is resumed, as when the app quits during a reading.
    """
    tasks = [asyncio.ensure_future(each) for each in work]
    for task in tasks:
        task.add_done_callback(retrieve)
    if not tasks:
        return
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
