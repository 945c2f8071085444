"""Programs in a guest, with real shells and a real compiler; the guest is this machine, in a folder of the test."""

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
from tui.guest.backend.guest import INSTALL, PUT, Guest
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
    """A guest that has a few tools and no compiler."""

    def __init__(self, path: Path) -> None:
        self.path = path

    async def run(self, argv: Sequence[str], *, stdin: str | bytes = "", timeout: float = 30.0) -> Completed:
        return await super().run(["env", f"PATH={self.path}", *argv], stdin=stdin, timeout=timeout)


def files_in(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


def silent(_text: str) -> None:
    """For calls whose progress nobody reads."""


def source_of(program: str) -> bytes:
    return (sources() / f"{program}.c").read_bytes()


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "a cache; with 'signs'"
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    return folder / "vmlm"


def by_agent() -> AgentShell:
    """Through a guest agent whose guest is this machine."""
    world = FakeHosts()
    world.source.known["guest1"] = guest1("running")
    world.source.agents["guest1"] = FakeAgent()
    return AgentShell(world.connections, "guest1")


@pytest.fixture(params=[LocalShell, by_agent], ids=["shell", "agent"])
async def guest(request: pytest.FixtureRequest) -> AsyncIterator[Guest]:
    made = guest_at(request.param())
    yield made
    await made.signal("KILL")


def guest_at(shell: Shell, place: str = "") -> Guest:
    return Guest(shell, LocalShell(), "guest1", place)


def no_compiler(folder: Path) -> Path:
    """A folder of programs without a compiler among them."""
    folder.mkdir()
    for tool in TOOLS:
        found = shutil.which(tool)
        assert found
        (folder / tool).symlink_to(found)
    return folder


async def seen(guest: Guest, wanted: Callable[[WorkloadStatus], bool]) -> WorkloadStatus:
    """The first status that is as wanted."""

    async def look() -> WorkloadStatus:
        while not wanted(status := await guest.status()):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        return status

    return await asyncio.wait_for(look(), LIMIT_S)


async def until(guest: Guest, running: bool) -> WorkloadStatus:
    """The first status that has values and is running, or is not."""
    return await seen(guest, lambda status: status.running == running and not status.starting)


async def comes(condition: Callable[[], bool]) -> None:
    """Waits until it is so."""

    async def look() -> None:
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.02)

    await asyncio.wait_for(look(), LIMIT_S)


async def test_a_guest_in_which_nothing_ever_ran_is_idle(guest: Guest) -> None:
    assert await guest.status() == WorkloadStatus()
    await guest.signal("TERM")  # nothing to stop is no error


@pytest.mark.parametrize("spec", [WorkloadSpec(CPU, 1), WorkloadSpec(MEMORY, 1, 8, 16)])
async def test_a_workload_runs_and_is_stopped(guest: Guest, spec: WorkloadSpec) -> None:
    await guest.install(spec.program, source_of(spec.program), silent)
    await guest.start(spec)
    status = await until(guest, running=True)
    assert (status.name, status.values["threads"]) == (spec.name, "1")
    await guest.signal("TERM")
    ended = await until(guest, running=False)
    assert (ended.exit_status, ended.error, ended.values["state"]) == (0, "", "done")


async def test_a_workload_outlives_the_connection_and_is_found_again(server: Server, guest: Guest) -> None:
    spec = WorkloadSpec(CPU, 1)
    first, second = (SshShell(server.address, folder=server.folder) for _ in range(2))
    await guest_at(first).install(spec.program, source_of(spec.program), silent)
    await guest_at(first).start(spec)
    before = await until(guest_at(first), running=True)
    await first.close()
    server.cut()
    after = await until(guest_at(second), running=True)
    assert after.pid == before.pid != 0
    await second.close()


async def test_the_same_source_is_compiled_once(guest: Guest, cache: Path) -> None:
    await guest.install("trivial", TRIVIAL, silent)
    compiled = (cache / "trivial").stat().st_ino
    await guest.install("trivial", TRIVIAL, silent)
    assert (cache / "trivial").stat().st_ino == compiled
    await guest.install("trivial", TRIVIAL + b"\n", silent)
    assert (cache / "trivial").stat().st_ino != compiled


async def test_a_program_that_a_power_cut_left_empty_is_compiled_anew(guest: Guest, cache: Path) -> None:
    await guest.install("trivial", TRIVIAL, silent)
    (cache / "trivial").write_bytes(b"")
    await guest.install("trivial", TRIVIAL, silent)
    assert (cache / "trivial").stat().st_size


async def test_the_same_program_can_be_made_several_times_at_once(guest: Guest, cache: Path) -> None:
    """As after an app was killed: what it has begun goes on beside what the next one begins."""
    (cache / "making.0" / "left").mkdir(parents=True)  # by one that has ended; nobody has this number
    await asyncio.gather(*(guest.install("one", TRIVIAL, silent) for _ in range(4)))
    assert files_in(cache) == ["one", "one.c"]


@pytest.mark.parametrize("script", [INSTALL, PUT], ids=["source", "program"])
def test_an_upload_that_a_signal_ends_leaves_nothing(script: str, cache: Path) -> None:
    """As where the guest agent is restarted: systemd ends all that it has started."""
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


class CutShell(BareShell):
    """A guest whose connection breaks while a program is sent."""

    async def run(self, argv: Sequence[str], *, stdin: str | bytes = "", timeout: float = 30.0) -> Completed:
        return await super().run(argv, stdin=stdin[:1000], timeout=timeout)


async def test_a_program_that_arrived_in_part_is_never_kept(tmp_path: Path, cache: Path) -> None:
    with pytest.raises(Failure, match="only a part of trivial arrived"):
        await guest_at(CutShell(no_compiler(tmp_path / "bin"))).install("trivial", TRIVIAL, silent)
    assert files_in(cache) == []


async def test_a_compiler_error_is_told_in_the_compilers_words(guest: Guest, cache: Path) -> None:
    with pytest.raises(Failure, match="error:") as caught:
        await guest.install("broken", b"int main(void) { return nothing; }\n", silent)
    assert "nothing" in caught.value.detail
    assert not (cache / "broken").exists()


async def test_a_guest_without_a_compiler_gets_a_static_program(guest: Guest, tmp_path: Path, cache: Path) -> None:
    bare, said = guest_at(BareShell(no_compiler(tmp_path / "bin"))), list[str]()
    spec = WorkloadSpec(CPU, 1)
    await bare.install(spec.program, source_of(spec.program), said.append)
    assert "the guest has no compiler: building cpu_util on this host" in said
    assert b"ld-linux" not in (cache / "cpu_util").read_bytes()[:4096]  # needs no libraries of the guest
    await bare.start(spec)
    await until(bare, running=True)
    await bare.signal("TERM")
    assert (await until(bare, running=False)).exit_status == 0
    said.clear()
    await bare.install(spec.program, source_of(spec.program), said.append)
    assert said == ["compiling cpu_util in the guest"]  # and found to be there


# What a host has for "cc", and what is said then; ld's words are gcc's 12.2 with no static library of that name.
NO_STATIC_LIBRARY = """#!/bin/sh
echo "/usr/bin/ld: cannot find -lm: No such file or directory" >&2
echo "collect2: error: ld returned 1 exit status" >&2
exit 1
"""
UNBUILT = [("", "cc: not found"), (NO_STATIC_LIBRARY, "/usr/bin/ld: cannot find -lm: No such file or directory")]


@pytest.mark.parametrize(("compiler", "why"), UNBUILT, ids=["no compiler", "no static library"])
async def test_where_neither_guest_nor_host_can_build_it_it_is_said_what_to_install_where(
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


async def test_a_workload_that_is_killed_is_an_error(guest: Guest) -> None:
    spec = WorkloadSpec(CPU, 1)
    await guest.install(spec.program, source_of(spec.program), silent)
    await guest.start(spec)
    await until(guest, running=True)
    await guest.signal("KILL")
    ended = await until(guest, running=False)
    assert ended.exit_status == 128 + 9
    assert "status 137" in ended.error


async def test_a_workload_that_refuses_its_options_says_why(guest: Guest) -> None:
    spec = WorkloadSpec(MEMORY, 1, 1 << 20)
    await guest.install(spec.program, source_of(spec.program), silent)
    await guest.start(spec)
    ended = await until(guest, running=False)
    assert ended.exit_status == 2
    assert "try fewer --threads or a smaller --size" in ended.error


async def test_a_workload_of_before_a_restart_does_not_run(guest: Guest, cache: Path) -> None:
    """The process number may be anybody's by then; here it is this test's own, and is not signalled."""
    spec = WorkloadSpec(CPU, 1)
    await guest.install(spec.program, source_of(spec.program), silent)
    await guest.start(spec)
    await until(guest, running=True)
    await guest.signal("KILL")
    await until(guest, running=False)
    (cache / "ended").unlink()
    (cache / "pid").write_text(f"{os.getpid()} 1\n")
    status = await guest.status()
    assert (status.running, status.vanished) == (False, True)
    await guest.signal("KILL")


async def test_a_full_or_read_only_folder_is_a_sentence(guest: Guest, cache: Path) -> None:
    cache.parent.write_text("a file where the folder should be")
    with pytest.raises(Failure, match=r"could not be made ready in guest1"):
        await guest.install("trivial", TRIVIAL, silent)


async def test_two_programs_have_a_place_each_and_know_nothing_of_each_other(guest: Guest, cache: Path) -> None:
    other = guest_at(LocalShell(), "/other one")
    spec = WorkloadSpec(CPU, 1)
    for each in (guest, other):
        await each.install(spec.program, source_of(spec.program), silent)
        await each.start(spec)
    first, second = await until(guest, running=True), await until(other, running=True)
    assert first.pid != second.pid
    assert (cache / "pid").read_text().split()[0] == str(first.pid)  # where every version has looked for the workload
    assert (cache / "other one" / "pid").read_text().split()[0] == str(second.pid)
    await other.signal("TERM")
    assert (await until(other, running=False)).exit_status == 0
    assert (await guest.status()).pid == first.pid


ODD = "-odd name; 'ü $(x)"


async def test_a_command_of_the_users_own_runs_with_its_words_as_they_are(guest: Guest, tmp_path: Path) -> None:
    script = f'printf "%s|" "$@" > "{tmp_path}/words"; echo "ops=1 rate=2.5"; exec sleep 1000'
    words = ["a b", "-d", "$(x)", "'\";", "ü", "two\nlines\nrunning 7", ""]
    await guest.start_command(ODD, ["sh", "-c", script, "sh", *words])
    status = await until(guest, running=True)
    status = await seen(guest, lambda each: bool(each.values))
    assert (status.name, dict(status.values)) == (ODD, {"ops": "1", "rate": "2.5"})
    assert (tmp_path / "words").read_text() == "".join(f"{word}|" for word in words)
    await guest.signal("TERM")
    ended = await until(guest, running=False)
    assert (ended.exit_status, ended.error) == (143, "")


def alive(pid: int) -> bool:
    """Whether it runs: a zombie, whose parent never asks, does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


async def test_what_a_command_has_started_ends_with_it(guest: Guest, tmp_path: Path) -> None:
    """The group is ended, not the first of it alone: else it would go on loading the guest, and nobody would know."""
    child = tmp_path / "child"
    await guest.start_command("children", ["sh", "-c", f"sleep 1000 & echo $! > '{child}'; wait"])
    await until(guest, running=True)
    await comes(lambda: child.exists() and bool(child.read_text().strip()))
    await guest.signal("TERM")
    await until(guest, running=False)
    await comes(lambda: not alive(int(child.read_text())))


@pytest.mark.parametrize("command", [["no-such-program"], ["-x"], ["A=b"], ["./none"], ["no such; true"]])
async def test_a_command_that_can_not_be_run_is_told_in_the_guests_words(guest: Guest, command: list[str]) -> None:
    await guest.start_command("wrong", command)
    ended = await until(guest, running=False)
    assert ended.exit_status in (126, 127)
    assert command[0] in ended.error


async def test_a_command_that_prints_without_end_of_line_is_shown_in_part(guest: Guest) -> None:
    await guest.start_command("noisy", ["sh", "-c", "yes 'a\x1b[31m' | head -c 300000 | tr -d '\\n'; exec sleep 1000"])
    await until(guest, running=True)
    status = await seen(guest, lambda each: bool(each.output))
    assert all(len(line) < 1100 and line.isprintable() for line in status.output)


async def test_of_what_a_command_prints_without_end_only_the_newest_is_kept(guest: Guest, cache: Path) -> None:
    script = "head -c 3000000 /dev/zero | tr '\\0' '\\n'; echo done=1; exec sleep 1000"
    await guest.start_command("chatty", ["sh", "-c", script])
    await seen(guest, lambda status: status.values == {"done": "1"})
    log = cache / "log"
    await comes(lambda: log.stat().st_size < 10000)
    status = await guest.status()
    assert (status.running, status.values) == (True, {"done": "1"})
    await guest.signal("TERM")
    await until(guest, running=False)


async def test_a_workload_of_any_name_is_found_again(guest: Guest) -> None:
    await guest.start_command(ODD, ["sleep", "1000"])
    await until(guest, running=True)
    found = await guest_at(LocalShell()).status()
    assert (found.current, found.own, found.starting, found.parameters) == (ODD, True, False, {"command": "sleep 1000"})
