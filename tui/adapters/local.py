"""Commands on the host that runs the app."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Sequence

from tui.adapters.streams import read_all
from tui.core.command import Completed, OnOutput
from tui.core.failure import Failure
from tui.core.limit import within
from tui.core.together import together

NOT_FOUND, NOT_EXECUTABLE = 127, 126  # the exit statuses of a shell, and so of ssh


class LocalShell:
    """The Shell of this host."""

    async def run(
        self, argv: Sequence[str], *, stdin: str | bytes = "", timeout: float = 30.0, on_output: OnOutput | None = None
    ) -> Completed:
        """Run a command; the status is 127 for a missing program, as over ssh."""
        try:
            process = await _start(argv, stdin=bool(stdin))
        except FileNotFoundError:
            return Completed(NOT_FOUND, "", f"{argv[0]}: not found\n")
        except PermissionError:
            return Completed(NOT_EXECUTABLE, "", f"{argv[0]}: permission denied\n")
        data = stdin.encode() if isinstance(stdin, str) else stdin
        try:
            out, err = await within(timeout, _communicate(process, data, on_output))
        except asyncio.TimeoutError:
            raise Failure(
                f"{argv[0]} took longer than {timeout:.0f} s on this host and was killed",
                hint="Check that the file systems and servers it needs respond.",
            ) from None
        finally:
            _kill(process)
        return Completed(process.returncode or 0, out.decode(errors="replace"), err.decode(errors="replace"))

    async def close(self) -> None:
        """Do nothing: no connection is open."""


async def _start(argv: Sequence[str], *, stdin: bool) -> asyncio.subprocess.Process:
    """Start a process; if the caller is cancelled meanwhile, kill it as soon as it has started.

    The start itself is never cancelled, because asyncio could then hang when its loop closes.
    """
    starting = asyncio.ensure_future(
        asyncio.create_subprocess_exec(
            *argv,
            stdin=asyncio.subprocess.PIPE if stdin else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,  # its children can be killed with it, and Ctrl+C does not reach it
        )
    )
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        starting.add_done_callback(_kill_abandoned)
        raise


def _kill_abandoned(starting: "asyncio.Future[asyncio.subprocess.Process]") -> None:
    if not starting.cancelled() and starting.exception() is None:
        _kill(starting.result())


def _kill(process: asyncio.subprocess.Process) -> None:
    """Kill a process that still runs, with its children, and close its pipes."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    # asyncio might close the pipes after its loop, and print a traceback on the terminal. The transport's own close()
    # could reap the process before asyncio's child watcher, which then prints a warning.
    for number in range(3):
        pipe = process._transport.get_pipe_transport(number)  # type: ignore[attr-defined]  # no public access
        if pipe is not None:
            pipe.close()


async def _communicate(
    process: asyncio.subprocess.Process, data: bytes, on_output: OnOutput | None
) -> tuple[bytes, bytes]:
    """The process's stdout and stderr, once it has ended."""
    _, out, err = await together(
        _write(process.stdin, data), read_all(process.stdout, on_output), read_all(process.stderr, on_output)
    )
    await process.wait()
    return out, err


async def _write(stdin: asyncio.StreamWriter | None, data: bytes) -> None:
    if stdin is None:
        return
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # the process need not read its input
        stdin.write(data)
        await stdin.drain()
    stdin.close()
