"""A real ssh-agent that a client of the runner offers, and connections that are opened with it."""

import asyncio
import os
import socket
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integration.conftest import Server
from tests.unit.until import until
from tui.adapters.libvirt.hypervisor import connect
from tui.adapters.ssh.shell import SshShell
from tui.core.failure import Failure
from tui.core.ssh_agent import AGENTS


@pytest.fixture
async def agent(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """The socket of an agent; no client has offered one before, and the environment names a dead one."""
    monkeypatch.setattr(AGENTS, "_paths", [])
    monkeypatch.setenv("SSH_AUTH_SOCK", "/nonexistent/agent")
    with tempfile.TemporaryDirectory(prefix="vmlm-") as folder:
        path = str(Path(folder, "agent"))
        process = await asyncio.create_subprocess_exec("ssh-agent", "-D", "-a", path, stdout=asyncio.subprocess.DEVNULL)
        try:
            await until(lambda: _accepts(path))
            yield path
        finally:
            process.terminate()
            await process.wait()


def _accepts(path: str) -> bool:
    """Whether something listens; the file of a socket is there before that."""
    with socket.socket(socket.AF_UNIX) as client:
        return client.connect_ex(path) == 0


async def test_a_shell_logs_in_with_the_agent_of_the_client_that_came_last(
    server: Server, shell: SshShell, agent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSH_AUTH_SOCK", "/nonexistent/agent")
    environment = os.environ | {"SSH_AUTH_SOCK": agent}
    key = server.folder / "id_ed25519"
    key.chmod(0o600)  # ssh-add refuses others
    adding = await asyncio.create_subprocess_exec("ssh-add", "-q", str(key), env=environment)
    assert await adding.wait() == 0
    key.unlink()
    with pytest.raises(Failure, match="accepts no key"):
        await shell.run(["true"])
    AGENTS.offer(agent)
    assert (await shell.run(["echo", "in"])).stdout == "in\n"


def test_a_connection_to_libvirt_uses_the_agent_of_the_client_that_came_last(agent: str) -> None:
    AGENTS.offer(agent)
    connect("test:///default").close()
    assert os.environ["SSH_AUTH_SOCK"] == agent
