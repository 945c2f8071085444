"""The Hosts page as it is shown."""

import asyncio
import re
import threading
from typing import Any

import pytest

from tests.fake_hosts import FakeHosts, guest1
from tests.ui.one_page import OnePage, text_of, until
from tui.core import aged
from tui.core.failure import Failure
from tui.core.vm import Vm
from tui.hosts.backend.hosts import Hosts
from tui.hosts.screens import page as hosts_module
from tui.hosts.screens.page import HostsPage
from tui.ui import waiting as ui_waiting

UNREACHABLE = Failure(
    "root@destination can't be reached over ssh",
    "there was no answer within 10 s",
    "Is it switched on, and does a firewall let ssh through?",
)
NO_LIBVIRT = Failure("libvirt cannot be reached", "libvirtd does not run there", "Start libvirtd.")


def app_of(world: FakeHosts) -> OnePage:
    return OnePage(HostsPage(Hosts(world.connections, world.changes)))


def all_read(app: OnePage) -> bool:
    """Whether all three hosts and the list are read."""
    text = text_of(app)
    return "storage" in text and "reading" not in text.lower()


@pytest.fixture
def dead_destination() -> FakeHosts:
    world = FakeHosts()
    world.unreachable[world.destination.uri] = NO_LIBVIRT
    world.shells["root@destination"].answers = {"uname": UNREACHABLE}
    return world


async def test_the_facts_of_all_hosts_are_shown() -> None:
    app = app_of(FakeHosts())
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("h")
        await until(pilot, lambda: all_read(app))
        text = text_of(app)
        assert text.count("Debian GNU/Linux 12 (bookworm)") == 3
        assert text.count("libvirt 11.3.0, QEMU 10.0.2") == 2
        assert "guest1: shut off, 2 CPUs, 1.0 GiB" in text
        assert [text.count(f"{name}  ok") for name in ("source", "destination", "storage")] == [1, 1, 1]


async def test_a_host_that_does_not_respond_hides_no_other() -> None:
    world = FakeHosts()
    world.destination.released.clear()
    world.shells["root@destination"].released.clear()
    app = app_of(world)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "source       ok" in text_of(app) and "storage      ok" in text_of(app))
        assert "destination  reading" in text_of(app)
        world.destination.released.set()
        world.shells["root@destination"].released.set()
        await until(pilot, lambda: "destination  ok" in text_of(app))


async def test_an_unreachable_host_is_shown_with_the_reason(dead_destination: FakeHosts) -> None:
    app = app_of(dead_destination)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("h")
        await until(pilot, lambda: all_read(app))
        text = " ".join(text_of(app).replace("│", " ").split())
        assert "destination unreachable" in text
        assert "does a firewall let ssh through?" in text
        assert "libvirtd does not run there. Start libvirtd." in text


SILENT = re.compile(r"storage +no answer +last answer \d+ s ago")


async def test_a_host_that_stops_responding_turns_grey_with_the_age_of_its_last_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(aged, "SILENT_AFTER_S", 0.5)
    world = FakeHosts()
    app = app_of(world)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: all_read(app) and not app.page._list.reading)  # type: ignore[attr-defined]
        world.shells["root@storage"].released.clear()
        await until(pilot, lambda: SILENT.search(text_of(app)) is not None)
        assert "storage      ok" not in text_of(app)
        await until(pilot, lambda: "storage does not answer, last answer" in " ".join(text_of(app).split()))
        assert "Everything is ready" not in text_of(app)
        await pilot.press("end")
        await until(pilot, lambda: "storage  no answer, last answer" in text_of(app) and "~ ok" in text_of(app))
        await pilot.press("enter")  # no read is running behind a dialog
        await until(pilot, lambda: len(app.screen_stack) > 2)
        await pilot.press("escape")
        await until(pilot, lambda: len(app.screen_stack) == 2 and SILENT.search(text_of(app)) is not None)
        world.shells["root@storage"].released.set()
        await until(pilot, lambda: "storage      ok  root@storage" in text_of(app))
        await until(pilot, lambda: "no answer" not in text_of(app))


async def test_the_card_of_a_silent_host_keeps_what_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hosts_module, "POLL_EVERY_S", 0.05)
    world = FakeHosts()
    world.destination.known["guest1"] = guest1("running")
    app = app_of(world)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("h")
        await until(pilot, lambda: all_read(app))
        world.destination.failure = NO_LIBVIRT
        world.shells["root@destination"].answers = {"uname": UNREACHABLE}

        def text() -> str:
            return " ".join(text_of(app).replace("│", " ").split())

        await until(pilot, lambda: "destination no answer last answer" in text())
        await until(pilot, lambda: "guest1: last seen running" in text() and "libvirtd does not run there" in text())


async def test_escape_ends_the_reading_of_the_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ui_waiting, "SHOWN_AFTER_S", 0.0)
    world = FakeHosts()
    world.shells["root@storage"].released.clear()
    app = app_of(world)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "waiting for storage; Esc ends the wait" in " ".join(text_of(app).split()))
        await pilot.press("escape")
        await until(pilot, lambda: not app.page._list.reading)  # type: ignore[attr-defined]
        await until(pilot, lambda: "Esc ends" not in text_of(app))
        assert "Everything is ready" not in text_of(app)
        await pilot.press("end")
        await until(pilot, lambda: "not read" in text_of(app))


def test_quitting_does_not_wait_for_a_host() -> None:
    """Runs the app in its own event loop, because the end of the loop is what could wait."""
    world_is_left = threading.Event()

    async def look_and_quit() -> None:
        world = FakeHosts()
        world.destination.released.clear()
        world.destination.when_released = world_is_left.set
        app = app_of(world)
        async with app.run_test(size=(80, 24)) as pilot:
            await until(pilot, lambda: bool(world.destination.calls))

    asyncio.run(look_and_quit())
    assert not world_is_left.is_set()


async def test_r_reads_the_hosts_again() -> None:
    world = FakeHosts()
    app = app_of(world)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: all_read(app))
        world.source.known["guest1"] = guest1("running")
        await pilot.press("r")
        await until(pilot, lambda: "guest1: running" in text_of(app))


async def test_hosts_are_polled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hosts_module, "POLL_EVERY_S", 0.05)
    world = FakeHosts()
    app = app_of(world)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: all_read(app))
        world.source.known["guest1"] = guest1("paused", "post-copy")
        await until(pilot, lambda: "guest1: paused (post-copy)" in text_of(app))


async def test_no_host_is_polled_while_another_page_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hosts_module, "POLL_EVERY_S", 0.02)
    world, shown = FakeHosts(), FakeHosts()
    app = app_of(world)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: all_read(app))
        await app.push_screen(HostsPage(Hosts(shown.connections, shown.changes)))
        await until(pilot, lambda: all_read(app))
        before, once = len(world.source.calls), len(shown.source.calls)
        await until(pilot, lambda: len(shown.source.calls) >= 4 * once)  # the shown page keeps polling
        assert len(world.source.calls) == before


async def test_a_refresh_without_changes_repaints_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hosts_module, "POLL_EVERY_S", 0.02)
    world = FakeHosts()
    app = app_of(world)
    async with app.run_test(size=(120, 40)) as pilot:
        page: Any = app.page
        await until(pilot, lambda: all_read(app) and page._list.was_read)
        card = app.screen.query_one("#host-source")
        painted: list[Any] = []
        monkeypatch.setattr(card, "refresh", lambda *regions, **_: painted.append(regions))
        before = len(world.source.calls)
        await until(pilot, lambda: len(world.source.calls) > before + 4)
        assert painted == []


async def test_an_unchanged_host_is_not_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hosts_module, "POLL_EVERY_S", 0.02)
    world = FakeHosts()
    app = app_of(world)
    async with app.run_test(size=(120, 40)) as pilot:
        page: Any = app.page
        await until(pilot, lambda: all_read(app) and page._list.was_read)
        drawn: list[str] = []
        for name, card in page._cards.items():
            monkeypatch.setattr(card, "show_host", lambda *_, name=name, **__: drawn.append(name))
        before = len(world.source.calls)
        await until(pilot, lambda: len(world.source.calls) > before + 4)
        assert drawn == []
        world.source.known["guest1"] = guest1("running")
        await until(pilot, lambda: "source" in drawn)
        assert set(drawn) == {"source"}


async def test_names_are_not_parsed_as_markup() -> None:
    world = FakeHosts()
    world.source.known = {"[bold]x[/bold]": Vm("[bold]x[/bold]", "u", "running", "[red]", 1, 1 << 30)}
    app = app_of(world)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("h")
        await until(pilot, lambda: all_read(app))
        assert "[bold]x[/bold]: running ([red])" in " ".join(text_of(app).replace("│", " ").split())


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
@pytest.mark.parametrize("dead", [False, True])
def test_hosts_looks_like_its_picture(
    snap_compare: Any, dead_destination: FakeHosts, size: tuple[int, int], dead: bool
) -> None:
    app = app_of(dead_destination if dead else FakeHosts())

    async def read(pilot: Any) -> None:
        page: Any = app.page
        await until(pilot, lambda: all_read(app) and page._list.was_read)

    assert snap_compare(app, terminal_size=size, run_before=read)
