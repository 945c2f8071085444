"""A limit in time for what is awaited, by which no cancellation is lost."""

import sys
from collections.abc import Awaitable
from typing import TypeVar

if sys.version_info >= (3, 11):
    from asyncio import timeout
else:
    from async_timeout import timeout

T = TypeVar("T")


async def within(limit_s: float, work: Awaitable[T]) -> T:
    """The result of `work`; it is cancelled, and asyncio.TimeoutError raised, when it takes longer.

    In place of asyncio.wait_for, which before Python 3.12 forgets a cancellation that comes together with the result:
    who cancels a task and waits for its end would then wait until the task ends by itself.
    """
    async with timeout(limit_s):
        return await work
