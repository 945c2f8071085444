"""A real ssh server in the test's process, on a free port, with new keys."""

import asyncio
import gc
import os
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import asyncssh
import pytest

from tui.adapters.libvirt.hypervisor import LibvirtHypervisor, connect
from tui.adapters.ssh.shell import SshShell

TEST = "test"  # the VM of test:///default, whose state is reset when its last connection closes


@dataclass
class Server:
    """Runs commands on this machine; `folder` is the ssh folder of an authorised user."""

    folder: Path
    host_key: asyncssh.SSHKey
    user_key: asyncssh.SSHKey
    acceptor: asyncssh.SSHAcceptor | None = None
    commands: list[str] = field(default_factory=list)
    passwords: list[str] = field(default_factory=list)
    logins: list[asyncssh.SSHServerConnection] = field(default_factory=list)
    children: list[asyncio.subprocess.Process] = field(default_factory=list)
    port: int = 0
    password: str = ""  # an accepted password, or ""
    greeting: str = ""  # shell commands that run before each command, as those in ~/.bashrc do
    home: Path | None = None  # HOME of the commands; keys in its .ssh/authorized_keys are accepted, too

    @property
    def address(self) -> str:
        return f"tester@127.0.0.1:{self.port}"

    async def listen(self) -> None:
        self.acceptor = await asyncssh.listen(
            "127.0.0.1",
            self.port,
            server_host_keys=[self.host_key],
            authorized_client_keys=asyncssh.import_authorized_keys(self.user_key.export_public_key().decode()),
            server_factory=lambda: _Login(self),
            process_factory=self._run,
            encoding=None,
        )
        self.port = self.acceptor.get_port()

    async def stop(self) -> None:
        assert self.acceptor
        self.acceptor.close()
        self.cut()  # first, because from Python 3.12 on it waits for their ends
        await self.acceptor.wait_closed()

    def cut(self) -> None:
        """Break all connections, like a killed sshd."""
        for login in self.logins:
            login.abort()
        self.logins.clear()

    async def end_commands(self) -> None:
        """Kill the commands that still run."""
        for child in self.children:
            if child.returncode is None:
                os.killpg(child.pid, signal.SIGKILL)
                await child.wait()

    def trust(self, key: asyncssh.SSHKey | None = None) -> None:
        """Replace the user's known_hosts by the server's key, or by another."""
        public = (key or self.host_key).export_public_key().decode().strip()
        (self.folder / "known_hosts").write_text(f"[127.0.0.1]:{self.port} {public}\n")

    async def _run(self, process: asyncssh.SSHServerProcess[bytes]) -> None:
        assert process.command is not None
        self.commands.append(process.command)
        child = await asyncio.create_subprocess_exec(
            "sh", "-c", self.greeting + process.command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE, start_new_session=True,
            env={**os.environ, "HOME": str(self.home)} if self.home else None,
        )  # fmt: skip
        self.children.append(child)
        out, err = await child.communicate(await process.stdin.read())
        process.stdout.write(out)
        process.stderr.write(err)
        process.exit(child.returncode or 0)


class _Login(asyncssh.SSHServer):
    def __init__(self, server: Server) -> None:
        self.server = server

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self.server.logins.append(conn)

    def password_auth_supported(self) -> bool:
        return bool(self.server.password)

    def validate_password(self, username: str, password: str) -> bool:
        self.server.passwords.append(password)
        return password == self.server.password

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        allowed = self.server.home and self.server.home / ".ssh/authorized_keys"
        line = " ".join(key.export_public_key().decode().split()[:2])
        return bool(allowed and allowed.exists() and line in allowed.read_text())


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    folder = tmp_path / "ssh"
    folder.mkdir(mode=0o700)
    user_key = asyncssh.generate_private_key("ssh-ed25519")
    user_key.write_private_key(folder / "id_ed25519")
    made = Server(folder, asyncssh.generate_private_key("ssh-ed25519"), user_key)
    await made.listen()
    made.trust()
    yield made
    await made.end_commands()
    await made.stop()


@pytest.fixture
async def shell(server: Server, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[SshShell]:
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    opened = SshShell(server.address, folder=server.folder)
    yield opened
    await opened.close()


@pytest.fixture
def hypervisor() -> Iterator[LibvirtHypervisor]:
    gc.collect()  # a VM in an earlier test's traceback would keep the state of the driver
    opened = connect("test:///default")
    yield opened
    if opened.is_alive():
        opened.close()


@pytest.fixture
def port() -> int:
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as udp:
        udp.bind(("::", 0))
        return int(udp.getsockname()[1])
