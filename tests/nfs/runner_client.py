"""A client of the runner, run on a machine: prints what it found as a line of JSON.

It starts the runner if there is none, except with the word "join". On a terminal it stays until Enter, as a service
until it is stopped.
"""

import asyncio
import json
import os
import subprocess
import sys
from functools import partial
from pathlib import Path

from tui import __version__
from tui.runner import client as client_module
from tui.runner import process
from tui.runner.client import Client, hello_of
from tui.runner.process import connect, connect_to, ended_by_logout, folder, running

CONFIG = Path("/etc/vmlm.toml")
PATIENCE_S = 300.0  # the machine is emulated
RUNNER = (sys.executable, "-m", "tui.app.main", "runner")


async def join() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection to the runner that is there."""
    return await connect_to(folder() / "runner.sock") or sys.exit("there is no runner")


def found() -> dict[str, str | int | None]:
    """This session, the runner's process and control group, and what a client reports."""
    pid = running()
    return {
        "session": os.environ.get("XDG_SESSION_ID"),
        "pid": pid,
        "group": Path(f"/proc/{pid}/cgroup").read_text().strip(),
        "warning": str(ended_by_logout() or ""),
    }


async def main() -> None:
    """Connect, print, and stay."""
    process.START_LIMIT_S = client_module.HELLO_LIMIT_S = PATIENCE_S
    client = Client(
        join if "join" in sys.argv else partial(connect, RUNNER),
        hello_of(CONFIG, __version__),
        lambda _notice: None,
        lambda: None,
    )
    await client.open()
    print(json.dumps(await asyncio.to_thread(found)), flush=True)
    if sys.stdin.isatty():
        await asyncio.to_thread(input)
    elif "NOTIFY_SOCKET" in os.environ:
        await asyncio.to_thread(subprocess.run, ["systemd-notify", "--ready"], check=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
