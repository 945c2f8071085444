"""Copy as virsh: from the form, the Migrate page and a recorded run."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from textual.pilot import Pilot
from textual.widgets import Input

from tests.ui.migrate_screen import OpenedPage, at, page_of, running
from tests.ui.one_page import OnePage, text_of, until
from tests.ui.replay import ReplayedMigrations, recording
from tests.ui.runs_screen import NAME, make_run, open_run, summary
from tests.unit.fakes import Stage, connections
from tui.app.wiring import call_of
from tui.core.plan import AUTOMATIC, POST_COPY_MANUAL, POST_COPY_TIMEOUT, PRE_COPY, UNKNOWN, Plan
from tui.migration.backend.scripts import Scripts
from tui.migration.model.record import ATTACHED, Event
from tui.migration.model.timeline import Timeline
from tui.migration.screens.page import MigratePage
from tui.migration.screens.virsh import VirshDialog
from tui.runs.backend.runs import Runs
from tui.runs.screens.details import RunDetails
from tui.runs.screens.page import RunsPage

SIZES = [(80, 24), (120, 40)]
ANY = Plan("guest1", POST_COPY_TIMEOUT, 12.0, 100, 50, True, 0)
THERE = "'qemu+ssh://root@destination/system?no_tty=1'"
START = f"virsh -c test:///source migrate guest1 {THERE} --live --p2p --persistent --undefinesource"


def scripts() -> Scripts:
    return Scripts(connections(Stage(recording("pre-copy-idle"))), call_of)


@asynccontextmanager
async def form_of(plan: Plan = ANY, size: tuple[int, int] = (80, 24)) -> AsyncIterator[OpenedPage]:
    async with page_of(ReplayedMigrations(), plan, size, scripts=scripts()) as page:
        await page.pilot.press("m")
        await page.sees("Start a migration", "source -> destination")
        yield page


async def copied(app: OnePage, pilot: Pilot[Any]) -> str:
    """What y copied, once its dialog is open."""
    await until(pilot, lambda: isinstance(app.screen, VirshDialog) and app.clipboard != "")
    return app.clipboard


async def test_y_copies_what_the_form_would_start_and_starts_nothing() -> None:
    async with form_of() as page:
        await page.pilot.press("y")
        assert await copied(page.app, page.pilot) == (
            "virsh -c test:///source migrate-setmaxdowntime guest1 50\n"
            f"{START} --auto-converge --postcopy --bandwidth 100 --timeout 12 --timeout-postcopy\n"
        )
        await page.sees("Copy as virsh", "--bandwidth 100", "Copied to the clipboard of the terminal")
        await page.pilot.press("escape")
        await page.sees("Start a migration")
        assert page.migrations.started == []


async def test_y_while_the_migration_is_being_started_opens_nothing_above_it() -> None:
    async with form_of() as page:
        page.migrations.answering.clear()
        await page.pilot.press("enter")
        await until(page.pilot, lambda: page.migrations.checked)
        await page.pilot.press("y")
        page.migrations.answering.set()
        await until(page.pilot, lambda: page.migrations.started)
        await until(page.pilot, lambda: page.app.screen is page.app.page)
        assert page.app.clipboard == ""


async def test_y_copies_the_options_as_they_are_in_the_form_and_is_never_typed_into_a_number() -> None:
    async with form_of() as page:
        field = page.app.screen.query_one("#bandwidth", Input)
        field.focus()
        await page.pilot.press("7", "y")
        assert "--bandwidth 7 " in await copied(page.app, page.pilot)
        assert field.value == "7"


async def test_a_wrong_number_is_refused_as_for_the_start() -> None:
    async with form_of() as page:
        page.app.screen.query_one("#downtime", Input).value = "no"
        await page.pilot.press("y")
        await until(page.pilot, lambda: page.app.focused is page.app.screen.query_one("#downtime"))
        assert page.app.clipboard == ""


async def test_p_shows_and_copies_libvirt_python_and_p_again_virsh() -> None:
    async with form_of() as page:
        await page.pilot.press("y")
        virsh = await copied(page.app, page.pilot)
        await page.pilot.press("p")
        await page.sees("Copy as libvirt-python", "import libvirt")
        assert "libvirt.VIR_MIGRATE_PARAM_BANDWIDTH: 100" in page.app.clipboard
        await page.pilot.press("p", "y")
        await page.sees("Copy as virsh")
        assert page.app.clipboard == virsh


async def test_automatic_over_parallel_connections_is_what_this_qemu_allows() -> None:
    async with form_of(Plan("guest1", AUTOMATIC, parallel=2)) as page:
        await page.pilot.press("y")
        text = await copied(page.app, page.pilot)
        assert "so automatic does without post-copy" in text.splitlines()[0]
        assert f"{START} --auto-converge --parallel --parallel-connections 2\n" in text


async def test_y_on_the_migrate_page_copies_what_was_called_so_far() -> None:
    async with page_of(running("post-copy-by-hand", at(17)), size=(80, 24), scripts=scripts()) as page:
        await page.pilot.press("y")
        text = await copied(page.app, page.pilot)
    assert "migrate guest1 'qemu+ssh://root@source/system?no_tty=1' --live" in text
    assert "virsh -c test:///destination migrate-postcopy guest1\nwait\n" in text


async def test_y_without_a_migration_explains_itself() -> None:
    async with page_of(ReplayedMigrations(), scripts=scripts()) as page:
        await page.pilot.press("y")
        await page.is_notified("There is no migration to copy; m opens the form, which copies what it would do.")


async def test_y_on_a_migration_of_another_program_explains_itself() -> None:
    migrations = running()
    assert migrations.current is not None
    migrations.current.timeline = Timeline([Event(0.0, "", ATTACHED, {"vm": "guest1", "technique": UNKNOWN})])
    async with page_of(migrations, scripts=scripts()) as page:
        await page.pilot.press("y")
        await page.is_notified("There is no virsh command of this migration: another program started it")


def recorded(runs: Path, technique: str = POST_COPY_MANUAL) -> OnePage:
    """A run of an earlier version, with the URIs of its hosts."""
    make_run(runs, "post-copy-by-hand", technique)
    tables = summary(technique) | {"destination_uri": "qemu+ssh://root@b/system"}
    tables["hosts"]["destination"] = {"uri": "qemu+ssh://root@a/system"}
    (runs / NAME / "run.toml").write_text(tomli_w.dumps(tables))
    return OnePage(RunsPage(Runs(runs, call_of=call_of)))


@pytest.mark.parametrize("size", SIZES)
async def test_y_on_a_run_and_on_its_details_copies_what_was_called(tmp_path: Path, size: tuple[int, int]) -> None:
    app = recorded(tmp_path)
    async with app.run_test(size=size) as pilot:
        await open_run(pilot)
        await pilot.press("y")
        text = await copied(app, pilot)
        assert "virsh -c qemu+ssh://root@a/system migrate guest1 qemu+ssh://root@b/system --live --p2p" in text
        await pilot.press("escape", "i")
        await until(pilot, lambda: isinstance(app.screen, RunDetails))
        app.copy_to_clipboard("")
        await pilot.press("y")
        assert await copied(app, pilot) == text


async def test_the_details_of_a_run_show_its_commands(tmp_path: Path) -> None:
    app = recorded(tmp_path)
    async with app.run_test(size=(120, 60)) as pilot:
        await open_run(pilot)
        await pilot.press("i")
        await until(pilot, lambda: "The same with virsh" in text_of(app))
        assert "virsh -c qemu+ssh://root@a/system migrate-postcopy guest1" in text_of(app)


async def test_a_run_without_the_uris_of_its_hosts_explains_itself(tmp_path: Path) -> None:
    make_run(tmp_path, "post-copy-by-hand", PRE_COPY)
    app = OnePage(RunsPage(Runs(tmp_path, call_of=call_of)))
    async with app.run_test(size=(80, 24)) as pilot:
        await open_run(pilot)
        await pilot.press("y")
        await until(pilot, lambda: any("the URIs of the hosts" in each.message for each in app._notifications))
        await pilot.press("i")
        await until(pilot, lambda: isinstance(app.screen, RunDetails))
        await pilot.press("y")
        await until(
            pilot, lambda: any("There is no virsh command of this run" in n.message for n in app._notifications)
        )


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("language", ["virsh", "python"])
def test_the_dialog_looks_like_its_picture(snap_compare: Any, language: str, size: tuple[int, int]) -> None:
    migrations = ReplayedMigrations()
    plan = Plan("guest1", AUTOMATIC, 25.0, 100, 300, True, 4)
    app = OnePage(MigratePage(migrations, plan, None, scripts()))  # type: ignore[arg-type]

    async def arrange(pilot: Pilot[Any]) -> None:
        page = OpenedPage(app, pilot, migrations)
        await page.settle()
        await page.sees("guest1 running on source")
        await pilot.press("m", "y")
        await copied(app, pilot)
        if language == "python":
            await pilot.press("p")
        await page.sees("Copy as")

    assert snap_compare(app, terminal_size=size, run_before=arrange)
