"""What comes of what a person asked for: what is being done and for how long, then how it ended, until the next one."""

import time

from textual.content import Content

from tui.core.actions import WithKeys
from tui.core.failure import Failure
from tui.ui.lines import Lines

MOST_DETAIL = 8  # lines of the other side's own words


class Report(Lines):
    """Empty until there is something to say; a failure brings the other side's own words with it."""

    DEFAULT_CSS = """
    Report { height: auto; }
    """

    def __init__(self, with_keys: WithKeys, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._with_keys = with_keys
        self._text = ""
        self._began: float | None = None
        self._parts: tuple[tuple[str, str], ...] = ()

    def begin(self, text: str) -> None:
        """Something is being done from now on."""
        self._began = time.monotonic()
        self.step(text)

    def step(self, text: str) -> None:
        """What is being done at this moment."""
        self._text = text
        self.tick()

    def tick(self) -> None:
        """The time has gone on."""
        if self._began is not None:
            passed = int(time.monotonic() - self._began)
            self._say((f"{self._text} ... {passed} s" if passed else f"{self._text} ...", "bold"))

    def end(self, text: str, style: str = "") -> None:
        """It is done; an empty text leaves nothing to say."""
        self._began = None
        self._say((text, style))

    def fail(self, failure: Failure) -> None:
        """It was refused, or went wrong."""
        self._began = None
        detail = [line for line in failure.detail.splitlines() if line.strip() and line.strip() not in str(failure)]
        more = [(line.rstrip(), "dim") for line in detail[:MOST_DETAIL]]
        if len(detail) > MOST_DETAIL:
            more.append((f"and {len(detail) - MOST_DETAIL} more lines", "dim"))
        self._say((str(failure), "bold $error"), *more)

    def on_resize(self) -> None:
        super().on_resize()
        self._draw()

    def _say(self, *parts: tuple[str, str]) -> None:
        self._parts = tuple((self._with_keys(text), style) for text, style in parts if text)
        self._draw()

    def _draw(self) -> None:
        width = max(10, self.size.width - 2)
        lines = (line for text, style in self._parts for line in Content.styled(text, style).wrap(width))
        self.show(*(Content.assemble(" ", line) for line in lines))
