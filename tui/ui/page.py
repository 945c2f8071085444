"""The base of all pages: the tabs above, the key line below, and keys that explain why they cannot act."""

from functools import cached_property
from pathlib import Path
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.screen import Screen

from tui.core.actions import with_keys
from tui.ui.error_report import ReportsErrors
from tui.ui.key_line import KeyLine
from tui.ui.tabs import Tabs

PAGES = {"hosts": "Hosts", "nfs": "NFS", "launch": "Launch", "migrate": "Migrate", "runs": "Runs", "study": "Study"}


class Page(ReportsErrors, Screen[None]):
    """One page; a subclass sets `page`, composes its `body`, and returns from `why_not` why a key cannot act."""

    page: ClassVar[str]

    def compose(self) -> ComposeResult:
        """The tabs, the body and the key line."""
        mode = self.app.current_mode  # another page may have opened this one
        number = tuple(PAGES).index(mode if mode in PAGES else self.page) + 1
        yield Tabs(tuple(PAGES.values()), number, self.app.title, self.app.sub_title)
        try:
            yield from self.body()
        except Exception as error:  # noqa: BLE001  # its tabs and keys still lead to the other pages
            self.report(type(self).__name__, error)
        yield KeyLine()

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
        return None if self.why_not(action) else True

    def on_key(self, event: events.Key) -> None:
        """Explain a greyed key: Textual does not run it but passes it on to here."""
        active = self.active_bindings.get(event.key)
        if active is None or active.enabled or active.node is not self:
            return
        event.stop()
        # The app still has to run the key before, if both arrive at once; its action may let this one act.
        self.app.call_later(self._run_or_explain, active.binding.action)

    async def _run_or_explain(self, action: str) -> None:
        if self.app.screen is not self:
            return
        if sentence := self.why_not(action.partition("(")[0]):
            self.explain(sentence)
        else:
            await self.run_action(action)

    def explain(self, sentence: str) -> None:
        """Show a sentence for some seconds."""
        self.notify(self.with_keys(sentence), markup=False, timeout=8)

    def with_keys(self, sentence: str) -> str:
        """The sentence with the keys of this page and of the app in place of action tokens."""
        return with_keys(sentence, self._keys)

    @cached_property
    def _keys(self) -> dict[str, str]:
        return keys_of(type(self.app), type(self))

    def on_tabs_chosen(self, message: Tabs.Chosen) -> None:
        self.app.switch_mode(tuple(PAGES)[message.number - 1])


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
