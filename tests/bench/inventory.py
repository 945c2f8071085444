"""Reads a hundred hosts over ssh at once, from servers in this process, while a page is shown.

Client and servers share one core and one event loop, so the figure includes both sides of every login.
"""

import asyncio
import tempfile
import time
from pathlib import Path
from typing import Any

import asyncssh

from tests.fake_hosts import SYSTEM, FakeHypervisor, login_read
from tests.ui.one_page import OnePage
from tui.adapters.local import LocalShell
from tui.adapters.ssh.shell import SshShell
from tui.app import config
from tui.app.wiring import changes_through
from tui.core.connections import Connections
from tui.hosts.backend.hosts import Hosts
from tui.hosts.model.host import HostFacts, System
from tui.hosts.screens.page import HostsPage

HOSTS = 100
ROOMS = HOSTS // 2  # each reads two hosts over ssh, and this machine
REMOTE = ("destination", "storage")


def inventory() -> tuple[float, float]:
    """Seconds until all hosts are read, and the longest delay of a message to the app in the meantime."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_inventory(Path(folder)))


async def _inventory(folder: Path) -> tuple[float, float]:
    servers, ports = await _servers(folder)
    rooms = [_room(folder, ports[2 * number], ports[2 * number + 1]) for number in range(ROOMS)]
    shown = _room(folder, ports[0], ports[1])
    app = OnePage(HostsPage(shown))
    try:
        async with app.run_test(size=(120, 40)) as pilot:
            await pilot.press("h")  # the cards, which show the facts
            began, longest, received = time.monotonic(), 0.0, asyncio.Event()
            reading = asyncio.ensure_future(_all_read(rooms))
            while not reading.done():
                sent = time.monotonic()
                app.call_later(received.set)
                await received.wait()
                received.clear()
                longest = max(longest, time.monotonic() - sent)
                await asyncio.sleep(0.01)
            found = await reading
            seconds = time.monotonic() - began
    finally:
        for room in (*rooms, shown):
            await room._connections.close()
        for server in servers:
            server.close()
    assert len(found) == HOSTS
    assert all(isinstance(facts.system, System) and facts.system.hostname for facts in found)
    return seconds, longest


async def _servers(folder: Path) -> tuple[list[asyncssh.SSHAcceptor], list[int]]:
    """One server per host, all with the same key; `folder` becomes an ssh folder with a login for them."""
    host_key, user_key = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
    user_key.write_private_key(folder / "id_ed25519")
    allowed = user_key.export_public_key().decode()
    servers = [
        await asyncssh.listen(
            "127.0.0.1", 0, server_host_keys=[host_key],
            authorized_client_keys=asyncssh.import_authorized_keys(allowed), process_factory=_reply,
        )
        for _ in range(HOSTS)
    ]  # fmt: skip
    ports = [server.get_port() for server in servers]
    public = host_key.export_public_key().decode().strip()
    (folder / "known_hosts").write_text("".join(f"[127.0.0.1]:{port} {public}\n" for port in ports))
    return servers, ports


def _reply(process: "asyncssh.SSHServerProcess[str]") -> None:
    """Replies with a host's system or time, without a process, because real hosts run theirs elsewhere."""
    known = login_read(SYSTEM.format(name="host")) if "uname -n" in (process.command or "") else f"{time.time()}\n"
    process.stdout.write(known)
    process.exit(0)


def _room(folder: Path, *ports: int) -> Hosts:
    """The Hosts room with two of the servers."""
    hosts: dict[str, Any] = {"source": {"ssh": "root@source"}}
    hosts |= {name: {"ssh": f"root@127.0.0.1:{port}"} for name, port in zip(REMOTE, ports, strict=True)}
    read, problems = config.check({"hosts": hosts, "vm": {"name": "guest1", "ssh": "root@guest1"}})
    assert read, problems

    def shell(address: str) -> SshShell | LocalShell:
        return SshShell(address, folder=folder, connect_limit_s=60) if address else LocalShell()

    connections = Connections(read, FakeHypervisor, shell)
    return Hosts(connections, changes_through(connections, folder / "changes.jsonl"))


async def _all_read(rooms: list[Hosts]) -> list[HostFacts]:
    async def read(room: Hosts, facts: HostFacts) -> HostFacts:
        return [each async for each in room.read(facts)][-1]

    wanted = [(room, facts) for room in rooms for facts in room.unread() if facts.name in REMOTE]
    return list(await asyncio.gather(*(read(room, facts) for room, facts in wanted)))
