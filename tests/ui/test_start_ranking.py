"""The form that starts a migration proposes the host that suits best, and says why."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from tests.ui.migrate_screen import BY_HAND, OpenedPage
from tests.ui.one_page import OnePage, until
from tests.ui.replay import GIB, ReplayedMigrations, guest
from tui.core.failure import Failure
from tui.migration.backend.before.last_targets import LastTargets
from tui.migration.screens.page import MigratePage
from tui.vm.model.blockers import Blocker
from tui.vm.model.location import VmOnHost
from tui.vm.model.targets import Choices, TargetFacts, choices

HOSTS = ("source", "destination", "host3", "host4")
ON_3 = VmOnHost(guest(), "host3")
FACTS = {
    "source": TargetFacts((), free_bytes=6 * GIB, load=0.2, same_cpu=True),
    "destination": TargetFacts((Blocker("It has a disk that destination does not have."),)),
    "host4": TargetFacts((), free_bytes=48 * GIB, load=0.1, same_cpu=True),
}
KNOWN = choices(tuple(FACTS), FACTS, GIB)
WHY = "host4 is first, before source: 47.0 GiB of memory stay free there, not 5.0 GiB."


class Ranks:
    """Ranks the hosts by the FACTS once it may answer."""

    def __init__(self) -> None:
        self.answers = asyncio.Event()
        self.failure: Failure | None = None
        self.asked: list[tuple[str, str]] = []

    async def choices(self, name: str, host: str) -> Choices:
        self.asked.append((name, host))
        await self.answers.wait()
        if self.failure is not None:
            raise self.failure
        return KNOWN


@asynccontextmanager
async def form(ranks: Ranks, *, answered: bool = True, last: str = "") -> AsyncIterator[OpenedPage]:
    migrations = ReplayedMigrations(found=(ON_3,))
    migrations.names = HOSTS
    page = MigratePage(migrations, BY_HAND)  # type: ignore[arg-type]
    page.ranks = ranks
    if last:
        page.last_targets = LastTargets()
        page.last_targets.use("guest1", "host3", last)
    app = OnePage(page)
    if answered:
        ranks.answers.set()
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        opened = OpenedPage(app, pilot, migrations)
        await opened.settle()
        await pilot.press("m")
        await opened.sees("Start a migration", "host3 ->")
        yield opened


async def test_the_best_host_is_proposed_and_a_sentence_says_why() -> None:
    async with form(Ranks(), last="source") as page:
        await page.sees("to < host4 >", "host3 -> host4", WHY)
        await page.pilot.press("enter")
        await until(page.pilot, lambda: page.migrations.started == [replace(BY_HAND, to="host4")])


async def test_the_others_follow_in_their_order_and_one_that_cannot_take_it_says_why() -> None:
    async with form(Ranks()) as page:
        await page.sees("to < host4 >")
        await page.pilot.press("down", "right")
        await page.sees("to < source >", "host3 -> source")
        await page.pilot.press("right")
        await page.sees("to < destination >", "host3 -> destination can't take it: It has a disk that")


async def test_enter_waits_for_the_comparison() -> None:
    ranks = Ranks()
    async with form(ranks, answered=False) as page:
        await page.pilot.press("enter")
        await page.sees("Comparing the hosts that guest1 can go to")
        assert page.migrations.checked == []
        ranks.answers.set()
        await until(page.pilot, lambda: page.migrations.started == [replace(BY_HAND, to="host4")])


async def test_a_host_that_a_person_chose_stays_chosen_and_enter_does_not_wait() -> None:
    ranks = Ranks()
    async with form(ranks, answered=False) as page:
        await page.pilot.press("down", "right")
        await page.sees("to < destination >")
        await page.pilot.press("left")
        await page.sees("to < source >")
        ranks.answers.set()
        await page.sees(WHY)
        assert "to < source >" in page.words
        ranks.answers.clear()
        await page.pilot.press("enter")
        await until(page.pilot, lambda: page.migrations.started == [replace(BY_HAND, to="source")])
    assert ranks.asked == [("guest1", "host3")]


async def test_without_a_comparison_the_hosts_are_in_the_order_of_the_configuration() -> None:
    ranks = Ranks()
    ranks.failure = Failure("host3 can't be read")
    async with form(ranks) as page:
        await page.pilot.press("enter")
        await until(page.pilot, lambda: page.migrations.started == [replace(BY_HAND, to="source")])


@pytest.mark.parametrize("width", [80, 120])
def test_the_form_with_ranked_targets(snap_compare: Any, width: int) -> None:
    migrations = ReplayedMigrations(found=(ON_3,))
    migrations.names = HOSTS
    page, ranks = MigratePage(migrations, BY_HAND), Ranks()  # type: ignore[arg-type]
    page.ranks = ranks
    ranks.answers.set()
    app = OnePage(page)

    async def open_form(pilot: Any) -> None:
        opened = OpenedPage(app, pilot, migrations)
        await opened.settle()
        await pilot.press("m")
        await opened.sees(WHY)
        await pilot.press("down")

    assert snap_compare(app, run_before=open_form, terminal_size=(width, 24 if width == 80 else 40))
