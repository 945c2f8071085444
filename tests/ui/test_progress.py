"""The progress dialog by itself."""

from itertools import count

import pytest
from textual.app import App

from tests.ui.one_page import text_of, until
from tui.checklist.backend.jobs import Job
from tui.checklist.model.transcript import ACTION, DONE, OUTPUT, Progress
from tui.checklist.screens.progress import ProgressDialog
from tui.linux.change import Command

INSTALL = Command("storage", ("apt-get", "install", *["a-package"] * 12))


class OneDialog(App[None]):
    """Shows the dialog of a job."""

    def __init__(self, job: Job) -> None:
        super().__init__()
        self.job = job

    def on_mount(self) -> None:
        self.push_screen(ProgressDialog(self.job))


async def test_the_output_is_followed_when_the_state_above_it_grows_until_the_user_scrolls() -> None:
    job = Job("Fix")
    app = OneDialog(job)
    async with app.run_test(size=(80, 24)) as pilot:
        for number in range(30):
            job.record(Progress(INSTALL, OUTPUT, f"line {number} of the old\n"))
        await until(pilot, lambda: "line 29 of the old" in text_of(app))
        job.record(Progress(INSTALL, ACTION))
        job.record(Progress(INSTALL, OUTPUT, "the first of the new\n"))
        await until(pilot, lambda: "the first of the new" in text_of(app))
        await pilot.press("up", "up", "up")
        await until(pilot, lambda: "the first of the new" not in text_of(app))
        before = text_of(app).splitlines()[-3]
        job.record(Progress(INSTALL, OUTPUT, "".join(f"more {number}\n" for number in range(30))))
        job.record(Progress(INSTALL, DONE))
        await until(pilot, lambda: "reading the hosts again" in text_of(app))
        assert "more" not in text_of(app)
        assert before.strip("│ ") in text_of(app)


async def test_output_follows_a_timer_that_was_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a loaded host: each look at the clock finds that a timer of 10 ms is overdue, so Textual skips its call."""
    now = count(step=0.05)
    job = Job("Fix")
    app = OneDialog(job)
    async with app.run_test(size=(80, 24)) as pilot:
        with monkeypatch.context() as late:
            late.setattr("textual.timer._time.get_time", lambda: next(now))
            job.record(Progress(INSTALL, OUTPUT, "the first line\n"))
            await until(pilot, lambda: "the first line" in text_of(app))
