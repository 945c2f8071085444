"""The first page, shown without a configuration: it offers the lab, or a form that writes a configuration."""

import os
import sys
from pathlib import Path
from shlex import quote
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from tui.app.screens.configuration import ConfigurationForm
from tui.core.settings import Config
from tui.ui.key_line import KeyLine
from tui.ui.page import Page


class FirstScreen(Page):
    """Names the missing file; posts LabChosen or Written."""

    CSS_PATH = "first.tcss"
    HELP = "No hosts are configured. The lab creates its own hosts; the form asks for yours."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("l", "lab", "lab", tooltip="Create a lab on this machine and open the app in it", id="first.lab"),
        Binding("c,enter", "configure", "configure", key_display="c", tooltip="Enter your own hosts", id="first.form"),
    ]

    CHANGES = frozenset({"lab", "configure"})

    class LabChosen(Message):
        """The user has chosen the lab."""

    class Written(Message):
        """The form has written a configuration."""

        def __init__(self, config: Config) -> None:
            super().__init__()
            self.config = config

    def __init__(self, config_path: Path, *, root: bool | None = None, program: str | None = None) -> None:
        super().__init__()
        self._path = config_path
        self._root = os.geteuid() == 0 if root is None else root
        self._lab_command = f"sudo {quote(program or own_program())} lab"

    def compose(self) -> ComposeResult:
        with VerticalScroll():
            yield Static(Content.assemble(("vmlm-tui", "bold"), " migrates a running VM from one host to another."))
            yield Static(Content(f"There is no configuration yet:\n{self._path} does not exist."))
            lab = "The lab: two hosts, an NFS server and a small VM, created on this machine and isolated from it."
            yield _choice("l", f"{lab} It needs no preparation and is ready after a few minutes.")
            if not self._root:
                yield Static(Content(f"It requires root. Quit with q, and run:\n{self._lab_command}"), classes="more")
            yield _choice("c", "Your own hosts: a form asks for three ssh addresses and the VM, and writes that file.")
        yield KeyLine()

    def why_not(self, action: str) -> str:
        if action == "lab" and not self._root:
            return f"The lab requires root. Quit with q, and run: {self._lab_command}"
        return ""

    def action_lab(self) -> None:
        """Report the choice to the app."""
        self.post_message(self.LabChosen())

    def action_configure(self) -> None:
        """Open the form."""
        self.app.push_screen(ConfigurationForm(self._path), self._form_closed)

    def _form_closed(self, config: Config | None) -> None:
        if config is not None:
            self.post_message(self.Written(config))


def own_program() -> str:
    """The command of this program for sudo, which has its own PATH."""
    script = Path(sys.executable).with_name("vmlm-tui")
    return str(script) if script.exists() else "vmlm-tui"


def _choice(key: str, text: str) -> Horizontal:
    key_cell = Static(Content.styled(key, "bold $accent"), classes="key")
    return Horizontal(key_cell, Static(Content(text)), classes="choice")
