"""Programs in a guest, with real shells and a real compiler; this machine is the guest, in a folder of the test."""

import asyncio
import os
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import pytest

from tests.fake_agent import FakeAgent
from tests.fake_hosts import FakeHosts, guest1
from tests.integration.conftest import Server
from tui.adapters.local import LocalShell
from tui.adapters.ssh.shell import SshShell
from tui.core.command import Completed
from tui.core.failure import Failure
from tui.core.protocols import Shell
from tui.guest.backend.agent_shell import AgentShell
from tui.guest.backend.guest import INSTALL, PUT, START, TRIM_EVERY_S, Guest
from tui.guest.model.workload import CPU, MEMORY, WorkloadSpec, WorkloadStatus
from workloads import folder as sources

LIMIT_S = 60.0
TOOLS = (
    "sh",
    "cat",
    "env",
    "chmod",
    "cmp",
    "cut",
    "grep",
    "head",
    "mkdir",
    "mv",
    "rm",
    "sed",
    "setsid",
    "sync",
    "tail",
    "uname",
    "wc",
)
TRIVIAL = b"int main(void) { return 0; }\n"


class BareShell(LocalShell):
    """A guest with few tools and no compiler."""

    def __init__(self, path: Path) -> None:
        self.path = path

    async def run(self, argv: Sequence[str], *, stdin: str | bytes = "", timeout: float = 30.0) -> Completed:
        return await super().run(["env", f"PATH={self.path}", *argv], stdin=stdin, timeout=timeout)


def files_in(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


def silent(_text: str) -> None:
    """Ignores the progress of a call."""


def source_of(program: str) -> bytes:
    return (sources() / f"{program}.c").read_bytes()


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "a cache; with 'signs'"
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    return folder / "vmlm"


def by_agent() -> AgentShell:
    """A shell through a guest agent; this machine is the guest."""
    world = FakeHosts()
    world.source.known["guest1"] = guest1("running")
    world.source.agents["guest1"] = FakeAgent()
    return AgentShell(world.connections, "guest1")


@pytest.fixture(params=[LocalShell, by_agent], ids=["shell", "agent"])
async def guest(request: pytest.FixtureRequest) -> AsyncIterator[Guest]:
    made = guest_at(request.param())
    yield made
    await made.signal("KILL")


def guest_at(shell: Shell, subfolder: str = "") -> Guest:
    return Guest(shell, LocalShell(), "guest1", subfolder)


def no_compiler(folder: Path) -> Path:
    """A folder of tools without a compiler."""
    folder.mkdir()
    for tool in TOOLS:
        found = shutil.which(tool)
        assert found
        (folder / tool).symlink_to(found)
    return folder


async def until_status(guest: Guest, wanted: Callable[[WorkloadStatus], bool]) -> WorkloadStatus:
    """Polls the status until it meets a condition, and returns it."""

    async def poll() -> WorkloadStatus:
        while not wanted(status := await guest.status()):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        return status

    return await asyncio.wait_for(poll(), LIMIT_S)


async def until_running(guest: Guest) -> WorkloadStatus:
    """Waits until the program runs and has printed something."""
    return await until_status(guest, lambda status: status.running and not status.starting)


async def until_ended(guest: Guest) -> WorkloadStatus:
    """Waits until the program has ended."""
    return await until_status(guest, lambda status: not status.running)


async def until(condition: Callable[[], bool]) -> None:
    """Polls until the condition is true."""

    async def poll() -> None:
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.02)

    await asyncio.wait_for(poll(), LIMIT_S)


async def test_a_guest_without_any_program_so_far_is_idle(guest: Guest) -> None:
    assert await guest.status() == WorkloadStatus()
    await guest.signal("TERM")  # having nothing to stop is no error


@pytest.mark.parametrize("spec", [WorkloadSpec(CPU, 1), WorkloadSpec(MEMORY, 1, 8, 16)])
async def test_a_workload_runs_and_is_stopped(guest: Guest, spec: WorkloadSpec) -> None:
    await guest.install(spec.program, source_of(spec.program), silent)
    await guest.start(spec)
    status = await until_running(guest)
    assert (status.name, status.values["threads"]) == (spec.name, "1")
    await guest.signal("TERM")
    ended = await until_ended(guest)
    assert (ended.exit_status, ended.error, ended.values["state"]) == (0, "", "done")


async def test_a_workload_outlives_the_connection_and_is_found_again(server: Server, guest: Guest) -> None:
    spec = WorkloadSpec(CPU, 1)
    first, second = (SshShell(server.address, folder=server.folder) for _ in range(2))
    await guest_at(first).install(spec.program, source_of(spec.program), silent)
    await guest_at(first).start(spec)
    before = await until_running(guest_at(first))
    await first.close()
    server.cut()
    after = await until_running(guest_at(second))
    assert after.pid == before.pid != 0
    await second.close()


async def test_an_unchanged_source_is_compiled_once(guest: Guest, cache: Path) -> None:
    await guest.install("trivial", TRIVIAL, silent)
    compiled = (cache / "trivial").stat().st_ino
    await guest.install("trivial", TRIVIAL, silent)
    assert (cache / "trivial").stat().st_ino == compiled
    await guest.install("trivial", TRIVIAL + b"\n", silent)
    assert (cache / "trivial").stat().st_ino != compiled


async def test_a_program_left_empty_by_a_power_cut_is_compiled_again(guest: Guest, cache: Path) -> None:
    await guest.install("trivial", TRIVIAL, silent)
    (cache / "trivial").write_bytes(b"")
    await guest.install("trivial", TRIVIAL, silent)
    assert (cache / "trivial").stat().st_size


async def test_a_program_can_be_compiled_several_times_at_once(guest: Guest, cache: Path) -> None:
    """As after an app was killed: its compilation still runs beside that of the next app."""
    (cache / "making.0" / "left").mkdir(parents=True)  # of an ended process; no process has this PID
    await asyncio.gather(*(guest.install("one", TRIVIAL, silent) for _ in range(4)))
    assert files_in(cache) == ["one", "one.c"]


@pytest.mark.parametrize("script", [INSTALL, PUT], ids=["source", "program"])
def test_an_upload_ended_by_a_signal_leaves_nothing(script: str, cache: Path) -> None:
    """As when the guest agent restarts: systemd ends all processes that it has started."""
    argv = ["sh", "-c", f"{script}\nexit 0", "sh", "", "one", "5"]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, start_new_session=True) as uploading:
        assert uploading.stdin
        uploading.stdin.write(b"#!")
        uploading.stdin.flush()
        while not any(each.stat().st_size for each in cache.glob("making.*/*")):
            assert uploading.poll() is None
        os.killpg(uploading.pid, signal.SIGTERM)
        assert uploading.wait(LIMIT_S)
    assert files_in(cache) == []


class BreakingShell(BareShell):
    """A guest whose connection breaks during an upload."""

    async def run(self, argv: Sequence[str], *, stdin: str | bytes = "", timeout: float = 30.0) -> Completed:
        return await super().run(argv, stdin=stdin[:1000], timeout=timeout)


async def test_an_incomplete_program_is_never_kept(tmp_path: Path, cache: Path) -> None:
    with pytest.raises(Failure, match="only part of trivial was received"):
        await guest_at(BreakingShell(no_compiler(tmp_path / "bin"))).install("trivial", TRIVIAL, silent)
    assert files_in(cache) == []


async def test_a_compiler_error_is_quoted(guest: Guest, cache: Path) -> None:
    with pytest.raises(Failure, match="error:") as caught:
        await guest.install("broken", b"int main(void) { return nothing; }\n", silent)
    assert "nothing" in caught.value.detail
    assert not (cache / "broken").exists()


async def test_a_guest_without_a_compiler_gets_a_static_program(guest: Guest, tmp_path: Path, cache: Path) -> None:
    bare, progress = guest_at(BareShell(no_compiler(tmp_path / "bin"))), list[str]()
    spec = WorkloadSpec(CPU, 1)
    await bare.install(spec.program, source_of(spec.program), progress.append)
    assert "the guest has no compiler: building cpu_util on this host" in progress
    assert b"ld-linux" not in (cache / "cpu_util").read_bytes()[:4096]  # needs none of the guest's libraries
    await bare.start(spec)
    await until_running(bare)
    await bare.signal("TERM")
    assert (await until_ended(bare)).exit_status == 0
    progress.clear()
    await bare.install(spec.program, source_of(spec.program), progress.append)
    assert progress == ["compiling cpu_util in the guest"]  # the guest's script finds it there


# A host's "cc" and the expected reason; ld's output is that of gcc 12.2 without the static library.
NO_STATIC_LIBRARY = """#!/bin/sh
echo "/usr/bin/ld: cannot find -lm: No such file or directory" >&2
echo "collect2: error: ld returned 1 exit status" >&2
exit 1
"""
UNBUILT = [("", "cc: not found"), (NO_STATIC_LIBRARY, "/usr/bin/ld: cannot find -lm: No such file or directory")]


@pytest.mark.parametrize(("compiler", "why"), UNBUILT, ids=["no compiler", "no static library"])
async def test_without_a_working_compiler_the_hint_names_what_to_install_and_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compiler: str, why: str
) -> None:
    tools = no_compiler(tmp_path / "guest")
    here = no_compiler(tmp_path / "host")
    if compiler:
        (here / "cc").write_text(compiler)
        (here / "cc").chmod(0o755)
    guest = guest_at(BareShell(tools))
    monkeypatch.setenv("PATH", f"{here}")
    with pytest.raises(Failure) as caught:
        await guest.install("trivial", TRIVIAL, silent)
    assert caught.value.what == "guest1 has no C compiler, and trivial could not be built on this host"
    assert caught.value.why == why
    assert caught.value.hint == "Install gcc and libc6-dev in the guest, or on this host."


async def test_a_killed_workload_is_an_error(guest: Guest) -> None:
    spec = WorkloadSpec(CPU, 1)
    await guest.install(spec.program, source_of(spec.program), silent)
    await guest.start(spec)
    await until_running(guest)
    await guest.signal("KILL")
    ended = await until_ended(guest)
    assert ended.exit_status == 128 + 9
    assert "exited with status 137" in ended.error


async def test_the_error_of_a_workload_with_invalid_options_is_shown(guest: Guest) -> None:
    spec = WorkloadSpec(MEMORY, 1, 1 << 20)
    await guest.install(spec.program, source_of(spec.program), silent)
    await guest.start(spec)
    ended = await until_ended(guest)
    assert ended.exit_status == 2
    assert "try fewer --threads or a smaller --size" in ended.error


async def test_a_workload_from_before_a_reboot_does_not_run(guest: Guest, cache: Path) -> None:
    """Another process may have its PID by then; here this test's own has it, and must not be signalled."""
    spec = WorkloadSpec(CPU, 1)
    await guest.install(spec.program, source_of(spec.program), silent)
    await guest.start(spec)
    await until_running(guest)
    await guest.signal("KILL")
    await until_ended(guest)
    (cache / "ended").unlink()
    (cache / "pid").write_text(f"{os.getpid()} 1\n")
    status = await guest.status()
    assert (status.running, status.vanished) == (False, True)
    await guest.signal("KILL")


async def test_a_folder_that_cannot_be_created_is_reported(guest: Guest, cache: Path) -> None:
    cache.parent.write_text("a file where the folder should be")
    with pytest.raises(Failure, match=r"could not be installed in guest1"):
        await guest.install("trivial", TRIVIAL, silent)


async def test_programs_in_different_subfolders_do_not_affect_each_other(guest: Guest, cache: Path) -> None:
    other = guest_at(LocalShell(), "/other one")
    spec = WorkloadSpec(CPU, 1)
    for each in (guest, other):
        await each.install(spec.program, source_of(spec.program), silent)
        await each.start(spec)
    first, second = await until_running(guest), await until_running(other)
    assert first.pid != second.pid
    assert (cache / "pid").read_text().split()[0] == str(first.pid)  # the same path in every version
    assert (cache / "other one" / "pid").read_text().split()[0] == str(second.pid)
    await other.signal("TERM")
    assert (await until_ended(other)).exit_status == 0
    assert (await guest.status()).pid == first.pid


ODD = "-odd name; 'ü $(x)"


async def test_a_custom_command_runs_with_its_arguments_unchanged(guest: Guest, tmp_path: Path) -> None:
    script = f'printf "%s|" "$@" > "{tmp_path}/words"; echo "ops=1 rate=2.5"; exec sleep 1000'
    words = ["a b", "-d", "$(x)", "'\";", "ü", "two\nlines\nrunning 7", ""]
    await guest.start_command(ODD, ["sh", "-c", script, "sh", *words])
    status = await until_running(guest)
    status = await until_status(guest, lambda each: bool(each.values))
    assert (status.name, dict(status.values)) == (ODD, {"ops": "1", "rate": "2.5"})
    assert (tmp_path / "words").read_text() == "".join(f"{word}|" for word in words)
    await guest.signal("TERM")
    ended = await until_ended(guest)
    assert (ended.exit_status, ended.error) == (143, "")


def alive(pid: int) -> bool:
    """Whether the process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


async def test_the_children_of_a_command_end_with_it(guest: Guest, tmp_path: Path) -> None:
    """The whole process group is ended; otherwise the children would load the guest unnoticed."""
    child = tmp_path / "child"
    await guest.start_command("children", ["sh", "-c", f"sleep 1000 & echo $! > '{child}'; wait"])
    await until_running(guest)
    await until(lambda: child.exists() and bool(child.read_text().strip()))
    await guest.signal("TERM")
    await until_ended(guest)
    await until(lambda: not alive(int(child.read_text())))


@pytest.mark.parametrize("command", [["no-such-program"], ["-x"], ["A=b"], ["./none"], ["no such; true"]])
async def test_the_guests_error_for_an_invalid_command_is_shown(guest: Guest, command: list[str]) -> None:
    await guest.start_command("wrong", command)
    ended = await until_ended(guest)
    assert ended.exit_status in (126, 127)
    assert command[0] in ended.error


async def test_an_endless_line_of_a_command_is_shown_in_part(guest: Guest) -> None:
    await guest.start_command("noisy", ["sh", "-c", "yes 'a\x1b[31m' | head -c 300000 | tr -d '\\n'; exec sleep 1000"])
    await until_running(guest)
    status = await until_status(guest, lambda each: bool(each.output))
    assert all(len(line) < 1100 and line.isprintable() for line in status.output)


async def test_only_the_newest_output_of_a_command_is_kept(
    guest: Guest, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, after = START.split(f"while sleep {TRIM_EVERY_S};")
    monkeypatch.setattr("tui.guest.backend.guest.START", f"{before}while sleep 0.2;{after}")
    script = "head -c 3000000 /dev/zero | tr '\\0' '\\n'; echo done=1; exec sleep 1000"
    await guest.start_command("chatty", ["sh", "-c", script])
    await until_status(guest, lambda status: status.values == {"done": "1"})
    log = cache / "log"
    await until(lambda: log.stat().st_size < 10000)
    status = await guest.status()
    assert (status.running, status.values) == (True, {"done": "1"})
    await guest.signal("TERM")
    await until_ended(guest)


async def test_a_workload_of_any_name_is_found_again(guest: Guest) -> None:
    await guest.start_command(ODD, ["sleep", "1000"])
    await until_running(guest)
    found = await guest_at(LocalShell()).status()
    assert (found.current, found.is_custom, found.starting, found.parameters) == (
        ODD,
        True,
        False,
        {"command": "sleep 1000"},
    )
