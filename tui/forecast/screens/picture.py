"""The forecast with its picture in full."""

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from tui.forecast.backend.current import CurrentForecast
from tui.forecast.widgets.picture import curve_picture
from tui.forecast.widgets.words import ForecastWords
from tui.ui.chart.chart import Chart
from tui.ui.chart.picture import Picture
from tui.ui.dialog import Dialog

HOW_TO_READ = "Pre-copy ends if, right of D, the VM dirties less than the link sends."


class PictureDialog(Dialog[None]):
    """Follows the forecast of the form below it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,f", "close", "back", priority=True)]
    DEFAULT_CSS = """
    PictureDialog #how_to_read { color: $text-muted; }
    PictureDialog > Box { width: 100%; height: 100%; overflow-y: hidden; }
    """

    def __init__(self, forecast: CurrentForecast, name: str) -> None:
        super().__init__(f"Forecast of {name}")
        self._forecast = forecast
        self._listener: Callable[[], object] = lambda: self.call_later(self._show)

    def body(self) -> ComposeResult:
        """The sentences above the picture."""
        yield ForecastWords()
        yield Static(HOW_TO_READ, id="how_to_read")
        yield Chart()

    def on_mount(self) -> None:
        self._forecast.listen(self._listener)
        self._show()

    def on_unmount(self) -> None:
        self._forecast.stop_listening(self._listener)

    def _show(self) -> None:
        comparison = self._forecast.comparison
        self.query_one(ForecastWords).show_words(self._forecast.note, comparison, wrong=self._forecast.failed)
        self.query_one(Chart).picture = picture_of(self._forecast)


def picture_of(forecast: CurrentForecast) -> Picture:
    """The picture of what is known by now."""
    comparison, empty = forecast.comparison, "There is no forecast."
    if forecast.measuring or (forecast.inputs and not forecast.failed):
        empty = "There is no forecast yet."
    return curve_picture(comparison.inputs if comparison else None, empty)
