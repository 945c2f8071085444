"""The dialog for the address of a VM's guest."""

from textual.app import ComposeResult
from textual.binding import Binding
from textual.content import Content
from textual.widgets import Input, Static

from tui.core.failure import WrongField
from tui.core.ssh_target import is_target
from tui.guest.model.agent import AGENT
from tui.ui.form import Form, enter, text_field

WORD = "agent"


class AddressDialog(Form[str]):
    """Dismissed with an ssh address or AGENT, "" to remove it, None for Esc; `found` is a known IP address, or ""."""

    BINDINGS = [enter("save"), Binding("down", "take", "use the found one", priority=True)]
    DEFAULT_CSS = "AddressDialog Input { width: 1fr; margin: 1 0; }"

    def __init__(self, name: str, address: str, found: str = "") -> None:
        super().__init__(f"The guest of {name}")
        self._address = WORD if address == AGENT else address
        self._found = found

    def fields(self) -> ComposeResult:
        yield Static(Content("Address for ssh from this host: [USER@]HOST[:PORT], or a name of ~/.ssh/config."))
        yield Static(Content(f'Without a network: "{WORD}", the guest\'s qemu-guest-agent, as root.'))
        yield text_field("address", self._address)
        if self._found:
            yield Static(Content(f"It was found at {self._found}; down uses that."))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """The key for the found address needs one."""
        return bool(self._found) if action == "take" else super().check_action(action, parameters)

    def action_take(self) -> None:
        """Put the found address into the field."""
        field = self.query_one(Input)
        field.value = self._found
        field.cursor_position = len(self._found)

    def entered(self) -> None:
        """Dismiss with the address; WrongField if it is not valid."""
        text = self.text("address").strip()
        if text and text != WORD and not is_target(text):
            raise WrongField("address", f'"{text}" is neither an ssh address, such as user@192.0.2.50, nor "{WORD}".')
        self.dismiss(AGENT if text == WORD else text)
