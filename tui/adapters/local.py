"""Commands on the host the app runs on."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Sequence

from tui.adapters.streams import drained
from tui.core.command import Completed
from tui.core.failure import Failure

NOT_FOUND, NOT_EXECUTABLE = 127, 126  # what a shell, and so ssh, answers for such a program


class LocalShell:
    """The Shell of this host."""

    async def run(
        self,
        argv: Sequence[str],
        *,
        stdin: str | bytes = "",
        timeout: float = 30.0,
        on_output: Callable[[str], None] | None = None,
    ) -> Completed:
        """What the command answered; a program that does not exist answers 127, as over ssh."""
        try:
            process = await _begun(argv, stdin=bool(stdin))
        except FileNotFoundError:
            return Completed(NOT_FOUND, "", f"{argv[0]}: not found\n")
        except PermissionError:
            return Completed(NOT_EXECUTABLE, "", f"{argv[0]}: permission denied\n")
        data = stdin.encode() if isinstance(stdin, str) else stdin
        try:
            out, err = await asyncio.wait_for(_ended(process, data, on_output), timeout)
        except asyncio.TimeoutError:
            raise Failure(
                f"{argv[0]} took longer than {timeout:.0f} s on this host and was ended",
                hint="Is a file system or a server it needs not answering?",
            ) from None
        finally:
            _end(process)
        return Completed(process.returncode or 0, out.decode(errors="replace"), err.decode(errors="replace"))

    async def close(self) -> None:
        """Nothing is kept open."""


async def _begun(argv: Sequence[str], *, stdin: bool) -> asyncio.subprocess.Process:
    """The process; where nobody waits for it any more, it is ended as soon as it has begun.

    asyncio waits without end for one that is cancelled at the moment it begins while its loop comes to an end.
    """
    beginning = asyncio.ensure_future(
        asyncio.create_subprocess_exec(
            *argv,
            stdin=asyncio.subprocess.PIPE if stdin else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,  # so that its children end with it, and no key of ours reaches it
        )
    )
    try:
        return await asyncio.shield(beginning)
    except asyncio.CancelledError:
        beginning.add_done_callback(_end_unwanted)
        raise


def _end_unwanted(beginning: "asyncio.Future[asyncio.subprocess.Process]") -> None:
    if not beginning.cancelled() and beginning.exception() is None:
        _end(beginning.result())


def _end(process: asyncio.subprocess.Process) -> None:
    """End it and its children where they have not ended, and let go of it."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    # Else asyncio does it when it may be too late, and prints a traceback behind the app on the terminal. Not by the
    # transport's own close(), which may take the exit status from under asyncio's watcher, which then complains.
    for number in range(3):
        pipe = process._transport.get_pipe_transport(number)  # type: ignore[attr-defined]  # there is no public way
        if pipe is not None:
            pipe.close()


async def _ended(
    process: asyncio.subprocess.Process, data: bytes, on_output: Callable[[str], None] | None
) -> tuple[bytes, bytes]:
    """All that it printed, when it has ended."""
    _, out, err = await asyncio.gather(
        _fed(process.stdin, data), drained(process.stdout, on_output), drained(process.stderr, on_output)
    )
    await process.wait()
    return out, err


async def _fed(stdin: asyncio.StreamWriter | None, data: bytes) -> None:
    if stdin is None:
        return
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it need not read all of it, or any
        stdin.write(data)
        await stdin.drain()
    stdin.close()
