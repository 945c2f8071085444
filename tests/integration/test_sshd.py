"""Commands through OpenSSH's sshd, which limits the sessions of a connection (MaxSessions)."""

import asyncio
import getpass
import os
import signal
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from tui.adapters.ssh.connection import Connection
from tui.adapters.ssh.shell import SshShell
from tui.core.failure import Failure

SSHD = "/usr/sbin/sshd"
WAIT_LIMIT_S = 20
MORE_THAN_SESSIONS = 12  # more concurrent commands than the 10 sessions of sshd's default
SETTINGS = """\
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/ssh/id_ed25519.pub
StrictModes no
PidFile none
LogLevel VERBOSE
"""


@dataclass
class Sshd:
    """Accepts connections on a free loopback port, and starts one sshd for each."""

    folder: Path
    connections: list[asyncio.subprocess.Process] = field(default_factory=list)

    def __post_init__(self) -> None:
        (self.folder / "ssh").mkdir(mode=0o700)
        for key in ("ssh/id_ed25519", "host_key"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self.folder / key)], check=True)
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(exist_ok=True)  # sshd does not start without this empty folder
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.setblocking(False)
        port = self.listener.getsockname()[1]
        public = " ".join((self.folder / "host_key.pub").read_text().split()[:2])
        (self.folder / "ssh/known_hosts").write_text(f"[127.0.0.1]:{port} {public}\n")
        (self.folder / "sshd_config").write_text(SETTINGS.format(folder=self.folder))
        self.shell = SshShell(f"{getpass.getuser()}@127.0.0.1:{port}", folder=self.folder / "ssh")

    async def serve(self, sessions: int) -> None:
        """Accept connections with this MaxSessions, until cancelled."""
        words = [SSHD, "-i", "-e", "-f", str(self.folder / "sshd_config"), "-o", f"MaxSessions={sessions}"]
        while True:
            connection, _ = await asyncio.get_running_loop().sock_accept(self.listener)
            with connection, (self.folder / "log").open("ab") as log:
                self.connections.append(
                    await asyncio.create_subprocess_exec(
                        *words, stdin=connection, stdout=connection, stderr=log, start_new_session=True
                    )
                )

    def signal(self, number: int) -> None:
        """Send a signal to the sshd processes of the only connection, but not to its commands."""
        (process,) = self.connections
        os.killpg(process.pid, number)

    def refused(self) -> int:
        """The number of refused sessions."""
        return self.log_count("no more sessions")

    def log_count(self, words: str) -> int:
        return (self.folder / "log").read_text().count(words)


async def until(condition: Callable[[], object]) -> None:
    """Wait for a condition that sshd fulfils without an event."""
    end = time.monotonic() + WAIT_LIMIT_S
    while not condition():
        assert time.monotonic() < end
        await asyncio.sleep(0.02)


@pytest.fixture
async def allow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Callable[[int], Sshd]]:
    """Starts a server with a given MaxSessions."""
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    sshd = Sshd(tmp_path)
    serving: list[asyncio.Task[None]] = []

    def start(sessions: int) -> Sshd:
        serving.append(asyncio.ensure_future(sshd.serve(sessions)))
        return sshd

    yield start
    await sshd.shell.close()
    for task in serving:
        task.cancel()
    sshd.listener.close()
    for process in sshd.connections:
        await process.wait()  # it exits with its connection


@pytest.mark.parametrize("sessions", [1, 3, 10])  # 10 is sshd's default
async def test_commands_above_the_session_limit_wait(allow: Callable[[int], Sshd], sessions: int) -> None:
    sshd = allow(sessions)
    done = await asyncio.gather(*(sshd.shell.run(["echo", str(number)]) for number in range(MORE_THAN_SESSIONS)))
    assert [each.stdout for each in done] == [f"{number}\n" for number in range(MORE_THAN_SESSIONS)]
    assert sshd.refused() or sessions == 10


async def test_refused_sessions_do_not_affect_a_running_command(allow: Callable[[int], Sshd], tmp_path: Path) -> None:
    sshd = allow(3)
    os.mkfifo(tmp_path / "end")
    long = asyncio.ensure_future(sshd.shell.run(["sh", "-c", f"read word < '{tmp_path}/end'; echo $word"]))
    await asyncio.gather(*(sshd.shell.run(["true"]) for _ in range(MORE_THAN_SESSIONS)))
    assert sshd.refused()
    assert not long.done()
    await asyncio.to_thread((tmp_path / "end").write_text, "over\n")
    assert (await long).stdout == "over\n"


async def hang(sshd: Sshd, folder: Path, fifo: str) -> None:
    """Begin a command that only a line in `fifo` ends, and give up waiting for it, as a time limit does."""
    os.mkfifo(folder / fifo)
    os.mkfifo(folder / "begun")
    script = f"trap '' HUP TERM; echo > '{folder}/begun'; read word < '{folder}/{fifo}'"
    hanging = asyncio.ensure_future(sshd.shell.run(["sh", "-c", script]))
    await asyncio.to_thread((folder / "begun").read_text)
    hanging.cancel()
    with pytest.raises(asyncio.CancelledError):
        await hanging


async def test_a_command_that_hangs_on_the_server_does_not_block_the_next(
    allow: Callable[[int], Sshd], tmp_path: Path
) -> None:
    sshd = allow(1)
    await hang(sshd, tmp_path, "end")
    assert (await sshd.shell.run(["echo", "next"])).stdout == "next\n"
    await asyncio.to_thread((tmp_path / "end").write_text, "over\n")


async def test_commands_that_time_out_while_their_sessions_open_leave_no_session(allow: Callable[[int], Sshd]) -> None:
    sshd = allow(3)
    await sshd.shell.run(["true"])
    await until(lambda: sshd.log_count("Close session"))  # then all three sessions are free
    sshd.signal(signal.SIGSTOP)
    timed_out = await asyncio.gather(*(sshd.shell.run(["true"], timeout=1) for _ in range(3)), return_exceptions=True)
    assert all("the network is slow" in str(each) for each in timed_out), timed_out
    sshd.signal(signal.SIGCONT)
    await until(lambda: sshd.log_count("Close session") == 4)
    done = await asyncio.gather(*(sshd.shell.run(["echo", str(number)]) for number in range(3)))
    assert [each.stdout for each in done] == ["0\n", "1\n", "2\n"]
    assert len(sshd.connections) == 1


async def test_sessions_of_hanging_commands_are_reused_while_a_long_command_runs(
    allow: Callable[[int], Sshd], tmp_path: Path
) -> None:
    sshd = allow(2)
    os.mkfifo(tmp_path / "end")
    long = asyncio.ensure_future(sshd.shell.run(["sh", "-c", f"read word < '{tmp_path}/end'; echo $word"]))
    await hang(sshd, tmp_path, "hung")
    others = [asyncio.ensure_future(sshd.shell.run(["echo", str(number)])) for number in range(3)]
    await until(sshd.refused)
    await asyncio.to_thread((tmp_path / "hung").write_text, "over\n")
    assert [each.stdout for each in await asyncio.gather(*others)] == ["0\n", "1\n", "2\n"]
    assert not long.done()
    await asyncio.to_thread((tmp_path / "end").write_text, "over\n")
    assert (await long).stdout == "over\n"
    assert len(sshd.connections) == 1


async def test_a_command_without_a_session_reports_it(allow: Callable[[int], Sshd], tmp_path: Path) -> None:
    sshd = allow(1)
    os.mkfifo(tmp_path / "end")
    os.mkfifo(tmp_path / "begun")
    words = f"echo > '{tmp_path}/begun'; read word < '{tmp_path}/end'"
    long = asyncio.ensure_future(sshd.shell.run(["sh", "-c", words]))
    await asyncio.to_thread((tmp_path / "begun").read_text)
    first = asyncio.ensure_future(sshd.shell.run(["true"]))
    await until(sshd.refused)  # from now on commands wait for their turn
    with pytest.raises(Failure, match="had no ssh session free"):
        await sshd.shell.run(["true"], timeout=1)
    await asyncio.to_thread((tmp_path / "end").write_text, "over\n")
    await asyncio.gather(long, first)


async def test_a_command_that_ends_before_its_input_is_sent_returns_its_status(
    allow: Callable[[int], Sshd], monkeypatch: pytest.MonkeyPatch
) -> None:
    start = Connection._start

    async def start_and_end(*args: Any, **options: Any) -> "asyncssh.SSHClientProcess[bytes]":
        process = await start(*args, **options)
        await until(process.stdin.is_closing)
        return process

    monkeypatch.setattr(Connection, "_start", start_and_end)
    done = await allow(10).shell.run(["sh", "-c", "echo 'No space left on device' >&2; exit 3"], stdin="unread")
    assert (done.status, done.stderr) == (3, "No space left on device\n")
