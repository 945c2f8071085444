"""Lines of text in the layout of a page."""

from textual.app import App, ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content

from tests.ui.one_page import until
from tui.ui.lines import Lines


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
