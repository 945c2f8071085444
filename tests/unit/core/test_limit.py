"""A limit in time, and the cancellation of what waits under it."""

import asyncio

import pytest

from tests.unit.fakes import PATIENCE_S
from tui.core.limit import within


async def test_a_result_within_the_limit_is_returned() -> None:
    assert await within(PATIENCE_S, asyncio.sleep(0, "found")) == "found"


async def test_what_takes_longer_is_cancelled() -> None:
    never = asyncio.get_running_loop().create_future()
    with pytest.raises(asyncio.TimeoutError):
        await within(0.01, never)
    assert never.cancelled()


async def test_a_cancellation_that_comes_with_the_result_is_kept() -> None:
    result = asyncio.get_running_loop().create_future()
    task = asyncio.ensure_future(within(PATIENCE_S, result))
    await asyncio.sleep(0)  # the task waits for the result now
    result.set_result(None)
    task.cancel()
    await asyncio.wait({task})
    assert task.cancelled()
