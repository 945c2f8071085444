"""The first login to a host, from the Hosts page: the fingerprint is compared, the password given once."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.fake_hosts import FakeHosts
from tests.ui.one_page import OnePage, text_of, until
from tui.core.failure import Failure, LoginRefused, UntrustedHost
from tui.core.ssh_key import HostKey
from tui.hosts.backend.hosts import Hosts
from tui.hosts.screens.page import HostsPage

KEY = HostKey("ssh-ed25519", "AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl")
UNKNOWN = UntrustedHost("root@destination is not known", "its host key was never seen")
DENIED = LoginRefused("root@destination does not let the app in", "permission denied")


@dataclass
class Stranger:
    """The way into the destination; what was asked of it stands in `calls`."""

    world: FakeHosts
    calls: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.shell = self.world.shells["root@destination"]
        self.answers = self.shell.answers
        self.shell.answers = {"": UNKNOWN}

    async def host_key(self) -> HostKey:
        return KEY

    async def trust(self, fingerprint: str) -> None:
        self.calls.append(("trust", fingerprint))
        self.shell.answers = {"": DENIED}

    async def authorize(self, password: str) -> None:
        self.calls.append(("authorize", password))
        if password != "right":
            raise Failure("root@destination did not accept the password", "it is wrong")
        self.shell.answers = self.answers


@pytest.fixture
def stranger() -> Stranger:
    return Stranger(FakeHosts())


def app_of(stranger: Stranger) -> OnePage:
    world = stranger.world
    return OnePage(HostsPage(Hosts(world.connections, world.changes, lambda _: stranger)))


def words(app: OnePage) -> str:
    text = text_of(app)
    for frame in "│╭╮╰╯─":
        text = text.replace(frame, " ")
    return " ".join(text.split())


async def sees(app: OnePage, pilot: Any, *sentences: str) -> None:
    await until(pilot, lambda: all(sentence in words(app) for sentence in sentences))


async def test_a_host_is_logged_in_to_for_the_first_time(stranger: Stranger) -> None:
    app = app_of(stranger)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await sees(app, pilot, "destination partly reachable", "l does it for the first time.")
        await pilot.press("l")
        await sees(app, pilot, "The first login to destination", KEY.fingerprint, "Compare it")
        assert stranger.calls == []
        await pilot.press("enter")
        await sees(app, pilot, "The password of root@destination, for this once")
        assert stranger.calls == [("trust", KEY.fingerprint)]
        await pilot.press(*"wrong", "enter")
        await sees(app, pilot, "root@destination did not accept the password: it is wrong.")
        await pilot.press(*"right", "enter")
        await sees(app, pilot, "destination ok")
        assert stranger.calls[1:] == [("authorize", "wrong"), ("authorize", "right")]


async def test_a_key_that_nobody_trusts_changes_nothing(stranger: Stranger) -> None:
    app = app_of(stranger)
    async with app.run_test(size=(80, 24)) as pilot:
        await sees(app, pilot, "destination partly reachable", "l does it for the first time.")
        await pilot.press("l")
        await sees(app, pilot, KEY.fingerprint)
        await pilot.press("escape")
        await sees(app, pilot, "destination partly reachable")
        assert stranger.calls == []


async def test_the_line_of_the_login_says_which_key_to_press(stranger: Stranger) -> None:
    app = app_of(stranger)
    async with app.run_test(size=(80, 40), notifications=True) as pilot:
        page: Any = app.page
        await sees(app, pilot, "FAILED")
        while page._rows.chosen.id != "destination.login":
            await pilot.press("down")
        await sees(app, pilot, "not possible: l logs in: the first login takes a person")


async def test_where_all_hosts_are_open_there_is_nothing_to_log_in_to() -> None:
    world = FakeHosts()
    app = OnePage(HostsPage(Hosts(world.connections, world.changes)))
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await until(pilot, lambda: "destination  ok" in text_of(app))
        await pilot.press("l")
        await until(pilot, lambda: "No host asks for a first login." in [each.message for each in app._notifications])
