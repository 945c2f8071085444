"""Waiting for something that sends no message."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

from tests.unit.fakes import PATIENCE_S


async def until(met: Callable[[], Any]) -> None:
    """Return when `met` returns something true."""

    async def wait() -> None:
        never = asyncio.Event()
        while not met():
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(never.wait(), 0.01)

    await asyncio.wait_for(wait(), PATIENCE_S)
