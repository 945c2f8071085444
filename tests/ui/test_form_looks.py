"""What every form shows: which field has the focus, and below which one a sentence stands."""

import pytest
from textual.app import App, ComposeResult
from textual.pilot import Pilot
from textual.widget import Widget
from textual.widgets import Input

from tests.ui.migrate_screen import page_of
from tests.ui.one_page import text_of
from tests.ui.replay import ReplayedMigrations
from tui.app.theme import THEMES
from tui.core.failure import WrongField
from tui.core.plan import PRE_COPY, TECHNIQUES, Plan
from tui.ui.choice import Choice
from tui.ui.dialog import Box
from tui.ui.form import Form, number_field, row, text_field


class Three(Form[None]):
    DEFAULT_CSS = "Three .wide .label { width: 32; }"

    def fields(self) -> ComposeResult:
        yield row("first one", text_field("first", ""))
        yield row("second one", Choice(("a", "b"), id="second"))
        with Widget(classes="wide") as wide:
            wide.styles.height = "auto"
            yield row("third one", number_field("third", 5))

    def entered(self) -> None:
        raise WrongField(self.text("first") or "third", "5 is too much", "3 is the limit")


def reversed_words(app: App[None]) -> list[str]:
    """The words on the screen that are shown reversed, from top to bottom."""
    strips = app.screen._compositor.render_strips()
    shown = [part.text.strip() for strip in strips for part in strip if part.style is not None and part.style.reverse]
    return list(filter(None, shown))


async def opened(pilot: Pilot[None]) -> Three:
    form = Three("Form")
    await pilot.app.push_screen(form)
    await pilot.pause()
    return form


@pytest.mark.parametrize("theme", [*THEMES, "no colour"])
async def test_the_label_of_the_focused_field_is_reversed_and_no_other(
    theme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if theme not in THEMES:
        monkeypatch.setenv("NO_COLOR", "1")
    app: App[None] = App(ansi_color=True)
    for each in THEMES.values():
        app.register_theme(each)
    app.theme = theme if theme in THEMES else "vmlm-dark"
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        for label, value in (("first one", ""), ("second one", "< a >"), ("third one", "5"), ("first one", "")):
            assert reversed_words(app) == [each for each in (label, value) if each]
            await pilot.press("down")
            await pilot.pause()


@pytest.mark.parametrize("field", ["first", "second", "third"])
async def test_the_sentence_on_a_wrong_field_begins_where_the_field_does(field: str) -> None:
    app: App[None] = App()
    async with app.run_test(size=(80, 24)) as pilot:
        form = await opened(pilot)
        form.query_one("#first", Input).value = field
        await pilot.press("enter")
        await pilot.pause()
        lines = text_of(app).splitlines()
        at = form.query_one(f"#{field}").region
        assert lines[at.y + 1][at.x :].startswith("5 is too much")
        assert not lines[at.y + 1][: at.x].strip(" │")


async def test_a_technique_with_fewer_fields_leaves_no_hole_and_moves_no_row_above() -> None:
    async with page_of(ReplayedMigrations(), Plan("guest1", PRE_COPY)) as page:
        await page.pilot.press("m", "down")
        tops, ends = set(), set()
        for _ in TECHNIQUES:
            await page.pilot.press("left")
            await page.pilot.pause()
            screen = page.app.screen
            tops.add(tuple(screen.query_one(each).region.y for each in ("#row-vm", "#row-technique")))
            box, last = screen.query_one(Box).region, screen.query_one("#row-parallel").region
            ends.add(box.bottom - last.bottom)
        assert (len(tops), len(ends)) == (1, 1)
