"""The first login to a host from the Hosts page: compare the fingerprint, enter the password once."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.fake_hosts import FakeHosts
from tests.ui.one_page import OnePage, at_once, text_of, type_in, until
from tui.core.failure import Failure, LoginRefused, UntrustedHost
from tui.core.ssh_key import HostKey
from tui.hosts.backend.hosts import Hosts
from tui.hosts.screens.page import HostsPage

KEY = HostKey("ssh-ed25519", "AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl")
UNKNOWN = UntrustedHost("root@destination is not known", "its host key was never seen")
DENIED = LoginRefused("root@destination does not let the app in", "permission denied")


@dataclass
class NewHost:
    """The login to a destination that has never been used; records its calls."""

    world: FakeHosts
    calls: list[tuple[str, str]] = field(default_factory=list)
    unreachable: bool = False

    def __post_init__(self) -> None:
        self.shell = self.world.shells["root@destination"]
        self.outputs = self.shell.answers
        self.shell.answers = {"": UNKNOWN}

    async def host_key(self) -> HostKey:
        if self.unreachable:
            raise Failure("root@destination can't be reached over ssh", "no reply within 10 s")
        return KEY

    async def trust(self, fingerprint: str) -> None:
        self.calls.append(("trust", fingerprint))
        self.shell.answers = {"": DENIED}

    async def authorize(self, password: str) -> None:
        self.calls.append(("authorize", password))
        if password != "right":
            raise Failure("root@destination did not accept the password", "it is wrong")
        self.shell.answers = self.outputs


@pytest.fixture
def new_host() -> NewHost:
    return NewHost(FakeHosts())


def app_of(new_host: NewHost) -> OnePage:
    world = new_host.world
    return OnePage(HostsPage(Hosts(world.connections, world.changes, lambda _: new_host)))


def text_on(app: OnePage) -> str:
    text = text_of(app)
    for frame in "│╭╮╰╯─":
        text = text.replace(frame, " ")
    return " ".join(text.split())


async def shows(app: OnePage, pilot: Any, *sentences: str) -> None:
    await until(pilot, lambda: all(sentence in text_on(app) for sentence in sentences))


async def test_the_first_login_trusts_the_key_and_takes_the_password(new_host: NewHost) -> None:
    app = app_of(new_host)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await shows(app, pilot, "destination partly reachable", "l starts the first login.")
        await pilot.press("l")
        await shows(app, pilot, "First login to destination", KEY.fingerprint, "Compare it")
        assert new_host.calls == []
        await pilot.press("enter")
        await shows(app, pilot, "The password of root@destination is needed once")
        assert new_host.calls == [("trust", KEY.fingerprint)]
        await type_in(pilot, *"wrong")
        await pilot.press("enter")
        await shows(app, pilot, "root@destination did not accept the password: it is wrong.")
        await type_in(pilot, *"right")
        await pilot.press("enter")
        await shows(app, pilot, "destination ok")
        assert new_host.calls[1:] == [("authorize", "wrong"), ("authorize", "right")]


async def test_a_key_that_the_user_does_not_trust_changes_nothing(new_host: NewHost) -> None:
    app = app_of(new_host)
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(app, pilot, "destination partly reachable", "l starts the first login.")
        await pilot.press("l")
        await shows(app, pilot, KEY.fingerprint)
        await pilot.press("escape")
        await shows(app, pilot, "destination partly reachable")
        assert new_host.calls == []


async def test_a_host_that_did_not_reply_is_tried_again_by_a_key(new_host: NewHost) -> None:
    app = app_of(new_host)
    new_host.unreachable = True
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(app, pilot, "destination partly reachable", "l starts the first login.")
        await pilot.press("l")
        await shows(app, pilot, "no reply within 10 s. r", "tries again.", "r try again")
        await pilot.press("enter")  # there is no key to trust
        new_host.unreachable = False
        await pilot.press("r")
        await shows(app, pilot, KEY.fingerprint, "Compare it", "enter trust it")
        assert "try again" not in text_on(app)
        assert new_host.calls == []


async def test_the_line_of_the_login_names_the_key_to_press(new_host: NewHost) -> None:
    app = app_of(new_host)
    async with app.run_test(size=(80, 40), notifications=True) as pilot:
        page: Any = app.page
        await shows(app, pilot, "FAILED")
        while page._rows.chosen.id != "destination.login":
            await pilot.press("down")
        await shows(app, pilot, "not possible: l logs in: only the first login needs you")


async def test_without_a_refused_login_there_is_no_first_login() -> None:
    world = FakeHosts()
    app = OnePage(HostsPage(Hosts(world.connections, world.changes)))
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await until(pilot, lambda: "destination  ok" in text_of(app))
        await pilot.press("l")
        await until(pilot, lambda: "No host needs a first login." in [each.message for each in app._notifications])


async def test_a_password_typed_before_it_is_asked_goes_into_the_dialog_and_never_to_the_keys(
    new_host: NewHost,
) -> None:
    app = app_of(new_host)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await shows(app, pilot, "destination partly reachable", "l starts the first login.")
        await pilot.press("l")
        await shows(app, pilot, KEY.fingerprint)
        at_once(app, "enter", *"ror", "backspace", *"ight", "backspace", "backspace", "h", "t", "enter", *"qar")
        await shows(app, pilot, "did not accept the password")
        assert new_host.calls == [("trust", KEY.fingerprint), ("authorize", "roight")]
        at_once(app, *"right", "enter")
        await shows(app, pilot, "destination ok")
        assert new_host.calls[-1] == ("authorize", "right")


async def test_a_login_to_a_known_host_takes_the_keys_at_once(new_host: NewHost) -> None:
    new_host.shell.answers = {"": DENIED}
    app = app_of(new_host)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await shows(app, pilot, "destination partly reachable", "l starts the first login.")
        await pilot.press("l")
        at_once(app, *"right", "enter")
        await shows(app, pilot, "destination ok")
        assert new_host.calls == [("authorize", "right")]
