"""Several things at once: the first exception ends the others, and nothing is left behind."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.unit.until import until
from tui.core.failure import Failure
from tui.core.together import together


class Work:
    """Waits for ever, and notes that it has begun and ended."""

    def __init__(self) -> None:
        self.began = self.ended = False

    async def wait(self) -> None:
        self.began = True
        try:
            await asyncio.Event().wait()
        finally:
            self.ended = True


async def fail(after: Work) -> None:
    await until(lambda: after.began)
    raise Failure("It failed")


@asynccontextmanager
async def cancelled(task: "asyncio.Task[None]") -> AsyncIterator[None]:
    yield
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_the_first_exception_ends_the_others_and_is_raised() -> None:
    work = Work()
    with pytest.raises(Failure, match="It failed"):
        await together(work.wait(), fail(work))
    assert work.ended


async def test_a_cancellation_ends_all() -> None:
    one, other = Work(), Work()
    async with cancelled(asyncio.ensure_future(together(one.wait(), other.wait()))):
        await until(lambda: one.began and other.began)
    assert one.ended
    assert other.ended


async def after(first: asyncio.Event, result: str) -> str:
    await first.wait()
    return result


async def test_the_results_are_in_the_order_of_the_calls() -> None:
    opened = asyncio.Event()

    async def opens() -> int:
        opened.set()
        return 2

    assert await together(after(opened, "first"), opens()) == ("first", 2)


async def test_of_several_exceptions_that_of_the_first_call_is_raised() -> None:
    async def fails(what: str) -> None:
        raise Failure(what)

    with pytest.raises(Failure, match="one"):
        await together(fails("one"), fails("two"), fails("three"))


async def test_nothing_at_all_ends_at_once() -> None:
    assert await together() == ()
