"""Commands over OpenSSH's own server, which lets a connection have so many sessions at a time and no more."""

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

import pytest

from tui.adapters.ssh.shell import SshShell
from tui.core.failure import Failure

SSHD = "/usr/sbin/sshd"
PATIENCE_S = 20
MORE_THAN_SESSIONS = 12  # commands at once: more than the 10 sessions sshd allows by default
SETTINGS = """\
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/ssh/id_ed25519.pub
StrictModes no
PidFile none
LogLevel VERBOSE
"""


@dataclass
class Sshd:
    """One for each connection that is made to a free port of the loopback interface."""

    folder: Path
    connections: list[asyncio.subprocess.Process] = field(default_factory=list)

    def __post_init__(self) -> None:
        (self.folder / "ssh").mkdir(mode=0o700)
        for key in ("ssh/id_ed25519", "host_key"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self.folder / key)], check=True)
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(exist_ok=True)  # empty, and sshd does not start without it
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.setblocking(False)
        port = self.listener.getsockname()[1]
        public = " ".join((self.folder / "host_key.pub").read_text().split()[:2])
        (self.folder / "ssh/known_hosts").write_text(f"[127.0.0.1]:{port} {public}\n")
        (self.folder / "sshd_config").write_text(SETTINGS.format(folder=self.folder))
        self.shell = SshShell(f"{getpass.getuser()}@127.0.0.1:{port}", folder=self.folder / "ssh")

    async def serve(self, sessions: int) -> None:
        """Let them have so many; until it is cancelled."""
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
        """To all processes of the one connection there is, the commands' own not among them."""
        (process,) = self.connections
        os.killpg(process.pid, number)

    def refused(self) -> int:
        """How many sessions were."""
        return self.said("no more sessions")

    def said(self, words: str) -> int:
        return (self.folder / "log").read_text().count(words)


async def until(condition: Callable[[], object]) -> None:
    """Waits for what sshd does by itself."""
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end
        await asyncio.sleep(0.02)


@pytest.fixture
async def allow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Callable[[int], Sshd]]:
    """Starts a server that allows so many sessions."""
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
        await process.wait()  # it ends with its connection


@pytest.mark.parametrize("sessions", [1, 3, 10])  # 10 is what sshd has where nobody sets it
async def test_what_the_server_has_no_session_for_waits_and_breaks_nothing(
    allow: Callable[[int], Sshd], sessions: int
) -> None:
    sshd = allow(sessions)
    done = await asyncio.gather(*(sshd.shell.run(["echo", str(number)]) for number in range(MORE_THAN_SESSIONS)))
    assert [each.stdout for each in done] == [f"{number}\n" for number in range(MORE_THAN_SESSIONS)]
    assert sshd.refused() or sessions == 10


async def test_a_long_command_outlives_the_refusals_of_others(allow: Callable[[int], Sshd], tmp_path: Path) -> None:
    sshd = allow(3)
    os.mkfifo(tmp_path / "end")
    long = asyncio.ensure_future(sshd.shell.run(["sh", "-c", f"read word < '{tmp_path}/end'; echo $word"]))
    await asyncio.gather(*(sshd.shell.run(["true"]) for _ in range(MORE_THAN_SESSIONS)))
    assert sshd.refused()
    assert not long.done()
    await asyncio.to_thread((tmp_path / "end").write_text, "over\n")
    assert (await long).stdout == "over\n"


async def test_a_command_that_hangs_there_does_not_keep_the_others_out(
    allow: Callable[[int], Sshd], tmp_path: Path
) -> None:
    sshd = allow(1)
    os.mkfifo(tmp_path / "end")
    hanging = ["sh", "-c", f"trap '' HUP TERM; read word < '{tmp_path}/end'"]
    with pytest.raises(Failure, match="did not finish"):
        await sshd.shell.run(hanging, timeout=1)
    assert (await sshd.shell.run(["echo", "next"])).stdout == "next\n"
    await asyncio.to_thread((tmp_path / "end").write_text, "over\n")


async def test_commands_that_are_given_up_while_their_sessions_open_keep_none(allow: Callable[[int], Sshd]) -> None:
    sshd = allow(3)
    await sshd.shell.run(["true"])
    await until(lambda: sshd.said("Close session"))  # then all three are free
    sshd.signal(signal.SIGSTOP)
    given_up = await asyncio.gather(*(sshd.shell.run(["true"], timeout=1) for _ in range(3)), return_exceptions=True)
    assert all("the network is slow" in str(each) for each in given_up), given_up
    sshd.signal(signal.SIGCONT)
    await until(lambda: sshd.said("Close session") == 4)
    done = await asyncio.gather(*(sshd.shell.run(["echo", str(number)]) for number in range(3)))
    assert [each.stdout for each in done] == ["0\n", "1\n", "2\n"]
    assert len(sshd.connections) == 1


async def test_sessions_that_hung_are_had_again_while_a_long_command_runs(
    allow: Callable[[int], Sshd], tmp_path: Path
) -> None:
    sshd = allow(2)
    os.mkfifo(tmp_path / "end")
    os.mkfifo(tmp_path / "hung")
    long = asyncio.ensure_future(sshd.shell.run(["sh", "-c", f"read word < '{tmp_path}/end'; echo $word"]))
    with pytest.raises(Failure, match="did not finish"):
        await sshd.shell.run(["sh", "-c", f"trap '' HUP TERM; read word < '{tmp_path}/hung'"], timeout=1)
    others = [asyncio.ensure_future(sshd.shell.run(["echo", str(number)])) for number in range(3)]
    await until(sshd.refused)
    await asyncio.to_thread((tmp_path / "hung").write_text, "over\n")
    assert [each.stdout for each in await asyncio.gather(*others)] == ["0\n", "1\n", "2\n"]
    assert not long.done()
    await asyncio.to_thread((tmp_path / "end").write_text, "over\n")
    assert (await long).stdout == "over\n"
    assert len(sshd.connections) == 1


async def test_a_command_that_got_no_session_says_so(allow: Callable[[int], Sshd], tmp_path: Path) -> None:
    sshd = allow(1)
    os.mkfifo(tmp_path / "end")
    os.mkfifo(tmp_path / "begun")
    words = f"echo > '{tmp_path}/begun'; read word < '{tmp_path}/end'"
    long = asyncio.ensure_future(sshd.shell.run(["sh", "-c", words]))
    await asyncio.to_thread((tmp_path / "begun").read_text)
    with pytest.raises(Failure, match="had no ssh session free"):
        await sshd.shell.run(["true"], timeout=1)
    await asyncio.to_thread((tmp_path / "end").write_text, "over\n")
    await long
