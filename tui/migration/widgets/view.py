"""What the charts of a migration show: one of them or all, a part of the time, and where the cursor is."""

import math
from dataclasses import dataclass, replace

LEAST_S = 0.5  # the shortest part of the time that is shown
EVERYTHING = math.inf


@dataclass(frozen=True)
class View:
    """Each method returns the view after it; `whole` is the length of the time that has values, in seconds.

    `usual` is what is shown of it at first, from the start.
    """

    chart: str = ""  # the only one that is shown; "" for all
    length: float | None = None  # seconds that are shown; None for what is shown at first, EVERYTHING for all
    end: float | None = None  # of the part that is shown; None: the newest moment
    cursor: float | None = None
    log: bool = False  # amounts of memory on a logarithmic scale

    @property
    def partial(self) -> bool:
        """Whether one chart, a part of the time or the cursor is shown."""
        return self != View(log=self.log)

    def window(self, whole: float, usual: float = math.inf) -> tuple[float, float] | None:
        """The part of the time that is shown; None for all."""
        if self.length is None:
            return (0.0, usual) if usual < whole else None
        if self.length >= whole:
            return None
        end = min(whole, max(self.length, whole if self.end is None else self.end))
        return end - self.length, end

    def next(self, charts: list[str], direction: int) -> "View":
        """Show the next chart alone (1) or the previous one (-1); all charts are between the last and the first."""
        choice = ["", *charts]
        at = choice.index(self.chart) if self.chart in choice else 0
        return replace(self, chart=choice[(at + direction) % len(choice)])

    def zoomed(self, direction: int, whole: float, usual: float = math.inf) -> "View":
        """Show half of the time (1) or twice of it (-1), around the cursor, else up to the same end."""
        view = self._explicit(whole, usual)
        shown = min(whole, view.length or whole)
        length = max(LEAST_S, shown / 2) if direction > 0 else 2 * shown
        if length >= whole or (direction < 0 and self.length is None):
            return self.everything(whole, usual)
        return replace(view, length=length) if view.cursor is None else replace(view, length=length)._around(whole)

    def panned(self, direction: int, whole: float, usual: float = math.inf) -> "View":
        """Show half of the window later (1) or earlier (-1)."""
        window, view = self.window(whole, usual), self._explicit(whole, usual)
        if window is None or view.length is None:
            return self
        end = max(view.length, window[1] + direction * view.length / 2)
        return self if end == window[1] else replace(view, end=None if end >= whole else end)

    def at(self, moment: float, whole: float, usual: float = math.inf) -> "View":
        """Put the cursor there; the window follows it."""
        view = replace(self, cursor=min(max(0.0, moment), whole))
        window = view.window(whole, usual)
        if window is None or view.cursor is None or window[0] <= view.cursor <= window[1]:
            return view
        return view._explicit(whole, usual)._around(whole)

    def everything(self, whole: float, usual: float = math.inf) -> "View":
        """Show all of the time."""
        return replace(self, length=EVERYTHING if usual < whole else None, end=None)

    def _explicit(self, whole: float, usual: float) -> "View":
        """The same with its length, if that is what is shown at first and not all."""
        return replace(self, length=usual, end=usual) if self.length is None and usual < whole else self

    def _around(self, whole: float) -> "View":
        """Show the time around the cursor."""
        if self.cursor is None or self.length is None:
            return self
        return replace(self, end=min(whole, max(self.length, self.cursor + self.length / 2)))
