"""The matrix of the Hosts page, the CPU in common, and the form for a new host."""

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.fake_hosts import FakeHosts
from tests.ui.one_page import OnePage, text_of, until
from tests.unit.hosts.good_hosts import good
from tui.checklist.model.check import FAILED, OK, UNKNOWN, WARNING, Finding
from tui.core.failure import Failure, WrongField
from tui.hosts.backend.hosts import Hosts
from tui.hosts.backend.matrix_file import MatrixFile
from tui.hosts.model.matrix import Cell, Reason, cell
from tui.hosts.model.share import Share
from tui.hosts.screens.matrix import MatrixPage, Reasons
from tui.hosts.screens.page import HostsPage

NFS = Share("2", "nfs", "5f00")
STATES = (OK, OK, WARNING, FAILED, OK, UNKNOWN)


def opened(world: FakeHosts) -> tuple[OnePage, Hosts]:
    hosts = Hosts(world.connections, world.changes)
    return OnePage(HostsPage(hosts)), hosts


def words(app: OnePage) -> str:
    return " ".join(text_of(app).replace("│", " ").split())


async def test_m_opens_the_matrix_and_r_reads_the_way_under_the_cursor() -> None:
    app, hosts = opened(FakeHosts(more=("host3",)))
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await pilot.press("M")
        await until(pilot, lambda: "source -> destination: not read" in text_of(app))
        await pilot.press("enter")
        await until(pilot, lambda: "This way has not been read yet." in words(app))
        await pilot.press("down", "right")
        await until(pilot, lambda: "destination -> host3: not read" in text_of(app))
        await pilot.press("r")
        await until(pilot, lambda: {*hosts.matrix.cells} == {("destination", "host3")})
        await until(pilot, lambda: "read 0 s ago" in text_of(app))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, Reasons))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, MatrixPage))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, HostsPage))
        await pilot.press("M")
        await until(pilot, lambda: isinstance(app.screen, MatrixPage) and len(hosts.matrix.cells) == 1)


async def test_what_was_read_before_this_start_is_shown_as_old(tmp_path: Path) -> None:
    app, hosts = opened(FakeHosts(more=("host3",)))
    base = cell(good(), ("source", "destination"), (NFS, NFS), time.monotonic() - 200)
    assert base is not None
    hosts.matrix.file = MatrixFile(hosts.config, tmp_path / "matrix.json")
    hosts.matrix.file.keep([base])
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await pilot.press("M")
        await until(pilot, lambda: "source -> destination: can, read 3 min ago, before this start" in text_of(app))
        await pilot.press("r")
        await until(pilot, lambda: "read 0 s ago" in text_of(app))
        assert "before this start" not in text_of(app)


async def test_a_reads_all_ways_and_escape_ends_the_reading() -> None:
    world = FakeHosts(more=("host3",))
    app, hosts = opened(world)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await until(pilot, lambda: not hosts.checklist.reading and hosts.checklist.was_read)
        world.shells["root@host3"].released.clear()
        await pilot.press("M")
        await until(pilot, lambda: isinstance(app.screen, MatrixPage))
        await pilot.press("a")
        await until(pilot, lambda: len(hosts.matrix.cells) == 2)  # those without host3
        await pilot.press("escape")
        await until(pilot, lambda: not hosts.matrix.under_way)
        assert isinstance(app.screen, MatrixPage)
        world.shells["root@host3"].released.set()
        await pilot.press("a")
        await until(pilot, lambda: len(hosts.matrix.cells) == 6)


async def test_the_diagonal_has_nothing_to_read() -> None:
    app, _ = opened(FakeHosts())
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await pilot.press("M")
        await until(pilot, lambda: isinstance(app.screen, MatrixPage))
        await pilot.press("left", "r")
        await until(pilot, lambda: "A VM cannot move to its own host." in words(app))


def known(hosts: Hosts) -> None:
    """Fill the matrix with cells of all states."""
    base = cell(good(), ("source", "destination"), (NFS, NFS), time.monotonic() - 190)
    assert base is not None
    for number, pair in enumerate(hosts.matrix.pairs(hosts.matrix.hosts)):
        state = STATES[number % len(STATES)]
        reason = Reason("root can open its libvirt", Finding(state, "it refuses root's key", hint="Fix it on Hosts."))
        reasons = base.reasons if state == OK else (reason, *base.reasons)
        if number % 7 != 6:
            hosts.matrix.cells[pair] = Cell(pair, reasons, base.read_at)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
@pytest.mark.parametrize("reasons", [False, True])
def test_the_matrix_looks_like_its_picture(snap_compare: Any, size: tuple[int, int], reasons: bool) -> None:
    app, hosts = opened(FakeHosts(more=tuple(f"host{number}" for number in range(3, 9))))
    known(hosts)

    async def open_it(pilot: Any) -> None:
        await pilot.press("M")
        await until(pilot, lambda: isinstance(app.screen, MatrixPage))
        await pilot.press("right", "right", "right")
        await until(pilot, lambda: "source -> host5: can't, read 3 min ago" in text_of(app))
        if reasons:
            await pilot.press("enter")
            await until(pilot, lambda: isinstance(app.screen, Reasons))

    assert snap_compare(app, terminal_size=size, run_before=open_it)


async def test_a_part_of_the_matrix_is_marked_as_one() -> None:
    app, hosts = opened(FakeHosts(more=tuple(f"host{number}" for number in range(3, 13))))
    known(hosts)
    async with app.run_test(size=(40, 12), notifications=True) as pilot:
        await pilot.press("M")
        await until(pilot, lambda: "1-4 of 12" in text_of(app) and " 5 …" in text_of(app))
        await pilot.press("end", *["right"] * 11)
        await until(pilot, lambda: "9-12 of 12" in text_of(app) and "12 …" not in text_of(app))
        assert "…  8   9  10  11  12" in text_of(app)


# -- the CPU in common --


async def test_b_shows_the_cpu_in_common_of_all_hosts_or_of_a_group() -> None:
    world = FakeHosts(more=("host3",))
    named = dict(world.config.hosts.named)
    named |= {name: replace(named[name], groups=("rack1",)) for name in ("source", "host3")}
    world.config = world.connections.config = replace(world.config, hosts=replace(world.config.hosts, named=named))
    app, _ = opened(world)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await pilot.press("B")
        await until(pilot, lambda: "EPYC with 1 feature changed: a VM with this CPU runs on all three." in words(app))
        assert "name='avx2'/>" in text_of(app)
        await pilot.press("g")
        await until(pilot, lambda: "The hosts of rack1" in words(app) and "runs on both." in words(app))
        world.further["host3"].failure = Failure("libvirt cannot be reached", "it is down")
        await pilot.press("g", "g")
        await until(pilot, lambda: "libvirt cannot be reached: it is down." in words(app))


# -- a new host --


class Adding:
    """What the form adds to; the login fails while `failure` is set."""

    def __init__(self) -> None:
        self.added: list[tuple[str, dict[str, str | tuple[str, ...]], bool]] = []
        self.failure: Failure | None = None
        self.reloads = 0

    def why_not(self) -> str:
        return ""

    async def add(self, name: str, keys: dict[str, str | tuple[str, ...]], *, try_login: bool) -> None:
        if try_login and self.failure is not None:
            raise self.failure
        self.added.append((name, keys, try_login))

    def reload(self) -> None:
        self.reloads += 1


async def test_a_host_is_added_by_a_form() -> None:
    app, _ = opened(FakeHosts())
    page: Any = app.page
    page.adding = adding = Adding()
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await pilot.press("N")
        await until(pilot, lambda: "New host" in text_of(app))
        await pilot.press(*"kvm3", "down", *"kvm3", "down", "down", "down", *"rack1, amd")
        await pilot.press("down", *"10.20.0.3", "enter")
        await until(pilot, lambda: adding.reloads == 1)
        keys = {"ssh": "root@kvm3", "groups": ("rack1", "amd"), "migration_address": "10.20.0.3"}
        assert adding.added == [("kvm3", keys, True)]


async def test_a_second_enter_adds_a_host_whose_login_fails() -> None:
    app, _ = opened(FakeHosts())
    page: Any = app.page
    page.adding = adding = Adding()
    adding.failure = Failure("root@kvm3 can't be reached over ssh", "no route to host")
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await pilot.press("N")
        await until(pilot, lambda: "New host" in text_of(app))
        await pilot.press("enter")
        await until(pilot, lambda: "The host has no name" in words(app))
        await pilot.press(*"kvm3", "down", *"kvm3", "enter")
        await until(pilot, lambda: "Enter again adds" in words(app))
        assert adding.added == []
        await pilot.press("enter")
        await until(pilot, lambda: adding.added == [("kvm3", {"ssh": "root@kvm3"}, False)])


async def test_a_wrong_field_is_named() -> None:
    app, _ = opened(FakeHosts())
    page: Any = app.page
    page.adding = adding = Adding()
    adding.failure = WrongField("ssh", '"root@" is not [USER@]HOST[:PORT]')
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await pilot.press("N")
        await until(pilot, lambda: "New host" in text_of(app))
        await pilot.press(*"kvm3", "enter")
        await until(pilot, lambda: '"root@" is not' in words(app) and app.focused is not None)
        assert app.focused is not None
        assert app.focused.id == "ssh"
        assert "all the same" not in words(app)


async def test_without_a_file_no_host_can_be_added() -> None:
    app, _ = opened(FakeHosts())
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await pilot.press("N")
        await until(pilot, lambda: "The configuration is not a file." in words(app))
