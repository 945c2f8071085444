"""The Hosts page with four and with many hosts."""

from dataclasses import replace
from typing import Any

import pytest

from tests.fake_hosts import FakeHosts
from tests.ui.one_page import OnePage, text_of, until
from tui.core import aged
from tui.core.failure import Failure
from tui.hosts.backend.hosts import Hosts
from tui.hosts.model.host import OK, UNREACHABLE
from tui.hosts.screens import page as hosts_page
from tui.hosts.screens.page import HostsPage

LOGIN = ".login"  # the checks of the app's login
DOWN = Failure("root@host9 can't be reached over ssh", "there was no answer within 10 s")


def app_of(world: FakeHosts, only: str = "") -> OnePage:
    """The page, with all checks or `only` those whose id has this word."""
    hosts = Hosts(world.connections, world.changes)
    hosts.checklist.steps = {id: step for id, step in hosts.checklist.steps.items() if only in id}
    return OnePage(HostsPage(hosts))


def lines_of(app: OnePage) -> list[str]:
    return [line.strip() for line in text_of(app).splitlines()]


def twelve() -> FakeHosts:
    """Twelve hosts, one of which does not answer."""
    world = FakeHosts(more=tuple(f"host{number}" for number in range(3, 13)))
    world.shells["root@host9"].answers = {"uname": DOWN}
    world.further["host9"].failure = DOWN
    return world


def all_read(app: OnePage) -> bool:
    page: Any = app.page
    return not page._list.reading and page._list.was_read and "being read" not in text_of(app)


async def test_of_many_hosts_those_that_are_not_well_come_first_and_the_others_fold() -> None:
    app = app_of(twelve(), LOGIN)
    async with app.run_test(size=(80, 24)) as pilot:
        page: Any = app.page
        await until(pilot, lambda: all_read(app))
        lines = lines_of(app)
        first = next(line for line in lines if line.startswith((">", "source", "host")))
        assert first.startswith("> host9")
        assert "unreachable" in first
        assert "12 hosts are well  e shows them" in lines
        assert page._rows.chosen.host == "host9"
        await pilot.press("e")
        await until(pilot, lambda: len(page._hosts_list._overview.shown) == 13)
        await pilot.press("e")
        await until(pilot, lambda: "12 hosts are well  e shows them" in lines_of(app))


async def test_the_checks_and_the_card_are_those_of_the_chosen_host() -> None:
    app = app_of(twelve(), LOGIN)
    async with app.run_test(size=(120, 40)) as pilot:
        page: Any = app.page
        await until(pilot, lambda: all_read(app))
        await pilot.press("e")
        await until(pilot, lambda: len(page._hosts_list._overview.shown) == 13)
        await pilot.press("end")
        name = page._hosts_list._overview.shown[-1].facts.name
        await until(pilot, lambda: page._rows.chosen.host == name and page._card._facts.name == name)
        assert {item.host for item in page._rows._items} == {name}
        await pilot.press("enter")
        await until(pilot, lambda: page.focused is page._rows)
        await pilot.press("left")
        await until(pilot, lambda: page.focused is page._hosts_list)


async def test_a_filter_finds_hosts_by_their_group() -> None:
    world = twelve()
    named = dict(world.config.hosts.named)
    named["host5"] = replace(named["host5"], groups=("rack1",))
    world.config = world.connections.config = replace(world.config, hosts=replace(world.config.hosts, named=named))
    app = app_of(world)
    async with app.run_test(size=(80, 24)) as pilot:
        page: Any = app.page
        await until(pilot, lambda: all_read(app))
        await pilot.press("slash")
        await until(pilot, lambda: "Filter" in text_of(app))
        await pilot.press(*"rack1", "enter")
        await until(pilot, lambda: [each.facts.name for each in page._hosts_list._overview.shown] == ["host5"])
        assert page._rows.chosen.host == "host5"
        await pilot.press("escape")
        await until(pilot, lambda: "host9" in [each.facts.name for each in page._hosts_list._overview.shown])


async def test_the_page_shows_what_answered_while_one_host_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aged, "SILENT_AFTER_S", 0.5)
    world = twelve()
    world.shells["root@host5"].released.clear()
    world.further["host5"].released.clear()
    app = app_of(world)
    async with app.run_test(size=(80, 24)) as pilot:
        page: Any = app.page
        await until(pilot, lambda: sum(each.state == OK for each in page._now.values()) == 11)
        await until(pilot, lambda: page._now["host5"].state == UNREACHABLE)
        world.shells["root@host5"].released.set()
        world.further["host5"].released.set()
        await until(pilot, lambda: page._now["host5"].state == OK)


def holding(world: FakeHosts, host: str) -> FakeHosts:
    world.shells[f"root@{host}"].released.clear()
    world.further[host].released.clear()
    return world


async def test_the_checks_of_many_hosts_begin_once_all_have_answered() -> None:
    world = holding(twelve(), "host5")
    app = app_of(world, LOGIN)
    async with app.run_test(size=(80, 24)) as pilot:
        page: Any = app.page
        await until(pilot, lambda: sum(each.state == OK for each in page._now.values()) == 11)
        assert not page._list.reading
        world.shells["root@host5"].released.set()
        world.further["host5"].released.set()
        await until(pilot, lambda: all_read(app))


async def test_a_host_that_hangs_does_not_keep_the_checks_of_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hosts_page, "LISTED_LIMIT_S", 0.1)
    world = holding(twelve(), "host5")
    app = app_of(world, LOGIN)
    async with app.run_test(size=(80, 24)) as pilot:
        page: Any = app.page
        await until(pilot, lambda: page._list.facts.at("source").system is not None)
        assert page._now["host5"].state != OK
        world.shells["root@host5"].released.set()
        world.further["host5"].released.set()
        await until(pilot, lambda: all_read(app))


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
def test_twelve_hosts_look_like_their_picture(snap_compare: Any, size: tuple[int, int]) -> None:
    app = app_of(twelve(), LOGIN)

    async def read(pilot: Any) -> None:
        await until(pilot, lambda: all_read(app))

    assert snap_compare(app, terminal_size=size, run_before=read)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_four_hosts_look_like_their_picture(snap_compare: Any, size: tuple[int, int]) -> None:
    world = FakeHosts(more=("host3", "host4"))
    app = app_of(world)

    async def read(pilot: Any) -> None:
        await until(pilot, lambda: all_read(app))

    assert snap_compare(app, terminal_size=size, run_before=read)
