"""Shows the key of a host that nobody knows yet, for a person to compare its fingerprint and trust it."""

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.content import Content
from textual.widgets import Static

from tui.core.failure import Failure
from tui.core.ssh_key import HostKey
from tui.hosts.backend.hosts import Hosts
from tui.ui.dialog import Dialog


class FingerprintDialog(Dialog[bool]):
    """Dismissed with True when the key was taken up into known_hosts, with None for Esc."""

    BINDINGS = [
        Binding("enter", "trust", "trust it", key_display="enter", priority=True),
        Binding("escape", "close", "back", priority=True),
    ]
    DEFAULT_CSS = """
    FingerprintDialog #key { margin: 1 0; text-style: bold; }
    FingerprintDialog #said.wrong { color: $error; text-style: bold; }
    """

    def __init__(self, hosts: Hosts, host: str) -> None:
        super().__init__(f"The first login to {host}")
        self._hosts = hosts
        self._host = host
        self._key: HostKey | None = None

    def body(self) -> ComposeResult:
        yield Static(Content(f"ssh does not know {self._host} yet, {self._hosts.config.hosts[self._host].ssh}."))
        yield Static(id="key", markup=False)
        yield Static(id="said", markup=False)

    def on_mount(self) -> None:
        self._ask()

    @work(name="key")
    async def _ask(self) -> None:
        self._say("Asking it for its key ...")
        try:
            self._key = await self._hosts.host_key(self._host)
        except Failure as failure:
            self._say(str(failure), wrong=True)
            return
        self.query_one("#key", Static).update(f"{self._key.kind}\n{self._key.fingerprint}")
        self._say(
            "Compare it with what the host itself says, at its console or from who set it up:\n"
            "for key in /etc/ssh/ssh_host_*_key.pub; do ssh-keygen -lf $key; done\n"
            "Only if one of them is the same: Enter writes the key into known_hosts."
        )

    def action_trust(self) -> None:
        if self._key is not None:
            self._trust(self._key)

    @work(name="key", exclusive=True)
    async def _trust(self, key: HostKey) -> None:
        try:
            await self._hosts.trust(self._host, key.fingerprint)
        except Failure as failure:
            self._say(str(failure), wrong=True)
            return
        self.dismiss(True)

    def _say(self, text: str, *, wrong: bool = False) -> None:
        said = self.query_one("#said", Static)
        said.set_class(wrong, "wrong")
        said.update(text)
