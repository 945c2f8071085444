"""The shell of this host."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tui.adapters.local import LocalShell
from tui.core.failure import Failure
from tui.core.threads import on_thread


async def test_stdout_stderr_and_status_are_returned() -> None:
    done = await LocalShell().run(["sh", "-c", "cat; echo err >&2; exit 3"], stdin="in")
    assert (done.status, done.stdout, done.stderr) == (3, "in", "err\n")


async def test_arguments_are_not_interpreted_by_a_shell() -> None:
    word = "a b'\"; $(id) *"
    assert (await LocalShell().run(["printf", "%s", word])).stdout == word


async def test_the_status_of_a_missing_program_is_that_of_ssh() -> None:
    done = await LocalShell().run(["no-such-program"])
    assert (done.status, done.stderr) == (127, "no-such-program: not found\n")


async def test_the_status_of_a_file_that_is_not_executable_is_that_of_ssh(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("")
    assert (await LocalShell().run([str(tmp_path / "text")])).status == 126


def alive(pid: str) -> bool:
    """Whether the process exists and is not a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def test_a_command_that_exceeds_its_timeout_is_killed_with_its_children(tmp_path: Path) -> None:
    child = "sleep 600 & echo $! > pid; wait"
    with pytest.raises(Failure, match=r"sh took longer than 1 s"):
        await LocalShell().run(["sh", "-c", f"cd '{tmp_path}'; {child}"], timeout=1.0)
    pid = (tmp_path / "pid").read_text().strip()

    async def ended() -> None:
        while alive(pid):  # noqa: ASYNC110  # it is not our child, so there is no event
            await asyncio.sleep(0.01)

    await asyncio.wait_for(ended(), 30)


async def test_output_is_passed_on_while_the_command_runs(tmp_path: Path) -> None:
    fifo = tmp_path / "go"
    os.mkfifo(fifo)
    pieces: asyncio.Queue[str] = asyncio.Queue()
    script = 'echo one; read -r word < "$0"; echo "$word" >&2'
    run = asyncio.ensure_future(LocalShell().run(["sh", "-c", script, str(fifo)], on_output=pieces.put_nowait))
    assert await asyncio.wait_for(pieces.get(), 30) == "one\n"
    await on_thread(fifo.write_text, "two\n")
    done = await run
    assert (pieces.get_nowait(), done.stdout, done.stderr) == ("two\n", "one\n", "two\n")


async def test_a_program_may_ignore_its_input() -> None:
    assert (await LocalShell().run(["true"], stdin="x" * 1_000_000)).status == 0


CANCELLED = """
import asyncio, sys
from tui.adapters.local import LocalShell
async def main():
    begun = asyncio.Event()
    command = asyncio.ensure_future(LocalShell().run(
        ["sh", "-c", "echo begun; exec sleep 60"], on_output=lambda _: begun.set()))
    await (begun.wait() if sys.argv[1] == "later" else asyncio.sleep(0))
    command.cancel()
    await asyncio.wait([command])
    await asyncio.sleep(0.5)
asyncio.run(main())
"""


@pytest.mark.parametrize("moment", ["at once", "later"])
def test_a_cancelled_command_ends_without_any_output(moment: str) -> None:
    words = [sys.executable, "-c", CANCELLED, moment]
    done = subprocess.run(words, capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
