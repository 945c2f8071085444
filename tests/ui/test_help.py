"""The help screen by itself."""

import re

from textual.app import App

from tests.ui.one_page import text_of
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
