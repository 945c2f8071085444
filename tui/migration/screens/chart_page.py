"""A page with the charts of a migration, and the keys that change what they show."""

from textual.binding import Binding, BindingType

from tui.migration.widgets.board import LEAST, LEAST_BESIDE, Board
from tui.ui.page import Page

FULL = "charts.full"
CHART_KEYS = ("chart", "zoom", "pan", "cursor", "log_scale", "whole")


CHART_BINDINGS: tuple[BindingType, ...] = (
    Binding("f", "chart(1)", "chart", key_display="f F", id=FULL,
            tooltip="One chart in full, also what each pass left, what was sent, expected downtime, throttling, "
            "faults; then all again"),
    Binding("F", "chart(-1)", "chart", show=False),
    Binding("left", "cursor(-1)", "cursor", show=False, key_display="left right", id="charts.cursor",
            tooltip="A line through all charts, with all values of its moment; with Shift ten columns; or a click"),
    Binding("right", "cursor(1)", "cursor", show=False),
    Binding("shift+left", "cursor(-10)", "cursor", show=False),
    Binding("shift+right", "cursor(10)", "cursor", show=False),
    Binding("z", "zoom(1)", "zoom", show=False, key_display="z Z", id="charts.zoom",
            tooltip="Half of the time, or twice of it, around the cursor"),
    Binding("Z", "zoom(-1)", "zoom", show=False),
    Binding("comma,less_than_sign", "pan(-1)", "earlier", show=False, key_display="< >", id="charts.pan",
            tooltip="Earlier, later, if only a part of the time is shown"),
    Binding("full_stop,greater_than_sign", "pan(1)", "later", show=False),
    Binding("Y", "log_scale", "log scale", show=False, id="charts.log-scale",
            tooltip="Memory on a logarithmic scale, or not: what remains near the limit becomes visible"),
    Binding("0", "whole", "whole", show=False, id="charts.whole",
            tooltip="All charts and all of the time, also after the end; again: as at first"),
)  # fmt: skip


class ChartPage(Page):
    """Its body has a Board; a subclass adds CHART_BINDINGS to its own."""

    def on_mount(self) -> None:
        for board in self.query(Board):
            board.key = self._keys.get(FULL, "")  # a still picture has no keys

    def why_not(self, action: str) -> str:
        """Charts that are not shown do not react."""
        if action.partition("(")[0] not in CHART_KEYS:
            return ""
        if not self._has_charts:
            return "There are no charts yet."
        if not self._has_room:
            return "There is no room for the charts."
        if action == "log_scale" and not all(board.shows_amounts for board in self.query(Board)):
            return "Only charts of amounts of memory have a logarithmic scale."
        return ""

    @property
    def _has_charts(self) -> bool:
        """Whether there is a migration to show."""
        raise NotImplementedError

    @property
    def _has_room(self) -> bool:
        """Whether the charts are shown beside all else."""
        return True

    @property
    def _has_result(self) -> bool:
        """Whether the result of the migration stands beside the charts."""
        return False

    @property
    def _board(self) -> Board:
        return self.query_one(Board)

    def action_chart(self, direction: int) -> None:
        """Show the next chart alone, or all again; the lines around it make room."""
        self._board.show_next(direction)
        self._arrange()

    def action_cursor(self, columns: int) -> None:
        """Move the cursor."""
        self._board.move_cursor(columns)

    def action_zoom(self, direction: int) -> None:
        """Show a shorter or longer part of the time."""
        self._board.zoom(direction)

    def action_pan(self, direction: int) -> None:
        """Show a later or earlier part of the time."""
        self._board.pan(direction)

    def action_log_scale(self) -> None:
        """Draw memory on a logarithmic scale, or not."""
        self._board.toggle_log()

    def action_whole(self) -> None:
        """Show all charts and all of the time."""
        self._board.show_all()
        self._arrange()

    def undo_view(self) -> bool:
        """Show all charts as they are shown at first; False if there is nothing to undo."""
        if not self._has_room or not any(board.view.partial for board in self.query(Board)):  # none while it closes
            return False
        self._board.show_usual()
        self._arrange()
        return True

    def _arrange(self) -> None:
        """Hide the lines around a chart that is shown alone; beside a result no chart is squeezed."""
        self._board.least = LEAST_BESIDE if self._has_result else LEAST
        self.set_class(self._has_room and bool(self._board.view.chart), "full")
