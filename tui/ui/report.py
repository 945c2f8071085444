"""The report of a request of the user: its progress and elapsed time, then its outcome, until the next request."""

import time
from collections.abc import Sequence

from textual.content import Content

from tui.core.actions import WithKeys
from tui.core.failure import Failure
from tui.ui.lines import Lines

MOST_DETAIL = 8  # lines of the detail of a failure


class Report(Lines):
    """Empty until the first request; a Failure is shown with its detail."""

    def __init__(self, with_keys: WithKeys, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._with_keys = with_keys
        self._text = ""
        self._began: float | None = None
        self._parts: tuple[tuple[str, str], ...] = ()

    def begin(self, text: str) -> None:
        """Start the clock of a request."""
        self._began = time.monotonic()
        self.step(text)

    def step(self, text: str) -> None:
        """Replace the text of the progress."""
        self._text = text
        self.tick()

    def tick(self) -> None:
        """Update the elapsed time."""
        if self._began is not None:
            passed = int(time.monotonic() - self._began)
            self._replace((f"{self._text} ... {passed} s" if passed else f"{self._text} ...", "bold"))

    def end(self, text: str, style: str = "") -> None:
        """Show the outcome, or nothing where it is empty."""
        self._began = None
        self._replace((text, style))

    def fail(self, failure: Failure) -> None:
        """Show the failure with the start of its detail."""
        self._began = None
        detail = [line for line in failure.detail.splitlines() if line.strip() and line.strip() not in str(failure)]
        more = [(line.rstrip(), "dim") for line in detail[:MOST_DETAIL]]
        if len(detail) > MOST_DETAIL:
            more.append((f"and {len(detail) - MOST_DETAIL} more lines", "dim"))
        self._replace((str(failure), "bold $error"), *more)

    def list_outcomes(self, outcomes: Sequence[tuple[str, str]]) -> None:
        """Show several outcomes, each with its style."""
        self._began = None
        self._replace(*outcomes)

    def on_resize(self) -> None:
        super().on_resize()
        self._draw()

    def _replace(self, *parts: tuple[str, str]) -> None:
        self._parts = tuple((self._with_keys(text), style) for text, style in parts if text)
        self._draw()

    def _draw(self) -> None:
        width = max(10, self.size.width - 2)
        lines = (line for text, style in self._parts for line in Content.styled(text, style).wrap(width))
        self.show(*(Content.assemble(" ", line) for line in lines))
