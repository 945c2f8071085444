"""The last line of every page and dialog: its keys; one that cannot act now is greyed."""

from typing import Any

from rich.cells import cell_len
from textual import events
from textual.binding import ActiveBinding, Binding
from textual.content import Content
from textual.dom import DOMNode
from textual.screen import Screen

from tui.ui.lines import Lines

GAPS = ("  ", " ")


class KeyLine(Lines):
    """Shows the bindings of its screen.

    If the labels do not fit, they are shortened, then the keys of the focused field are omitted, then the last labels.
    """

    ALLOW_SELECT = False  # a click is a key
    DEFAULT_CSS = """
    KeyLine { dock: bottom; height: 1; text-wrap: nowrap; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._places: list[tuple[int, int, str]] = []

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._bindings_changed)

    def on_resize(self) -> None:
        super().on_resize()
        self._bindings_changed(self.screen)

    def _bindings_changed(self, screen: Screen[object]) -> None:
        if self.is_attached and screen is self.screen:
            self.show(self._line(self.size.width))

    def _line(self, width: int) -> Content:
        shown = [active for active in listed_bindings(self.screen) if active.binding.show]
        keys = [(active, self.app.get_key_display(active.binding)) for active in shown]
        gap, labels = _fit(_texts(keys), width - 1)
        if not all(labels):
            of_screen = [each for each in keys if each[0].node in (self.screen, self.app)]
            gap_without, labels_without = _fit(_texts(of_screen), width - 1)
            if all(labels_without):
                keys, gap, labels = of_screen, gap_without, labels_without
        parts: list[Content | tuple[str, str]] = [Content(" ")]
        self._places, x = [], 1
        for (active, display), label in zip(keys, labels, strict=True):
            text, greyed = f"{display} {label}".rstrip(), "" if active.enabled else "dim"
            self._places.append((x, x + cell_len(text), active.binding.key))
            parts += [(display, greyed or "bold $accent"), (text[len(display) :], greyed), (gap, "")]
            x += cell_len(text + gap)
        return Content.assemble(*(parts if x <= width else parts[:-1]))  # the last gap could be too much for the line

    def on_click(self, event: events.Click) -> None:
        for begin, end, key in self._places:
            if begin <= event.x < end:
                self.app.simulate_key(key)


def listed_bindings(screen: Screen[Any]) -> list[ActiveBinding]:
    """The app's bindings for the key line and the help, each action once: the screen's, its fields', the app's."""
    actives: dict[str, ActiveBinding] = {}
    for active in screen.active_bindings.values():
        if active.binding.id or active.binding.show:  # Textual's own bindings are hidden and have no id
            actives.setdefault(active.binding.action, active)

    def place(active: ActiveBinding) -> tuple[bool, bool, bool]:
        return active.node is screen.app, active.binding.key == "escape", active.node is not screen

    return sorted(actives.values(), key=place)


def bindings_without_key(screen: Screen[Any]) -> list[tuple[DOMNode, Binding]]:
    """The named bindings of the screen and the app whose key something else on the screen has, each with its owner."""
    listed = {active.binding.action for active in screen.active_bindings.values()}
    found: dict[str, tuple[DOMNode, Binding]] = {}
    for owner in (screen, screen.app):
        for base in type(owner).mro():
            bindings = (each for each in vars(base).get("BINDINGS", ()) if isinstance(each, Binding) and each.id)
            for each in bindings:
                if each.action not in listed and owner.check_action(each.action.partition("(")[0], ()) is not False:
                    found.setdefault(each.action, (owner, each))
    return list(found.values())


def _texts(keys: list[tuple[ActiveBinding, str]]) -> list[tuple[str, str]]:
    return [(display, active.binding.description) for active, display in keys]


def _fit(keys: list[tuple[str, str]], width: int) -> tuple[str, list[str]]:
    """The gap and the labels with which all keys fit on one line: as many labels as possible, the first ones."""
    labels = [label for _, label in keys]
    first_words = [label.split(" ")[0] for label in labels]
    fewer = ([*first_words[:count], *[""] * (len(keys) - count)] for count in range(len(keys) - 1, -1, -1))
    for tried in (labels, first_words, *fewer):
        for gap in GAPS:
            texts = [f"{display} {label}".rstrip() for (display, _), label in zip(keys, tried, strict=True)]
            if cell_len(gap.join(texts)) <= width:
                return gap, tried
    return GAPS[-1], [""] * len(keys)
