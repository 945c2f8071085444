"""Blocking calls on daemon threads."""

import asyncio
import threading

import pytest

from tui.core.failure import Failure
from tui.core.threads import IDLE, MOST_IDLE, on_thread, submit


async def test_the_result_of_the_call_is_returned() -> None:
    assert await on_thread(divmod, 7, 3) == (2, 1)


async def test_the_call_runs_on_a_daemon_thread() -> None:
    thread = await on_thread(threading.current_thread)
    assert thread.daemon
    assert thread is not threading.current_thread()


async def test_an_exception_of_the_call_is_raised_in_the_caller() -> None:
    def refuse() -> None:
        raise Failure("No")

    with pytest.raises(Failure, match="No"):
        await on_thread(refuse)


async def test_a_cancelled_caller_does_not_wait_for_the_call() -> None:
    release, began = threading.Event(), threading.Event()

    def block() -> None:
        began.set()
        release.wait(30)

    waiting = asyncio.ensure_future(on_thread(block))
    await on_thread(began.wait, 30)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    release.set()


def test_the_loop_can_end_while_a_call_still_blocks() -> None:
    release, ended = threading.Event(), threading.Event()

    def block() -> None:
        release.wait(10)
        ended.set()

    async def leave() -> None:
        waiting = asyncio.ensure_future(on_thread(block))
        await asyncio.sleep(0)
        waiting.cancel()

    asyncio.run(leave())
    assert not ended.is_set()  # asyncio.to_thread would have waited for it
    release.set()


async def test_calls_one_after_another_start_no_thread_each() -> None:
    used = {await on_thread(threading.get_ident) for _ in range(50)}
    assert len(used) <= 2  # one may not be idle yet when its result is here


def test_a_call_never_waits_for_another() -> None:
    all_run = threading.Barrier(3 * MOST_IDLE)
    for each in [submit(all_run.wait, 30) for _ in range(all_run.parties)]:
        each.result(30)


def test_few_threads_stay_after_many_calls() -> None:
    release = threading.Event()
    calls = [submit(release.wait, 30) for _ in range(3 * MOST_IDLE)]
    busy = {each for each in threading.enumerate() if each.name == "on_thread wait"}
    assert len(busy) >= len(calls)
    release.set()
    for call in calls:
        call.result(30)
    while working := [each for each in busy if each.is_alive() and each.name != IDLE]:
        working[0].join(0.01)
    assert len([each for each in busy if each.is_alive()]) <= MOST_IDLE
