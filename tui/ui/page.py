"""The base of all pages: the tabs above, the key line below, and keys that explain why they cannot act."""

import math
import time
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from textual import events
from textual.actions import SkipAction
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets._toast import ToastRack

from tui.core.actions import with_keys
from tui.ui.error_report import ReportsErrors
from tui.ui.explanation import explain
from tui.ui.key_line import KeyLine
from tui.ui.selectable import SelectsLines
from tui.ui.tabs import Tabs

# Keys of vim, by the key that does the same; a page that has one of them for itself keeps it.
HABITS = {"j": "down", "k": "up", "g": "home", "G": "end", "ctrl+d": "pagedown", "ctrl+u": "pageup"}
READ_ONLY = "The app was started with --read-only: it looks and watches, and changes nothing."
UNKNOWN_AGAIN_S = 2.0
CLOCK_S = 1.0
HABITS_HELP = "j k g G, Ctrl+d and Ctrl+u move as the arrow keys, Home, End and the page keys do."
PAGES = {"hosts": "Hosts", "nfs": "NFS", "launch": "Launch", "migrate": "Migrate", "runs": "Runs", "study": "Study"}


class Page(ReportsErrors, SelectsLines, Screen[None]):
    """One page; a subclass sets `page`, composes its `body`, and returns from `why_not` why a key cannot act."""

    page: ClassVar[str]
    CHANGES: ClassVar[frozenset[str]] = frozenset()  # its actions that change something, here or on a host
    _unknown_at = -math.inf  # when a key was pressed that does nothing
    _clocks: tuple[Timer, ...] = ()
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "y",
            "copy",
            "copy",
            show=False,
            id="page.copy",
            tooltip="Copy what is chosen to the clipboard of the terminal, also over ssh",
        ),
        *(Binding(key, f"press('{same}')", show=False) for key, same in HABITS.items()),
    ]

    def compose(self) -> ComposeResult:
        """The tabs, the body and the key line."""
        mode = self.app.current_mode  # another page may have opened this one
        number = tuple(PAGES).index(mode if mode in PAGES else self.page) + 1
        yield Tabs(tuple(PAGES.values()), number)
        try:
            yield from self.body()
        except Exception as error:  # noqa: BLE001  # its tabs and keys still lead to the other pages
            self.report(type(self).__name__, error)
        yield KeyLine()

    def on_mount(self) -> None:
        for rack in self.query_children(ToastRack):
            self.move_child(rack, after=-1)  # messages are docked where the tabs are, and lie over them

    def every_second(self, callback: Callable[[], Any]) -> None:
        """Call `callback` every second while the page is on the screen, perhaps behind a dialog."""
        self._clocks += (self.set_interval(CLOCK_S, self.guarded(callback)),)

    def on_screen_resume(self) -> None:
        for clock in self._clocks:
            clock.resume()

    def on_screen_suspend(self) -> None:
        if self not in self.app.screen_stack:  # another page is in front: a clock of this one would only wake the app
            for clock in self._clocks:
                clock.pause()

    def body(self) -> ComposeResult:
        """The content between the two lines."""
        yield from ()

    @property
    def run_folder(self) -> Path | None:
        """The folder of the run that the page shows; None if it shows none."""
        return None

    def why_not(self, action: str) -> str:  # noqa: ARG002
        """Why the action of a key of this page cannot act now, as a sentence; empty where it can."""
        return ""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """None for an action that cannot act now: its key is greyed."""
        return None if self.refusal(action) else True

    def refusal(self, action: str) -> str:
        """As `why_not`, and why an action that changes something cannot act if the app only reads."""
        if action in self.CHANGES and getattr(self.app, "read_only", False):
            return READ_ONLY
        return "" if action == "press" else self.why_not(action)  # the key that it stands for is judged

    def to_copy(self) -> str:
        """What y copies: a name, a path or commands; empty if nothing is chosen."""
        return ""

    def action_copy(self) -> None:
        """Copy what the mouse has selected, else what is chosen, by OSC 52: a terminal passes it on also over ssh."""
        text = self.get_selected_text() or self.to_copy()
        if text:
            self.app.copy_to_clipboard(text)
        lines = text.splitlines()
        more = f" and {len(lines) - 1} more line{'s' * (len(lines) > 2)}" if len(lines) > 1 else ""
        self.explain(f"Copied: {lines[0].strip()}{more}." if lines else "There is nothing to copy here.")

    def copies_selection(self) -> bool:
        """Copy what the mouse has selected; False if nothing is."""
        if self.get_selected_text():
            self.action_copy()
            return True
        return False

    def action_copy_text(self) -> None:
        """Copy what the mouse has selected; without a selection the key quits the app."""
        if not self.copies_selection():
            raise SkipAction

    def action_press(self, key: str) -> None:
        """Do what another key does."""
        self.app.simulate_key(key)

    def on_key(self, event: events.Key) -> None:
        """Explain a greyed key, and one that does nothing: Textual does not run it but passes it on to here."""
        active = self.active_bindings.get(event.key)
        if active is None and event.is_printable:
            self._explain_unknown(event.character or "")
        if active is None or active.enabled or active.node is not self:
            return
        event.stop()
        # The app still has to run the key before, if both arrive at once; its action may let this one act.
        self.app.call_later(self.run_or_explain, active.binding.action)

    def _explain_unknown(self, letter: str) -> None:
        """Once for a word that is typed by mistake."""
        began, self._unknown_at = self._unknown_at, time.monotonic()
        if self._unknown_at - began > UNKNOWN_AGAIN_S:
            self.explain(f'The key "{letter}" does nothing here; ? lists the keys.')

    async def run_or_explain(self, action: str) -> None:
        """Run an action of this page as its key does, or explain why it can't act now."""
        if self.app.screen is not self:
            return
        if sentence := self.refusal(action.partition("(")[0]):
            self.explain(sentence)
        else:
            await self.run_action(action)

    def explain(self, sentence: str) -> None:
        """Show a sentence for some seconds, in place of the one before."""
        explain(self.app, self.with_keys(sentence))

    def with_keys(self, sentence: str) -> str:
        """The sentence with the keys of this page and of the app in place of action tokens."""
        return with_keys(sentence, self._keys)

    @cached_property
    def _keys(self) -> dict[str, str]:
        keys = keys_of(type(self.app), type(self))
        own = {id: self.app.get_key_display(Binding(key, "")) for id, key in self.app._keymap.items() if id in keys}
        return keys | {id: _key_name(key) for id, key in own.items()}

    async def on_tabs_chosen(self, message: Tabs.Chosen) -> None:
        await self.app.run_action(f"page('{tuple(PAGES)[message.number - 1]}')")  # as its key


def keys_of(*owners: type) -> dict[str, str]:
    """The key of each action of these classes, by the id of its binding."""
    keys = {f"app.{page}": str(number) for number, page in enumerate(PAGES, 1)}
    for owner in owners:
        for base in owner.mro():
            bindings = (each for each in vars(base).get("BINDINGS", ()) if isinstance(each, Binding) and each.id)
            keys |= {each.id: _key_name(each.key_display or each.key) for each in bindings if each.id}
    return keys


def _key_name(key: str) -> str:
    """The key's name in a sentence: "p", "Enter"."""
    return key.capitalize() if len(key) > 1 and key.isalpha() else key
