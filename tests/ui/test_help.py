"""The help screen by itself."""

import re

from textual.app import App

from tests.ui.one_page import text_of, until
from tui.ui.help import Help, HelpKey

KEYS = (HelpKey("m", f"Start a migration: {'opens the form, ' * 6}Enter starts"), HelpKey("enter", "Short"))


async def test_a_long_explanation_of_a_key_is_indented_below_its_first_line() -> None:
    app: App[None] = App()
    async with app.run_test(size=(80, 24)) as pilot:
        await app.push_screen(Help("Keys", "", KEYS))
        await pilot.pause()
        rows = [line.partition("│ ")[2].rstrip("│ ") for line in text_of(app).splitlines()]
    first = next(number for number, row in enumerate(rows) if "Start a migration" in row)
    after = rows.index("   enter  Short")
    assert rows[first].startswith("       m  Start a migration: opens the form, ")
    assert after > first + 1
    assert all(re.match(" {10}[a-zE]", row) for row in rows[first + 1 : after])


async def test_what_is_typed_leaves_only_the_keys_with_these_words() -> None:
    app: App[None] = App()
    keys = [
        HelpKey("m", "Start a migration"),
        HelpKey("c", "Cancel the migration", "Nothing runs."),
        HelpKey("q", "Quit"),
    ]
    async with app.run_test(size=(80, 24)) as pilot:
        await app.push_screen(Help("Keys", "What the page is for.", keys))
        await until(pilot, lambda: "What the page is for." in text_of(app))
        await pilot.press(*"migr")
        await until(pilot, lambda: "Quit" not in text_of(app))
        assert "Start a migration" in text_of(app)
        assert "What the page is for." not in text_of(app)
        await pilot.press("space", *"ca")
        await until(pilot, lambda: "Start" not in text_of(app))
        assert "not now: Nothing runs." in text_of(app)
        await pilot.press("q")  # a letter of the words, as any other
        await until(pilot, lambda: "No key has these words." in text_of(app))


async def test_q_closes_the_help_while_nothing_is_typed() -> None:
    app: App[None] = App()
    async with app.run_test(size=(80, 24)) as pilot:
        await app.push_screen(Help("Keys", "", KEYS))
        await until(pilot, lambda: "Short" in text_of(app))
        await pilot.press("q")
        await until(pilot, lambda: not isinstance(app.screen, Help))


async def test_a_help_longer_than_the_screen_is_scrolled_by_the_arrow_keys() -> None:
    app: App[None] = App()
    async with app.run_test(size=(80, 24)) as pilot:
        await app.push_screen(Help("Keys", "", [HelpKey("x", f"number {n}.") for n in range(60)]))
        await until(pilot, lambda: "number 1." in text_of(app))
        await pilot.press("down", "pagedown", "pagedown", "pagedown", "pagedown")
        await until(pilot, lambda: "number 59." in text_of(app))
        await pilot.press("pageup", "pageup", "pageup", "pageup", "up")
        await until(pilot, lambda: "number 1." in text_of(app))
