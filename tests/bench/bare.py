"""A bare Textual app of two screens, to which the figures of vmlm-tui are compared: `python -m tests.bench.bare`."""

from textual.app import App, ComposeResult
from textual.screen import Screen
from textual.widgets import Static

NAMES = ("Bare one", "Bare two")


class Bare(Screen[None]):
    """One line of text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def compose(self) -> ComposeResult:
        yield Static(self._text)


class BareApp(App[None]):
    """The keys 1 and 2 show its screens, q ends it."""

    MODES = {name: lambda name=name: Bare(name) for name in NAMES}  # type: ignore[misc]
    BINDINGS = [("q", "quit"), *((str(number), f"switch_mode({name!r})") for number, name in enumerate(NAMES, 1))]

    def on_mount(self) -> None:
        """Show the first screen."""
        self.switch_mode(NAMES[0])


if __name__ == "__main__":
    BareApp().run()
