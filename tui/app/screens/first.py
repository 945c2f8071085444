"""The page of someone who has no configuration yet: the lab, or a form that writes one."""

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
    """Says where the configuration was looked for; posts LabWanted or Written."""

    CSS_PATH = "first.tcss"
    HELP = "Nobody has said yet which hosts there are. The lab makes its own; the form asks for yours."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("l", "lab", "lab", tooltip="Make a lab on this machine, and open the app in it", id="first.lab"),
        Binding("c,enter", "configure", "configure", key_display="c", tooltip="Name your own hosts", id="first.form"),
    ]

    class LabWanted(Message):
        """The lab is to be made, and the app to be opened in it."""

    class Written(Message):
        """There is a configuration now."""

        def __init__(self, config: Config) -> None:
            super().__init__()
            self.config = config

    def __init__(self, config_path: Path, *, root: bool | None = None, program: str | None = None) -> None:
        super().__init__()
        self._path = config_path
        self._sudo = os.geteuid() == 0 if root is None else root
        self._lab_command = f"sudo {quote(program or own_program())} lab"

    def compose(self) -> ComposeResult:
        with VerticalScroll():
            yield Static(Content.assemble(("vmlm-tui", "bold"), " migrates a running VM from one host to another."))
            yield Static(Content(f"Which hosts? There is no configuration yet:\n{self._path} does not exist."))
            lab = (
                "The lab: two hosts, an NFS server and a small VM, made on this machine and apart from all else on it."
            )
            yield _way("l", f"{lab} Nothing has to be known or set up. It is ready after a few minutes.")
            if not self._sudo:
                yield Static(Content(f"It needs root. Quit with q, and run:\n{self._lab_command}"), classes="more")
            yield _way("c", "Your own hosts: a form asks for three ssh addresses and the VM, and writes that file.")
        yield KeyLine()

    def why_not(self, action: str) -> str:
        if action == "lab" and not self._sudo:
            return f"The lab needs root. Quit with q, and run: {self._lab_command}"
        return ""

    def action_lab(self) -> None:
        self.post_message(self.LabWanted())

    def action_configure(self) -> None:
        self.app.push_screen(ConfigurationForm(self._path), self._answered)

    def _answered(self, config: Config | None) -> None:
        if config is not None:
            self.post_message(self.Written(config))


def own_program() -> str:
    """How this program is called through sudo, which has a PATH of its own."""
    beside = Path(sys.executable).with_name("vmlm-tui")
    return str(beside) if beside.exists() else "vmlm-tui"


def _way(key: str, text: str) -> Horizontal:
    return Horizontal(Static(Content.styled(key, "bold $accent"), classes="key"), Static(Content(text)), classes="way")
