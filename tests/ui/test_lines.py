"""Lines of text in the layout of a page."""

from textual.app import App, ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.geometry import Region
from textual.strip import Strip

from tests.ui.one_page import text_of, until
from tui.ui.lines import Lines, changed, rendered


class OneLine(App[None]):
    def compose(self) -> ComposeResult:
        with VerticalScroll():
            yield Lines()


async def test_lines_that_come_while_a_layout_is_pending_get_their_height() -> None:
    """A layout for another reason may run in between, and Textual then keeps the height of before."""
    app = OneLine()
    async with app.run_test() as pilot:
        lines = app.query_one(Lines)
        lines.refresh(layout=True)
        app.screen._refresh_layout()
        lines.show(Content("web"))
        await until(pilot, lambda: lines.size.height == 1)


async def test_what_only_moved_in_its_text_is_not_painted_again() -> None:
    app = OneLine()
    async with app.run_test():
        lines = app.query_one(Lines)
        one, two = (
            rendered(lines, Content.assemble("=" * at, ("o", "bold"), ("-" * (9 - at), "dim")), 10) for at in (3, 4)
        )
        assert changed(0, one, two) == Region(3, 0, 2, 1)


async def test_lines_of_a_page_that_is_gone_are_kept_without_drawing_them() -> None:
    """A reply may come while the app ends."""
    app = OneLine()
    async with app.run_test() as pilot:
        lines = app.query_one(Lines)
        lines.show(Content("web"))
        await until(pilot, lambda: lines.size.height == 1)
    lines._strips = [Strip.blank(3)]  # what was drawn before the end
    lines.show(Content("db"))
    assert lines.text == "db"


class Short(App[None]):
    CSS = "Lines { max-height: 2; }"

    def compose(self) -> ComposeResult:
        yield Lines()


async def test_the_last_line_in_view_has_a_mark_if_others_have_no_room() -> None:
    app = Short()
    async with app.run_test(size=(10, 5)) as pilot:
        lines = app.query_one(Lines)
        for words in (("one", "two"), ("one", "two", "three"), ("one", "0123456789", "three")):
            lines.show(*map(Content, words))
            last = {2: "two"}.get(len(words), "two…" if words[1] == "two" else "012345678…")
            await until(pilot, lambda last=last: text_of(app).split() == ["one", last])
        assert lines.text == "one\n0123456789\nthree"
