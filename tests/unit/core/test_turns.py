"""Turns: a limited number at once, and a slow one delays no other."""

import asyncio

import pytest

from tests.fake_hosts import FakeShell
from tui.core.turns import ShellInTurn, Turns


async def test_no_more_than_so_many_are_under_way_at_once() -> None:
    turns, under_way, seen = Turns(3, longest_s=1000), 0, []

    async def work() -> None:
        nonlocal under_way
        async with turns.turn():
            under_way += 1
            seen.append(under_way)
            await asyncio.sleep(0)
            under_way -= 1

    await asyncio.gather(*(work() for _ in range(20)))
    assert (len(seen), max(seen)) == (20, 3)


async def test_one_that_takes_long_gives_its_turn_away_once() -> None:
    turns, ended = Turns(1, longest_s=0), asyncio.Event()

    async def slow() -> None:
        async with turns.turn():
            await ended.wait()

    tasks = [asyncio.ensure_future(slow()) for _ in range(3)]
    async with turns.turn():  # the three before are under way, and never end by themselves
        pass
    ended.set()
    await asyncio.gather(*tasks)
    assert turns._free._value == 1


async def test_a_turn_comes_back_after_an_error_and_a_cancellation() -> None:
    turns = Turns(1, longest_s=1000)
    with pytest.raises(ValueError, match="no"):
        async with turns.turn():
            raise ValueError("no")

    async def waits() -> None:
        async with turns.turn():
            await asyncio.Event().wait()

    task = asyncio.ensure_future(waits())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    async with turns.turn():
        pass


async def test_a_shell_passes_its_commands_on() -> None:
    shell = FakeShell({"uname": "here\n"})
    in_turn = ShellInTurn(shell, Turns())
    assert (await in_turn.run(["uname"], stdin="x")).stdout == "here\n"
    assert shell.stdin == [b"x"]
    await in_turn.close()
    assert shell.closed == 1
