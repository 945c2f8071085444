"""A hundred hosts read over ssh at once, from servers in this process, while a page is shown.

Client and servers share one core and one loop, so the figure holds both halves of every login.
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
    """Seconds until all are read, and the longest that the app took meanwhile to hear what it was told, as a key."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_inventory(Path(folder)))


async def _inventory(folder: Path) -> tuple[float, float]:
    servers, ports = await _servers(folder)
    rooms = [_room(folder, ports[2 * number], ports[2 * number + 1]) for number in range(ROOMS)]
    shown = _room(folder, ports[0], ports[1])
    app = OnePage(HostsPage(shown))
    try:
        async with app.run_test(size=(120, 40)) as pilot:
            await pilot.press("h")  # the cards, which show what is read
            began, longest, heard = time.monotonic(), 0.0, asyncio.Event()
            reading = asyncio.ensure_future(_all_read(rooms))
            while not reading.done():
                asked = time.monotonic()
                app.call_later(heard.set)
                await heard.wait()
                heard.clear()
                longest = max(longest, time.monotonic() - asked)
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
    """A server a host, all with one key; `folder` becomes an ssh folder that may log in to them."""
    host_key, user_key = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
    user_key.write_private_key(folder / "id_ed25519")
    allowed = user_key.export_public_key().decode()
    servers = [
        await asyncssh.listen(
            "127.0.0.1", 0, server_host_keys=[host_key],
            authorized_client_keys=asyncssh.import_authorized_keys(allowed), process_factory=_answer,
        )
        for _ in range(HOSTS)
    ]  # fmt: skip
    ports = [server.get_port() for server in servers]
    public = host_key.export_public_key().decode().strip()
    (folder / "known_hosts").write_text("".join(f"[127.0.0.1]:{port} {public}\n" for port in ports))
    return servers, ports


def _answer(process: "asyncssh.SSHServerProcess[str]") -> None:
    """What a host says of its system and of the time; no process is made for it, as none is here for real hosts."""
    known = login_read(SYSTEM.format(name="host")) if "uname -n" in (process.command or "") else f"{time.time()}\n"
    process.stdout.write(known)
    process.exit(0)


def _room(folder: Path, *ports: int) -> Hosts:
    """The Hosts room over two of them."""
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
