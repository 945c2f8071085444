"""Which ssh agent the runner uses: that of its newest client, while it replies."""

import os
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tui.core import ssh_agent
from tui.core.ssh_agent import SshAgents


class Agent:
    """A socket that replies as an agent without keys, or hangs, or closes each connection."""

    def __init__(self, path: Path, does: str) -> None:
        self.path = str(path)
        self._does = does
        self._kept: list[socket.socket] = []
        self.asked = threading.Event()
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(self.path)
        self._listening.listen(8)
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                client = self._listening.accept()[0]
            except OSError:
                return  # ended
            if self._does == "reply":
                client.recv(5)
                client.sendall(b"\0\0\0\5\x0c\0\0\0\0")
            if self._does == "hang":
                self._kept.append(client)
                self.asked.set()
            else:
                client.close()

    def hang_up(self) -> None:
        for each in self._kept:
            each.close()

    def end(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        Path(self.path).unlink(missing_ok=True)


Make = Callable[[str], Agent]


@pytest.fixture
def agent() -> Iterator[Make]:
    made: list[Agent] = []
    with tempfile.TemporaryDirectory(prefix="vmlm-") as folder:  # short, for the socket

        def make(does: str) -> Agent:
            made.append(Agent(Path(folder, str(len(made))), does))
            return made[-1]

        yield make
        for each in made:
            if Path(each.path).exists():
                each.end()


@pytest.fixture(autouse=True)
def started_with(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSH_AUTH_SOCK", "/that/of/the/first/client")


def used(agents: SshAgents) -> str:
    agents.use_newest()
    return os.environ["SSH_AUTH_SOCK"]


def test_without_a_client_the_environment_stays() -> None:
    assert used(SshAgents()) == "/that/of/the/first/client"


def test_the_agent_of_the_newest_client_is_used_and_after_its_logout_an_older_one(agent: Make) -> None:
    agents, first, second = SshAgents(), agent("reply"), agent("reply")
    agents.offer(first.path)
    agents.offer(second.path)
    assert used(agents) == second.path
    second.end()
    assert used(agents) == first.path
    first.end()
    assert used(agents) == ""


@pytest.mark.parametrize("does", ["hang", "close"])
def test_an_agent_that_does_not_reply_is_not_used(agent: Make, monkeypatch: pytest.MonkeyPatch, does: str) -> None:
    monkeypatch.setattr(ssh_agent, "REPLY_LIMIT_S", 0.05)
    agents, replying, other = SshAgents(), agent("reply"), agent(does)
    agents.offer(replying.path)
    agents.offer(other.path)
    assert used(agents) == replying.path
    replying.end()
    assert used(agents) == ""


def test_a_client_offers_its_agent_while_another_one_is_asked(agent: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ssh_agent, "REPLY_LIMIT_S", 30.0)
    agents, silent, replying = SshAgents(), agent("hang"), agent("reply")
    agents.offer(silent.path)
    asking = threading.Thread(target=agents.use_newest)
    asking.start()
    silent.asked.wait()
    agents.offer(replying.path)
    assert asking.is_alive()  # the offer did not wait for the reply
    silent.hang_up()
    asking.join()
    assert used(agents) == replying.path


def test_a_socket_made_again_by_another_process_is_not_used_until_a_client_offers_it(agent: Make) -> None:
    agents, first = SshAgents(), agent("reply")
    agents.offer(first.path)
    first.end()
    assert used(agents) == ""
    again = Agent(Path(first.path), "reply")
    assert used(agents) == ""
    agents.offer(again.path)
    assert used(agents) == again.path
    again.end()


@pytest.mark.parametrize("path", ["", "relative", "/with\0zero"])
def test_what_is_no_path_is_ignored(path: str) -> None:
    agents = SshAgents()
    agents.offer(path)
    assert used(agents) == "/that/of/the/first/client"


def test_a_client_that_comes_again_and_again_is_kept_once(agent: Make) -> None:
    agents, first = SshAgents(), agent("reply")
    agents.offer(first.path)
    for n in range(3 * ssh_agent.MOST):
        agents.offer(f"/nonexistent/{n % 5}")
    assert used(agents) == first.path
