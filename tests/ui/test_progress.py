"""The dialog that shows what is being done, alone."""

from textual.app import App

from tests.ui.one_page import text_of, until
from tui.checklist.backend.jobs import Work
from tui.checklist.screens.progress import ProgressDialog


class OneDialog(App[None]):
    def __init__(self, work: Work) -> None:
        super().__init__()
        self.work = work

    def on_mount(self) -> None:
        self.push_screen(ProgressDialog(self.work))


async def test_the_output_is_followed_also_when_the_words_above_it_take_more_room_and_until_it_is_scrolled() -> None:
    work = Work("Fix")
    app = OneDialog(work)
    async with app.run_test(size=(80, 24)) as pilot:
        for number in range(30):
            work.prints(f"line {number} of the old\n")
        await until(pilot, lambda: "line 29 of the old" in text_of(app))
        work.begins("storage", f"apt-get install {'a-package ' * 12}")
        work.prints("the first of the new\n")
        await until(pilot, lambda: "the first of the new" in text_of(app))
        await pilot.press("up", "up", "up")
        await until(pilot, lambda: "the first of the new" not in text_of(app))
        before = text_of(app).splitlines()[-3]
        work.prints("".join(f"more {number}\n" for number in range(30)))
        work.ends()
        await until(pilot, lambda: "looking at the hosts again" in text_of(app))
        assert "more" not in text_of(app)
        assert before.strip("│ ") in text_of(app)
