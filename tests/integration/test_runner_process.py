"""The real process of the runner: how it starts, what it survives, and how it ends."""

import asyncio
import contextlib
import fcntl
import os
import pty
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.integration.staged_runner import COMMAND
from tests.listener import listener_of
from tests.unit.fakes import PATIENCE_S, Stage, connections, recording
from tests.unit.until import until
from tui.app.wiring import RUNNER
from tui.core.failure import Failure
from tui.core.plan import Plan
from tui.migration.backend.messages import FIND
from tui.migration.backend.migrations import Migrations
from tui.migration.backend.recording.recorder import RAW
from tui.migration.backend.recording.run_files import read_records
from tui.migration.model.record import ATTACHED, END, GAP, START, Event
from tui.migration.model.timeline import Timeline
from tui.runner import logout, protocol
from tui.runner.client import Client
from tui.runner.process import connect, ended_by_logout, folder

CONFIG = """
[hosts.source]
ssh = "root@source"
libvirt = "test:///default"
[hosts.destination]
ssh = "root@destination"
libvirt = "test+unix:///nowhere"
[hosts.storage]
ssh = "root@storage"
[vm]
name = "guest1"
"""


class Place:
    """The folders of one user's runner, and clients of it."""

    def __init__(self, run: Path, state: Path, config: Path) -> None:
        self.run, self.state, self.config = run, state, config
        self.lost = asyncio.Event()
        self._clients: list[Client] = []

    @property
    def socket(self) -> Path:
        return self.run / "vmlm-tui" / "runner.sock"

    @property
    def log(self) -> Path:
        return self.state / "vmlm" / "runner.log"

    def client(self) -> Client:
        hello = {"config": str(self.config)}
        self._clients.append(Client(partial(connect, RUNNER), hello, lambda _notice: None, self.lost.set))
        return self._clients[-1]

    def migrations(self) -> Migrations:
        """An app, with a runner that has a recorded migration."""
        made = Migrations(connections(Stage(recording("post-copy-by-hand"))), partial(connect, COMMAND), self.config)
        self._clients.append(made._client)
        return made

    def pid(self) -> int:
        return listener_of(self.socket)

    async def close(self) -> None:
        for client in self._clients:
            await client.close()
        with contextlib.suppress(OSError):
            pid = self.pid()
            os.kill(pid, signal.SIGTERM)
            await gone(pid)


def environment_of(pid: int) -> list[bytes]:
    return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")


async def gone(pid: int) -> None:
    def is_gone() -> bool:
        try:
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
        except OSError:
            return True

    await until(is_gone)


@pytest.fixture
def run() -> Iterator[Path]:
    """Short, because the path of a unix socket has 107 bytes at most."""
    with tempfile.TemporaryDirectory(prefix="vmlm-") as name:
        yield Path(name)


@pytest.fixture
async def place(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Place]:
    monkeypatch.setenv("VMLM_RUNTIME_DIR", str(run))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    config = tmp_path / "config.toml"
    config.write_text(CONFIG)
    made = Place(run, tmp_path / "state", config)
    yield made
    await made.close()


# -- starting --


async def test_two_clients_that_start_at_once_share_one_runner(place: Place) -> None:
    assert await asyncio.gather(place.client().call(FIND), place.client().call(FIND)) == [[], []]
    assert place.log.read_text().count(" serves ") == 1


async def test_the_socket_is_only_for_its_user(place: Place) -> None:
    await place.client().open()
    assert stat.S_IMODE(place.socket.stat().st_mode) == 0o600
    assert stat.S_IMODE(place.socket.parent.stat().st_mode) == 0o700


async def test_a_folder_that_others_may_enter_is_refused(place: Place) -> None:
    place.socket.parent.mkdir()
    place.socket.parent.chmod(0o755)
    with pytest.raises(Failure) as raised:
        await place.client().open()
    why = f"{place.socket.parent} belongs to another user, or others may enter it"
    hint = "Remove it, or set VMLM_RUNTIME_DIR to a folder of your own, always the same one."
    assert str(raised.value) == f"The runner's socket would not be safe: {why}. {hint}"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
async def test_a_folder_of_another_user_is_refused(place: Place) -> None:
    place.socket.parent.mkdir(mode=0o700)
    os.chown(place.socket.parent, 12345, 12345)
    with pytest.raises(Failure, match="would not be safe"):
        await place.client().open()


async def test_a_link_in_place_of_the_folder_is_refused(place: Place, tmp_path: Path) -> None:
    place.socket.parent.symlink_to(tmp_path)
    with pytest.raises(Failure, match="would not be safe"):
        await place.client().open()


async def test_the_socket_of_a_killed_runner_is_replaced(place: Place) -> None:
    client = place.client()
    await client.open()
    first = place.pid()
    os.kill(first, signal.SIGKILL)
    await asyncio.wait_for(place.lost.wait(), PATIENCE_S)
    assert place.socket.exists()
    assert await client.call(FIND) == []
    assert place.pid() != first


@pytest.mark.parametrize("state", ["/proc/none", "/dev/full/none"])
async def test_a_runner_starts_without_a_state_folder(
    place: Place, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", state)
    assert await place.client().call(FIND) == []


async def test_a_runner_starts_although_its_log_is_on_a_full_disk(place: Place) -> None:
    place.log.parent.mkdir(parents=True)
    place.log.symlink_to("/dev/full")
    assert await place.client().call(FIND) == []


async def test_a_command_that_cannot_be_run_is_a_failure(place: Place) -> None:
    with pytest.raises(Failure, match="The runner in the background could not be started"):
        await connect(["/nonexistent/vmlm-tui", "runner"])
    assert not place.socket.exists()


@pytest.mark.parametrize("systemd_run", ["#!/bin/sh\nexit 1\n", "not a program"])
async def test_a_systemd_that_refuses_the_scope_is_done_without(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, systemd_run: str
) -> None:
    called = tmp_path / "called"
    fake = tmp_path / "bin" / "systemd-run"
    fake.parent.mkdir()
    fake.write_text(systemd_run.replace("exit", f"echo $* > {called}; exit"))
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}:{os.environ['PATH']}")
    monkeypatch.setattr(logout, "SYSTEMD", tmp_path)
    monkeypatch.setattr(logout, "_lingers", lambda _user: True)
    assert await place.client().call(FIND) == []
    if "exit" in systemd_run:
        assert called.read_text().split()[-len(RUNNER) :] == list(RUNNER)


async def test_the_scope_gets_the_folder_of_the_users_systemd(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Below `su` and `sudo`, XDG_RUNTIME_DIR is missing or that of the caller; systemd-run then fails."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/run/user/0")
    variables = {"XDG_RUNTIME_DIR": "/run/user/4711"}
    monkeypatch.setattr(logout, "starts", lambda: [logout.Start(("env",), variables)])
    await place.client().open()
    found = environment_of(place.pid())
    assert b"XDG_RUNTIME_DIR=/run/user/4711" in found
    assert b"XDG_RUNTIME_DIR=/run/user/0" not in found


async def test_a_client_learns_whether_a_logout_ends_the_runner(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logout, "PROCESSES", tmp_path)
    assert ended_by_logout() is None  # there is no runner
    await place.client().open()
    groups = tmp_path / str(place.pid()) / "cgroup"
    groups.parent.mkdir()
    groups.write_text("0::/system.slice/run-1.scope\n")
    assert await asyncio.to_thread(ended_by_logout) is None
    groups.write_text("0::/user.slice/user-4711.slice/user@4711.service/app.slice/run-1.scope\n")
    assert "`loginctl enable-linger 4711`" in str(await asyncio.to_thread(ended_by_logout))


# -- what it survives --


async def test_the_end_of_its_starter_and_of_its_terminal_do_not_end_it(place: Place) -> None:
    """As an ssh session that breaks: the shell in the terminal starts a client, which starts the runner."""
    ours, theirs = pty.openpty()
    client = (
        "import asyncio; from tui.app.wiring import RUNNER; from tui.runner.process import connect; "
        "asyncio.run(connect(RUNNER)); print('connected', flush=True); input()"
    )
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    shell = await asyncio.create_subprocess_exec(
        "setsid", "--ctty", "sh", "-c", f'{sys.executable} -c "{client}"; true',
        stdin=theirs, stdout=theirs, stderr=theirs, env=environment,
    )  # fmt: skip
    os.close(theirs)
    output = b""
    while b"connected" not in output:
        output += await asyncio.to_thread(os.read, ours, 4096)
    runner = place.pid()
    os.close(ours)  # hangs up: SIGHUP to the session
    await asyncio.wait_for(shell.wait(), PATIENCE_S)
    assert place.pid() == runner
    assert os.getsid(runner) == runner
    assert await place.client().call(FIND) == []


async def test_sighup_does_not_end_it(place: Place) -> None:
    client = place.client()
    await client.open()
    runner = place.pid()
    os.kill(runner, signal.SIGHUP)
    assert await client.call(FIND) == []
    assert place.pid() == runner
    assert not place.lost.is_set()


# -- ending --


async def test_sigterm_ends_it_and_its_socket(place: Place) -> None:
    await place.client().open()
    runner = place.pid()
    os.kill(runner, signal.SIGTERM)
    await gone(runner)
    await asyncio.wait_for(place.lost.wait(), PATIENCE_S)
    assert not place.socket.exists()
    log = place.log.read_text()
    assert log.endswith("The runner ends\n")
    assert "Traceback" not in log


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
async def test_the_next_runner_continues_the_record_of_one_that_ended(
    place: Place, tmp_path: Path, number: signal.Signals
) -> None:
    place.config.write_text(f'{CONFIG}[runs]\nfolder = "{tmp_path / "runs"}"\n')
    migrations = place.migrations()
    migration = await migrations.start(Plan("guest1", technique="post-copy-manual"))
    await until(lambda: migration.timeline.iteration >= 2)
    first, before = place.pid(), read_records(migration.folder / RAW)
    os.kill(first, number)
    await gone(first)
    await until(lambda: migration.timeline.gaps)
    migration.controls.switch_to_post_copy()
    await asyncio.wait_for(migration.ended(), PATIENCE_S)
    assert place.pid() != first
    records = read_records(migration.folder / RAW)
    assert records[: len(before)] == before
    kinds = [each.kind for each in records if isinstance(each, Event)]
    assert [kinds.count(kind) for kind in (START, GAP, ATTACHED, END)] == [1, 1, 1, 1]
    assert len(list((tmp_path / "runs").iterdir())) == 1
    live, read = migration.timeline, Timeline(records)
    assert (live.phase, len(live.points), len(live.marks)) == ("completed", len(read.points), len(read.marks))


async def test_it_ends_when_it_has_nothing_to_do(place: Place) -> None:
    client = place.client()
    await client.open()
    runner = place.pid()
    await client.close()
    await gone(runner)
    assert not place.socket.exists()
    assert "Traceback" not in place.log.read_text()


async def test_the_next_one_waits_for_one_that_is_about_to_end(place: Place) -> None:
    """It has removed its socket, and still writes the records of its migrations."""
    lock = folder() / "runner.lock"
    with lock.open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        found = asyncio.ensure_future(place.client().call(FIND))
        await until(lambda: _waits_for(lock))
    assert await found == []


def _waits_for(lock: Path) -> bool:
    """Whether another process has the file open."""
    for each in Path("/proc").glob("[0-9]*/fd/*"):
        with contextlib.suppress(OSError):
            if each.parts[2] != str(os.getpid()) and each.readlink() == lock:
                return True
    return False


async def test_one_of_another_version_is_replaced_if_it_has_no_work(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    await place.client().open()
    first = place.pid()
    monkeypatch.setattr("tui.runner.client.PROTOCOL", protocol.PROTOCOL + 1)
    with pytest.raises(Failure, match="is of another version of vmlm-tui"):
        await place.client().open()
    for client in place._clients:
        await client.close()
    with pytest.raises(Failure, match="ends at once"):  # what it starts is of the version of this program
        await place.client().open()
    await gone(first)
    monkeypatch.undo()
    assert "Traceback" not in place.log.read_text()


async def test_the_configuration_that_is_missing_is_named(place: Place) -> None:
    place.config.unlink()
    with pytest.raises(Failure) as raised:
        await place.client().call(FIND)
    assert str(place.config) in str(raised.value)


def test_the_command_starts_this_program() -> None:
    output = subprocess.run([*RUNNER[:-1], "--version"], capture_output=True, text=True, check=True, timeout=60)
    assert output.stdout.startswith("vmlm-tui ")
