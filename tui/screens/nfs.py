"""The NFS page: says, host by host, how the images come to be shared; it runs nothing yet."""

from collections.abc import Iterator
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tui.backend.hosts import Hosts
from tui.model.nfs import Shared, Step, host_of, procedure
from tui.screens.page import Page

ABOUT = (
    "How the images come to be shared, as root on each host. This version only lists the steps and runs none of them. "
    "Where the folder is shared already, as in the built-in lab, none of them is needed."
)


class Steps(VerticalScroll):
    """Scrolls by its own keys, one of which the line of keys shows."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "scroll_up", "scroll", show=False, tooltip="Scroll up"),
        Binding("down", "scroll_down", "scroll", key_display="up/down", tooltip="Scroll down"),
    ]


class NfsPage(Page):
    """Made of the Hosts room, which knows the addresses and the folders."""

    page = "nfs"
    CSS_PATH = "nfs.tcss"
    HELP = ABOUT
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "up,down", "none", "scroll", key_display="up/down", tooltip="Scroll through the steps", id="nfs.scroll"
        ),
    ]

    def __init__(self, room: Hosts) -> None:
        super().__init__()
        config = room.config
        hosts = config.hosts
        self._addresses = {host.name: host.ssh for host in hosts.all}
        self._shared = Shared(
            storage=host_of(hosts.storage.ssh),
            source=host_of(hosts.source.ssh),
            destination=host_of(hosts.destination.ssh),
            images=config.storage.images,
            export=config.storage.export,
            vm=config.vm.name,
        )

    def body(self) -> ComposeResult:
        with Steps():
            yield Static(Content(ABOUT), id="about")
            host = ""
            for number, step in enumerate(procedure(self._shared), 1):
                if step.host != host:
                    host = step.host
                    yield Static(Content.assemble((host, "bold"), f"  {self._addresses[host]}"), classes="host")
                yield Static(Content(f"{number:>2}  {step.what}"), classes="what")
                for line, classes in _lines(step):
                    yield Static(line, classes=classes)


def _lines(step: Step) -> Iterator[tuple[Content, str]]:
    """What stands below a step: where to write, the commands, the note."""
    if step.file:
        yield Content(f"one line in {step.file}:"), "note"
    for command in step.commands:
        yield Content(command if step.file else f"# {command}"), "command"
    if step.note:
        yield Content(step.note), "note"
