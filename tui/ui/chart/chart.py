"""The chart widget: shows a Picture and repaints only the changed characters."""

from collections.abc import Sequence
from dataclasses import replace

from rich.segment import Segment
from rich.style import Style
from textual import events, work
from textual.color import Color, ColorParseError
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip

from tui.core.threads import on_thread
from tui.ui.chart.curves import Curves, is_loaded, load
from tui.ui.chart.paper import (
    AHEAD,
    AREA_HIGHER,
    BAND,
    BLANK,
    CURSOR,
    EMPTY,
    FRAME,
    LABEL,
    LEVEL,
    ON_AREA,
    OTHER_HIGHER,
    SERIES,
    SIGN,
    TITLE,
    Row,
)
from tui.ui.chart.picture import AREA, Picture
from tui.ui.chart.sheet import Sheet, labels_wide, sheet_of, time_scale
from tui.ui.selectable import SelectableLines

COMPONENTS = {  # by ink
    FRAME: "chart--frame",
    TITLE: "chart--title",
    LABEL: "chart--label",
    SIGN: "chart--sign",
    LEVEL: "chart--level",
    EMPTY: "chart--empty",
    BAND: "chart--band",
    CURSOR: "chart--cursor",
    AREA_HIGHER: "chart--area-higher",
    OTHER_HIGHER: "chart--other-higher",
    AHEAD: "chart--ahead",
}


class Chart(SelectableLines):
    """A chart that fills its widget; set `picture` to draw."""

    COMPONENT_CLASSES = set(COMPONENTS.values())
    DEFAULT_CSS = """
    Chart { width: 1fr; height: 1fr; }
    Chart > .chart--frame { color: $foreground 35%; }
    Chart > .chart--title { color: $foreground; text-style: bold; }
    Chart > .chart--label { color: $foreground 75%; }
    Chart > .chart--sign { color: $text-accent; text-style: bold; }
    Chart > .chart--level { color: $text-error; }
    Chart > .chart--band { color: $text-error; text-style: bold; }
    Chart > .chart--cursor { color: $text-accent; text-style: bold; }
    Chart > .chart--area-higher { color: $text-success; }
    Chart > .chart--other-higher { color: $text-error; text-style: bold; }
    Chart > .chart--ahead { color: $text-warning; }
    Chart > .chart--empty { color: $foreground 60%; }
    """

    class Clicked(Message):
        """A click at this moment, in seconds."""

        def __init__(self, moment: float) -> None:
            super().__init__()
            self.moment = moment

    picture: reactive[Picture] = reactive(Picture(""), repaint=False, init=False)

    def __init__(self, picture: Picture | None = None, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._rows: Sequence[Row] = ()
        self._sheet = Sheet(())
        self._drawn: tuple[Picture, Size, bool] | None = None  # of which the sheet is: without cursor, size, curves
        self._curves = Curves()
        self._styles: dict[str, Style] = {}
        self.set_reactive(Chart.picture, picture or Picture(""))

    @property
    def line_texts(self) -> Sequence[str]:
        return [row.text for row in self._rows]

    def on_mount(self) -> None:
        if self.picture.series:
            self._load()

    @work
    async def _load(self) -> None:
        """Load plotext, which takes 9 MiB, once there are curves; on a thread, so that keys are handled meanwhile."""
        if not is_loaded():
            await on_thread(load)
            self._draw()

    def watch_picture(self, old: Picture, new: Picture) -> None:
        """Draw the new picture."""
        if new.series and not old.series:
            self._load()
        self._draw()
        if [each.color for each in old.series] != [each.color for each in new.series]:
            self.refresh()

    def on_resize(self) -> None:
        self._draw()

    def on_click(self, event: events.Click) -> None:
        width = self.size.width
        scale, column = time_scale(self.picture, width), event.x - labels_wide(width) - 1
        if 0 <= column < scale.columns:
            self.post_message(self.Clicked(scale.moment(column + 0.5)))

    def _draw(self) -> None:
        """Draw the picture, or only its cursor, and request a repaint of the changed cells."""
        needed = replace(self.picture, cursor=None), self.size, is_loaded()
        if needed != self._drawn:
            self._drawn = needed
            self._sheet = sheet_of(self.picture, *self.size, self._curves if is_loaded() else None)
        before, self._rows = self._rows, self._sheet.with_cursor(self.picture.cursor)
        rows = self._rows
        if len(before) != len(rows) or (rows and len(before[0].text) != len(rows[0].text)):
            self.refresh()
            return
        changed = [
            Region(start, y, end - start, 1)
            for y, (old, new) in enumerate(zip(before, rows, strict=True))
            if old != new
            for start, end in old.changes(new)
        ]
        if changed:
            self.refresh(*changed)

    def render_line(self, y: int) -> Strip:
        if y >= len(self._rows):
            return Strip.blank(self.size.width, self.rich_style)
        strip = Strip([Segment(text, self._style(ink)) for text, ink in self._rows[y].runs()], self.size.width)
        return self.with_selection(strip, y)

    def notify_style_update(self) -> None:
        self._styles.clear()
        super().notify_style_update()

    def _style(self, ink: int) -> Style:
        """The style of an ink, cached: a lookup per run of each line took a quarter of the time of a repaint."""
        on_area, ink = ink & ON_AREA, ink & ~ON_AREA
        name = self._color_name(ink)
        key = f"{name} {self._area}" if on_area else name
        if key not in self._styles:
            style = self._lookup(ink, name)
            self._styles[key] = self._on_area(style) if on_area else style
        return self._styles[key]

    def _color_name(self, ink: int) -> str:
        series = self.picture.series
        return series[ink - SERIES].color if SERIES <= ink < SERIES + len(series) else str(ink)

    @property
    def _area(self) -> str:
        """The colour of the area, on which other curves are drawn."""
        return next((each.color for each in self.picture.series if each.form == AREA), "")

    def _on_area(self, style: Style) -> Style:
        """Reversed, so that the cell remains filled without colours, too."""
        filled = self._color(self._area)
        return Style(color=filled.color, bgcolor=style.color, reverse=True)

    def _lookup(self, ink: int, name: str) -> Style:
        if ink in COMPONENTS:
            return self.get_component_rich_style(COMPONENTS[ink])
        return self.rich_style if ink == BLANK or name == str(ink) else self._color(name)

    def _color(self, name: str) -> Style:
        """The style of a colour of the theme, or of any colour name of Textual."""
        try:
            color = Color.parse(self.app.get_css_variables().get(name, name))
        except ColorParseError:
            return self.rich_style
        return self.rich_style + Style(color=color.rich_color)
