"""A limit of how many hosts are asked at once, by which a slow host delays no other."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from tui.core.command import Completed, OnOutput
from tui.core.protocols import Shell

MOST, LONGEST_S = 24, 1.0


class Turns:
    """At most `most` at once; one that takes longer than `longest_s` seconds continues, but no longer counts."""

    def __init__(self, most: int = MOST, longest_s: float = LONGEST_S) -> None:
        self._free = asyncio.Semaphore(most)
        self._longest_s = longest_s

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait until it is one's turn."""
        await self._free.acquire()
        held = [True]

        def release() -> None:
            if held:
                held.clear()
                self._free.release()

        late = asyncio.get_running_loop().call_later(self._longest_s, release)
        try:
            yield
        finally:
            late.cancel()
            release()


class ShellInTurn:
    """A Shell whose commands wait for their turn."""

    def __init__(self, shell: Shell, turns: Turns) -> None:
        self._shell = shell
        self._turns = turns

    async def run(
        self, argv: Sequence[str], *, stdin: str | bytes = "", timeout: float = 30.0, on_output: OnOutput | None = None
    ) -> Completed:
        async with self._turns.turn():
            return await self._shell.run(argv, stdin=stdin, timeout=timeout, on_output=on_output)

    async def close(self) -> None:
        await self._shell.close()
