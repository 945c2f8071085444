"""Asks how the guest of a VM is reached."""

from textual.app import ComposeResult
from textual.binding import Binding
from textual.content import Content
from textual.widgets import Input, Static

from tui.core.ssh_target import is_target
from tui.guest.model.agent import AGENT
from tui.ui.form import Form, WrongField, enter, text_field

WORD = "agent"


class AddressDialog(Form[str]):
    """Dismissed with an ssh address or AGENT, "" to forget it; with None for Esc.

    `found` is the address at which the guest was found, "" where it was not.
    """

    BINDINGS = [
        enter("keep it"),
        Binding("down", "take", "the one that was found", priority=True),
    ]
    DEFAULT_CSS = "AddressDialog Input { width: 1fr; margin: 1 0; }"

    def __init__(self, name: str, address: str, found: str = "") -> None:
        super().__init__(f"The guest of {name}")
        self._address = WORD if address == AGENT else address
        self._found = found

    def fields(self) -> ComposeResult:
        yield Static(Content("How does ssh on this host reach it? [USER@]HOST[:PORT], or a name of ~/.ssh/config."))
        yield Static(Content(f'"{WORD}" where no network leads to it: through its qemu-guest-agent, as root.'))
        yield text_field("address", self._address)
        if self._found:
            yield Static(Content(f"It was found at {self._found}: down takes that."))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """There may be nothing to take."""
        return bool(self._found) if action == "take" else super().check_action(action, parameters)

    def action_take(self) -> None:
        field = self.query_one(Input)
        field.value = self._found
        field.cursor_position = len(self._found)

    def entered(self) -> None:
        text = self.text("address").strip()
        if text and text != WORD and not is_target(text):
            raise WrongField("address", f'"{text}" is no ssh address, such as user@192.0.2.50, and not "{WORD}".')
        self.dismiss(AGENT if text == WORD else text)
