"""Reads 200 hosts over ssh while the Hosts page shows them, from servers in another process on this machine.

libvirt's replies come from memory: a daemon's connection goes through libvirt's own ssh process, which is not measured.
"""

import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.fake_hosts import FakeHypervisor
from tests.ui.one_page import OnePage
from tui.adapters.ssh.shell import SshShell
from tui.app import config
from tui.app.wiring import changes_through
from tui.core.connections import Connections
from tui.hosts.backend.hosts import Hosts
from tui.hosts.model.host import OK
from tui.hosts.screens.page import HostsPage

HOSTS = 200
LIMIT_S = 300.0
CONNECT_LIMIT_S = 60.0  # this machine is busy with both sides of every login


@dataclass(frozen=True)
class Listed:
    """Seconds until the page has all hosts, the app's CPU time by then, the longest delay of a message to the app."""

    seconds: float
    cpu_s: float
    longest_wait_s: float


def inventory(count: int = HOSTS) -> Listed:
    """Shows the page of so many hosts until all are read."""
    with tempfile.TemporaryDirectory() as folder, _servers(Path(folder), count) as ports:
        return asyncio.run(_inventory(Path(folder), ports))


@contextmanager
def _servers(folder: Path, count: int) -> Iterator[list[int]]:
    """The ports of so many servers."""
    command = [sys.executable, "-m", "tests.bench.ssh_servers", str(folder), str(count)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield [int(word) for word in process.stdout.readline().split()]
        process.stdin.close()


async def _inventory(folder: Path, ports: list[int]) -> Listed:
    room = _room(folder, ports)
    page = HostsPage(room)
    app = OnePage(page)
    try:
        began, cpu, longest, received = time.monotonic(), time.process_time(), 0.0, asyncio.Event()
        async with app.run_test(size=(120, 40)):
            while not all(facts.state == OK for facts in page._facts.values()):
                if time.monotonic() > began + LIMIT_S:
                    raise TimeoutError(f"not all {len(ports)} hosts were listed within {LIMIT_S:g} s")
                sent = time.monotonic()
                app.call_later(received.set)
                await received.wait()
                received.clear()
                longest = max(longest, time.monotonic() - sent)
                await asyncio.sleep(0.01)
            return Listed(time.monotonic() - began, time.process_time() - cpu, longest)
    finally:
        await room._connections.close()


def _room(folder: Path, ports: list[int]) -> Hosts:
    """The Hosts room with all servers."""
    hosts: dict[str, Any] = {
        f"host{number}": {"ssh": f"root@127.0.0.1:{port}", "libvirt": f"qemu+ssh://host{number}/system"}
        for number, port in enumerate(ports, 1)
    }
    read, problems = config.check({"hosts": hosts, "vm": {"name": "guest1", "ssh": "root@guest1"}})
    assert read, problems

    def shell(address: str) -> SshShell:
        return SshShell(address, folder=folder, connect_limit_s=CONNECT_LIMIT_S)

    connections = Connections(read, FakeHypervisor, shell)
    return Hosts(connections, changes_through(connections, folder / "changes.jsonl"))
