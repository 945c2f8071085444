"""The dialog that shows what is being done, alone."""

from textual.app import App

from tests.ui.one_page import text_of, until
from tui.checklist.backend.jobs import Job
from tui.checklist.screens.progress import ProgressDialog
from tui.core.actions import without_keys


class OneDialog(App[None]):
    def __init__(self, job: Job) -> None:
        super().__init__()
        self.work = job

    def on_mount(self) -> None:
        self.push_screen(ProgressDialog(self.work, without_keys))


async def test_the_output_is_followed_also_when_the_words_above_it_take_more_room_and_until_it_is_scrolled() -> None:
    job = Job("Fix")
    app = OneDialog(job)
    async with app.run_test(size=(80, 24)) as pilot:
        for number in range(30):
            job.prints(f"line {number} of the old\n")
        await until(pilot, lambda: "line 29 of the old" in text_of(app))
        job.begins("storage", f"apt-get install {'a-package ' * 12}")
        job.prints("the first of the new\n")
        await until(pilot, lambda: "the first of the new" in text_of(app))
        await pilot.press("up", "up", "up")
        await until(pilot, lambda: "the first of the new" not in text_of(app))
        before = text_of(app).splitlines()[-3]
        job.prints("".join(f"more {number}\n" for number in range(30)))
        job.ends()
        await until(pilot, lambda: "looking at the hosts again" in text_of(app))
        assert "more" not in text_of(app)
        assert before.strip("│ ") in text_of(app)
