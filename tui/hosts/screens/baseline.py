"""The best CPU that all hosts, or those of a group, have in common, in a dialog."""

from textual import events, work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.content import Content
from textual.geometry import clamp
from textual.widgets import Static

from tui.checklist.widgets.item_lines import wrapped
from tui.core.failure import Failure
from tui.hosts.backend.hosts import Hosts
from tui.hosts.model.baseline import Baseline
from tui.ui.dialog import Dialog

ABOUT = "A new VM with this <cpu> can go to every one of them; the form for a new VM offers it."


class BaselineDialog(Dialog[None]):
    """Reads the CPUs of all hosts; g goes to the next group, y copies the XML."""

    BINDINGS = [
        Binding("g", "group", "next group", priority=True),
        Binding("y", "copy", "copy the XML", priority=True),
        Binding("escape,enter,q", "close", "close", key_display="esc", priority=True),
    ]
    scrolls = True

    def __init__(self, hosts: Hosts) -> None:
        super().__init__("The CPU in common")
        self._hosts = hosts
        groups = {group for each in hosts.config.groups.values() for group in each}
        self._groups = ["", *sorted(groups)]
        self._found: Baseline | Failure | None = None

    def body(self) -> ComposeResult:
        """The text, which `_show` fills in."""
        yield Static(id="about")

    def on_mount(self) -> None:
        self._read()

    def on_resize(self, event: events.Resize) -> None:  # noqa: ARG002
        self._show()

    @work(exclusive=True, group="baseline")
    async def _read(self) -> None:
        self._found = None
        self._show()
        try:
            self._found = await self._hosts.baseline(self._groups[0])
        except Failure as failure:
            self._found = failure
        self._show()

    def _show(self) -> None:
        width = clamp(self.app.size.width, 24, 76) - 5  # the frame, its padding, the scroll bar
        group, found = self._groups[0], self._found
        lines = [Content.styled(f"The hosts of {group}" if group else "All hosts that run VMs", "bold")]
        if found is None:
            lines.append(Content("Reading their CPUs ..."))
        elif isinstance(found, Failure):
            lines += wrapped(("", str(found), "bold $error"), width, 0)
        else:
            lines += wrapped(("", found.sentence, "bold $error" if found.without else "bold $success"), width, 0)
            lines += [line for each in (*found.besides, ABOUT) for line in wrapped(("", each, ""), width, 0)]
            lines += [Content(""), *wrapped(("", found.xml.strip(), "$accent"), width, 0)]
        self.query_one("#about", Static).update(Content("\n").join(lines))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Without groups there is no next one."""
        return len(self._groups) > 1 if action == "group" else super().check_action(action, parameters)

    def action_group(self) -> None:
        """Read the next group."""
        self._groups = [*self._groups[1:], self._groups[0]]
        self._read()

    def action_copy(self) -> None:
        """Copy the XML by OSC 52."""
        if isinstance(self._found, Baseline):
            self.app.copy_to_clipboard(self._found.xml)
            self.notify("Copied the XML of the CPU.")
