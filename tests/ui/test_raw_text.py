"""The raw text behind a failure: one key away on the Migrate page and on a run's page."""

from pathlib import Path

import pytest
from textual.containers import VerticalScroll

from tests.ui.migrate_screen import over, page_of, running
from tests.ui.one_page import text_of, until
from tests.ui.replay import recording
from tests.ui.runs_screen import NAME, app_of, make_run, open_run
from tests.unit.migration.host_log_texts import APPARMOR, NO_VGA, STARTED, UUID, printed
from tui.migration.model.ending.host_log import parse
from tui.migration.model.record import END, HOST_LOG, Event, to_line
from tui.runs.screens.messages import RunMessages
from tui.runs.screens.run import RunPage

LOGS = [
    Event(9.0, "", HOST_LOG, parse("source", UUID, 10, printed(log=(1, "tail: Permission denied"))).data),
    Event(9.0, "", HOST_LOG, parse("destination", UUID, 10, printed(log=STARTED + NO_VGA, journal=APPARMOR)).data),
]


def _scrolled_to(words: str, sentence: str, box: VerticalScroll) -> bool:
    """Whether the sentence is on the screen; scrolls down by some lines if it is not."""
    if sentence in words:
        return True
    box.scroll_relative(y=3, animate=False)
    return False


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_l_shows_the_logs_of_both_hosts_on_the_migrate_page(size: tuple[int, int]) -> None:
    async with page_of(running("failed", over), size=size) as page:
        for each in LOGS:
            page.migration.give(each)
        await page.pilot.press("l")
        await page.sees("what libvirt and QEMU wrote", "libvirt's message")
        assert "host-log host=destination lines=2" in page.words
        box = page.app.screen.query_one("#log-stats", VerticalScroll)
        for sentence in ("not read: Permission denied", "is not a valid device model", "memory_total"):
            await until(page.pilot, lambda box=box, sentence=sentence: _scrolled_to(page.words, sentence, box))


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_l_shows_them_on_the_page_of_a_run_and_esc_returns(tmp_path: Path, size: tuple[int, int]) -> None:
    make_run(tmp_path, "failed")
    records = recording("failed")
    last = next(n for n, each in enumerate(records) if isinstance(each, Event) and each.kind == END)
    lines = map(to_line, [*records[:last], *LOGS, *records[last:]])
    (tmp_path / NAME / "raw.jsonl").write_text("".join(f"{line}\n" for line in lines), "utf-8")
    app = app_of(tmp_path)
    async with app.run_test(size=size) as pilot:
        await open_run(pilot)
        await pilot.press("l")
        await until(pilot, lambda: isinstance(app.screen, RunMessages) and "libvirt's message" in text_of(app))
        await pilot.press("end")
        await until(pilot, lambda: "AppArmor and SELinux on destination" in text_of(app))
        assert 'apparmor="DENIED"' in text_of(app)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, RunPage))


async def test_a_run_without_an_error_shows_that_there_is_none(tmp_path: Path) -> None:
    make_run(tmp_path, "pre-copy-idle")
    app = app_of(tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_run(pilot)
        await pilot.press("l")
        await until(pilot, lambda: "No error was recorded" in text_of(app))
