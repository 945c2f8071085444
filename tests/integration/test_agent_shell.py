"""Commands through a guest agent, which really run; only the way to it is in memory."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fake_agent import FakeAgent, bare_environment
from tests.fake_hosts import FakeHosts, guest1
from tui.core.failure import Failure
from tui.core.protocols import AgentRefused, AgentUnavailable
from tui.guest.backend import agent_shell
from tui.guest.backend.agent_shell import AgentShell
from tui.guest.model import agent as messages

LIMIT_S = 60.0


def world_with(agent: FakeAgent, host: str = "source") -> FakeHosts:
    """A VM that runs on one host and has this agent, wherever it goes."""
    world = FakeHosts()
    world.source.agents["guest1"] = world.destination.agents["guest1"] = agent
    move(world, host)
    return world


def move(world: FakeHosts, host: str) -> None:
    world.source.known = {"guest1": guest1("running")} if host == "source" else {}
    world.destination.known = {"guest1": guest1("running")} if host == "destination" else {}


def shell_of(world: FakeHosts) -> AgentShell:
    return AgentShell(world.connections, "guest1")


async def comes(condition: Callable[[], bool]) -> None:
    """Waits until it is so."""

    async def look() -> None:
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)

    await asyncio.wait_for(look(), LIMIT_S)


async def test_words_arrive_as_they_are_and_both_streams_come_back() -> None:
    shell = shell_of(world_with(FakeAgent()))
    words = ["a b", "q\"'", ";$(x)", "ü", "-d", "", "two\nlines"]
    heard: list[str] = []
    done = await shell.run(
        ["sh", "-c", 'printf "%s|" "$@"; echo wrong >&2; exit 7', "sh", *words], on_output=heard.append
    )
    assert (done.status, done.stdout, done.stderr) == (7, "".join(f"{word}|" for word in words), "wrong\n")
    assert heard == [done.stdout + done.stderr]


async def test_a_service_without_home_and_path_is_as_good_as_a_login() -> None:
    shell = shell_of(world_with(FakeAgent(bare_environment())))
    done = await shell.run(["sh", "-c", 'echo "$HOME|$PWD|$PATH"'])
    home, folder, path = done.stdout.strip().split("|")
    assert home == folder
    assert home.startswith("/")
    assert "/usr/local/bin" in path.split(":")


async def test_a_program_that_is_not_there_answers_as_over_ssh() -> None:
    done = await shell_of(world_with(FakeAgent())).run(["no such program; true"])
    assert done.status == 127
    assert "not found" in done.stderr


async def test_what_a_signal_ends_answers_as_in_a_shell() -> None:
    assert (await shell_of(world_with(FakeAgent())).run(["sh", "-c", "kill -9 $$"])).status == 137


@pytest.mark.parametrize("size", [0, 1, messages.INLINE_BYTES, messages.INLINE_BYTES + 1, 1_000_000])
async def test_stdin_of_any_size_arrives_whole_in_messages_that_libvirt_takes(size: int) -> None:
    agent = FakeAgent()
    data = bytes(range(251)) * (size // 251 + 1)
    script = "wc -c; [ ! -f /proc/$$/fd/0 ] || readlink /proc/$$/fd/0"
    done = await shell_of(world_with(agent)).run(["sh", "-c", script], stdin=data[:size], timeout=LIMIT_S)
    assert done.stdout.split()[0] == str(size)
    assert agent.largest < 1 << 20
    assert ("guest-file-open" in agent.heard) == (size > messages.INLINE_BYTES)
    copy = await shell_of(world_with(agent)).run(["cat"], stdin=b"\0\xff" + data[:size], timeout=LIMIT_S)
    assert copy.stdout == (b"\0\xff" + data[:size]).decode(errors="replace")


async def test_the_file_for_a_large_stdin_is_gone_afterwards() -> None:
    shell = shell_of(world_with(FakeAgent()))
    data = bytes(messages.INLINE_BYTES + 1)
    done = await shell.run(["sh", "-c", "readlink /proc/self/fd/0 || readlink /dev/stdin"], stdin=data, timeout=LIMIT_S)
    path = done.stdout.strip()
    assert path.endswith("/stdin")
    assert (await shell.run(["test", "-e", path])).status == 1


@pytest.mark.parametrize("command", ["guest-file-open", "guest-file-write", "guest-file-close", "guest-exec"])
async def test_an_upload_that_fails_leaves_nothing_in_the_guest(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The agent refuses one message after the folder was made."""
    agent = FakeAgent()
    folder = Path(messages.new_folder())
    monkeypatch.setattr(messages, "new_folder", lambda: str(folder))
    refused: list[str] = []

    def ask(told: str) -> str:
        if not refused and folder.exists() and json.loads(told)["execute"] == command:
            refused.append(command)
            raise AgentRefused("The command to the guest agent failed", "there is no room")
        return agent(told)

    world = world_with(agent)
    world.source.agents["guest1"] = ask
    with pytest.raises(AgentRefused, match="there is no room"):
        await shell_of(world).run(["true"], stdin=bytes(messages.INLINE_BYTES + 1), timeout=LIMIT_S)
    assert refused
    await comes(lambda: not folder.exists())


async def test_an_upload_that_is_cancelled_leaves_nothing_in_the_guest(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path(messages.new_folder())
    monkeypatch.setattr(messages, "new_folder", lambda: str(folder))
    data = bytes(1000 * messages.INLINE_BYTES)
    uploading = asyncio.ensure_future(shell_of(world_with(FakeAgent())).run(["true"], stdin=data, timeout=LIMIT_S))
    await comes((folder / "stdin").exists)
    uploading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await uploading
    await comes(lambda: not folder.exists())


async def test_it_is_asked_where_the_vm_runs_and_found_again_where_it_went() -> None:
    world = world_with(FakeAgent())
    shell = shell_of(world)
    await shell.run(["true"])
    assert "agent_command guest1" in world.source.calls
    move(world, "destination")
    assert (await shell.run(["echo", "there"])).stdout == "there\n"
    assert "agent_command guest1" in world.destination.calls


async def test_a_command_that_was_begun_is_followed_to_the_other_host(tmp_path: object) -> None:
    agent = FakeAgent()
    world = world_with(agent)
    gate = f"{tmp_path}/gate"
    running = asyncio.ensure_future(
        shell_of(world).run(["sh", "-c", f"until [ -e '{gate}' ]; do sleep 0.05; done; echo through"], timeout=LIMIT_S)
    )
    await comes(lambda: "guest-exec-status" in agent.heard)
    move(world, "nowhere")  # between two hosts neither has it running
    before = len(world.source.calls)
    await comes(lambda: len(world.source.calls) >= before + 3)
    move(world, "destination")
    await AgentShell(world.connections, "guest1").run(["touch", gate])
    done = await running
    assert (done.status, done.stdout) == (0, "through\n")
    assert agent.heard.count("guest-exec") == 2  # nothing was begun twice


async def test_a_command_is_given_up_after_its_time() -> None:
    with pytest.raises(Failure, match="did not finish a command within 0 s") as caught:
        await shell_of(world_with(FakeAgent())).run(["sleep", "3"], timeout=0.3)
    assert caught.value.detail == ""  # a script of ours tells nobody anything


def switched_off(world: FakeHosts, _agent: FakeAgent) -> None:
    world.source.known["guest1"] = guest1("shut off")


def absent(world: FakeHosts, _agent: FakeAgent) -> None:
    world.source.agents.clear()


def forbidden(_world: FakeHosts, agent: FakeAgent) -> None:
    agent.forbidden = {"guest-exec"}


def babbling(world: FakeHosts, _agent: FakeAgent) -> None:
    world.source.agents["guest1"] = lambda _command: "[]"


@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        (switched_off, AgentUnavailable, "shut off on source"),
        (absent, AgentUnavailable, "no guest agent is connected to its channel"),
        (forbidden, AgentRefused, "may not run commands"),
        (babbling, Failure, "answered something that is no answer"),
    ],
)
async def test_an_agent_that_can_not_be_asked_is_a_sentence(
    fault: Callable[[FakeHosts, FakeAgent], None], kind: type[Failure], words: str
) -> None:
    agent = FakeAgent()
    world = world_with(agent)
    fault(world, agent)
    with pytest.raises(kind, match=words):
        await shell_of(world).run(["true"])


async def test_an_agent_that_stays_away_while_a_command_runs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agent_shell, "MOVING_LIMIT_S", 0.0)
    agent = FakeAgent()
    world = world_with(agent)
    running = asyncio.ensure_future(shell_of(world).run(["sleep", "1"]))
    await comes(lambda: "guest-exec-status" in agent.heard)
    world.source.agents.clear()
    with pytest.raises(AgentUnavailable):
        await running


@pytest.mark.parametrize("answer", ["", "{}", '{"return": 7}', '{"return": {"pid": "x"}}', '{"return": {"pid": true}}'])
def test_nonsense_is_no_answer(answer: str) -> None:
    with pytest.raises(Failure, match="no answer"):
        messages.pid(answer)
