"""Runs real commands through a fake guest agent; only libvirt's forwarding is simulated."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fake_agent import FakeAgent, bare_environment
from tests.fake_hosts import FakeHosts, guest1
from tui.core.failure import Failure
from tui.core.protocols import AgentRefused, AgentUnavailable, VmBusy
from tui.guest.backend import agent_shell
from tui.guest.backend.agent_shell import AgentShell
from tui.guest.model import agent as messages

LIMIT_S = 60.0


def world_with(agent: FakeAgent, host: str = "source") -> FakeHosts:
    """A VM that runs on one host and keeps this agent on the other."""
    world = FakeHosts()
    world.source.agents["guest1"] = world.destination.agents["guest1"] = agent
    move(world, host)
    return world


def move(world: FakeHosts, host: str) -> None:
    world.source.known = {"guest1": guest1("running")} if host == "source" else {}
    world.destination.known = {"guest1": guest1("running")} if host == "destination" else {}


def shell_of(world: FakeHosts) -> AgentShell:
    return AgentShell(world.connections, "guest1")


async def until(condition: Callable[[], bool]) -> None:
    """Polls until the condition is true."""

    async def poll() -> None:
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)

    await asyncio.wait_for(poll(), LIMIT_S)


async def test_arguments_arrive_unchanged_and_both_streams_are_returned() -> None:
    shell = shell_of(world_with(FakeAgent()))
    words = ["a b", "q\"'", ";$(x)", "ü", "-d", "", "two\nlines"]
    output: list[str] = []
    done = await shell.run(
        ["sh", "-c", 'printf "%s|" "$@"; echo wrong >&2; exit 7', "sh", *words], on_output=output.append
    )
    assert (done.status, done.stdout, done.stderr) == (7, "".join(f"{word}|" for word in words), "wrong\n")
    assert output == [done.stdout + done.stderr]


async def test_a_service_without_home_and_path_gets_those_of_a_login() -> None:
    shell = shell_of(world_with(FakeAgent(bare_environment())))
    done = await shell.run(["sh", "-c", 'echo "$HOME|$PWD|$PATH"'])
    home, folder, path = done.stdout.strip().split("|")
    assert home == folder
    assert home.startswith("/")
    assert "/usr/local/bin" in path.split(":")


async def test_a_missing_program_fails_as_over_ssh() -> None:
    done = await shell_of(world_with(FakeAgent())).run(["no such program; true"])
    assert done.status == 127
    assert "not found" in done.stderr


async def test_a_command_ended_by_a_signal_has_the_status_of_a_shell() -> None:
    assert (await shell_of(world_with(FakeAgent())).run(["sh", "-c", "kill -9 $$"])).status == 137


@pytest.mark.parametrize("size", [0, 1, messages.INLINE_BYTES, messages.INLINE_BYTES + 1, 1_000_000])
async def test_stdin_of_any_size_arrives_complete_in_messages_that_libvirt_accepts(size: int) -> None:
    agent = FakeAgent()
    data = bytes(range(251)) * (size // 251 + 1)
    script = "wc -c; [ ! -f /proc/$$/fd/0 ] || readlink /proc/$$/fd/0"
    done = await shell_of(world_with(agent)).run(["sh", "-c", script], stdin=data[:size], timeout=LIMIT_S)
    assert done.stdout.split()[0] == str(size)
    assert agent.largest < 1 << 20
    assert ("guest-file-open" in agent.heard) == (size > messages.INLINE_BYTES)
    copy = await shell_of(world_with(agent)).run(["cat"], stdin=b"\0\xff" + data[:size], timeout=LIMIT_S)
    assert copy.stdout == (b"\0\xff" + data[:size]).decode(errors="replace")


async def test_the_file_for_a_large_stdin_is_removed_afterwards() -> None:
    shell = shell_of(world_with(FakeAgent()))
    data = bytes(messages.INLINE_BYTES + 1)
    done = await shell.run(["sh", "-c", "readlink /proc/self/fd/0 || readlink /dev/stdin"], stdin=data, timeout=LIMIT_S)
    path = done.stdout.strip()
    assert path.endswith("/stdin")
    assert (await shell.run(["test", "-e", path])).status == 1


@pytest.mark.parametrize("command", ["guest-file-open", "guest-file-write", "guest-file-close", "guest-exec"])
async def test_an_upload_that_fails_leaves_nothing_in_the_guest(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The agent rejects one message after the folder was created."""
    agent = FakeAgent()
    folder = Path(messages.new_folder())
    monkeypatch.setattr(messages, "new_folder", lambda: str(folder))
    refused: list[str] = []

    def reject_once(message: str) -> str:
        if not refused and folder.exists() and json.loads(message)["execute"] == command:
            refused.append(command)
            raise AgentRefused("The command to the guest agent failed", "there is no room")
        return agent(message)

    world = world_with(agent)
    world.source.agents["guest1"] = reject_once
    with pytest.raises(AgentRefused, match="there is no room"):
        await shell_of(world).run(["true"], stdin=bytes(messages.INLINE_BYTES + 1), timeout=LIMIT_S)
    assert refused
    await until(lambda: not folder.exists())


async def test_an_upload_that_is_cancelled_leaves_nothing_in_the_guest(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path(messages.new_folder())
    monkeypatch.setattr(messages, "new_folder", lambda: str(folder))
    data = bytes(1000 * messages.INLINE_BYTES)
    uploading = asyncio.ensure_future(shell_of(world_with(FakeAgent())).run(["true"], stdin=data, timeout=LIMIT_S))
    await until((folder / "stdin").exists)
    uploading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await uploading
    await until(lambda: not folder.exists())


async def test_the_agent_is_reached_on_the_host_where_the_vm_now_runs() -> None:
    world = world_with(FakeAgent())
    shell = shell_of(world)
    await shell.run(["true"])
    assert "agent_command guest1" in world.source.calls
    move(world, "destination")
    assert (await shell.run(["echo", "there"])).stdout == "there\n"
    assert "agent_command guest1" in world.destination.calls


async def test_a_started_command_is_followed_to_the_other_host(tmp_path: object) -> None:
    agent = FakeAgent()
    world = world_with(agent)
    gate = f"{tmp_path}/gate"
    running = asyncio.ensure_future(
        shell_of(world).run(["sh", "-c", f"until [ -e '{gate}' ]; do sleep 0.05; done; echo through"], timeout=LIMIT_S)
    )
    await until(lambda: "guest-exec-status" in agent.heard)
    move(world, "nowhere")  # during the switchover it runs on neither host
    before = len(world.source.calls)
    await until(lambda: len(world.source.calls) >= before + 3)
    move(world, "destination")
    await AgentShell(world.connections, "guest1").run(["touch", gate])
    done = await running
    assert (done.status, done.stdout) == (0, "through\n")
    assert agent.heard.count("guest-exec") == 2  # nothing was started twice


async def test_a_command_fails_after_its_timeout() -> None:
    with pytest.raises(Failure, match="did not finish a command within 0 s") as caught:
        await shell_of(world_with(FakeAgent())).run(["sleep", "3"], timeout=0.3)
    assert caught.value.detail == ""  # the app's script is of no use to the reader


def switched_off(world: FakeHosts, _agent: FakeAgent) -> None:
    world.source.known["guest1"] = guest1("shut off")


def absent(world: FakeHosts, _agent: FakeAgent) -> None:
    world.source.agents.clear()


def forbidden(_world: FakeHosts, agent: FakeAgent) -> None:
    agent.forbidden = {"guest-exec"}


def malformed(world: FakeHosts, _agent: FakeAgent) -> None:
    world.source.agents["guest1"] = lambda _command: "[]"


@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        (switched_off, AgentUnavailable, "shut off on source"),
        (absent, AgentUnavailable, "no guest agent is connected to its channel"),
        (forbidden, AgentRefused, "may not run commands"),
        (malformed, Failure, "sent an invalid reply"),
    ],
)
async def test_an_unusable_agent_is_reported(
    fault: Callable[[FakeHosts, FakeAgent], None], kind: type[Failure], words: str
) -> None:
    agent = FakeAgent()
    world = world_with(agent)
    fault(world, agent)
    with pytest.raises(kind, match=words):
        await shell_of(world).run(["true"])


async def test_a_command_fails_if_the_agent_stays_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agent_shell, "MOVING_LIMIT_S", 0.0)
    agent = FakeAgent()
    world = world_with(agent)
    running = asyncio.ensure_future(shell_of(world).run(["sleep", "1"]))
    await until(lambda: "guest-exec-status" in agent.heard)
    world.source.agents.clear()
    with pytest.raises(AgentUnavailable):
        await running


BUSY = VmBusy("The command to the guest agent of guest1 failed", "another operation on the VM has not ended")


def often_busy(agent: FakeAgent, command: str, times: int) -> Callable[[str], str]:
    """The agent of a VM that another operation holds when the command comes, for the first `times` times."""
    left = [BUSY] * times

    def answer(message: str) -> str:
        if json.loads(message)["execute"] == command and left:
            raise left.pop()
        return agent(message)

    return answer


@pytest.mark.parametrize(("command", "times"), [("guest-exec", 1), ("guest-exec-status", 5)])
async def test_a_command_waits_while_another_operation_holds_the_vm(
    command: str, times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agent_shell, "MOVING_LIMIT_S", 0.0)
    agent = FakeAgent()
    world = world_with(agent)
    world.source.agents["guest1"] = often_busy(agent, command, times)
    assert (await shell_of(world).run(["echo", "done"])).stdout == "done\n"
    assert agent.heard.count("guest-exec") == 1


async def test_a_vm_that_stays_busy_is_reported() -> None:
    agent = FakeAgent()
    world = world_with(agent)
    world.source.agents["guest1"] = often_busy(agent, "guest-exec", 2)
    with pytest.raises(VmBusy, match="another operation on the VM has not ended"):
        await shell_of(world).run(["true"])


@pytest.mark.parametrize("reply", ["", "{}", '{"return": 7}', '{"return": {"pid": "x"}}', '{"return": {"pid": true}}'])
def test_a_malformed_reply_is_rejected(reply: str) -> None:
    with pytest.raises(Failure, match="invalid reply"):
        messages.pid(reply)
