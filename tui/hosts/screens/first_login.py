"""Shows the host key of an unknown host, so that the user can compare its fingerprint and trust it."""

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
    """Returns True after the key was added to known_hosts, None for Esc."""

    BINDINGS = [
        Binding("enter", "trust", "trust it", key_display="enter", priority=True),
        Binding("escape", "close", "back", priority=True),
    ]
    DEFAULT_CSS = """
    FingerprintDialog #key { margin: 1 0; text-style: bold; }
    FingerprintDialog #status.wrong { color: $error; text-style: bold; }
    """

    def __init__(self, hosts: Hosts, host: str) -> None:
        super().__init__(f"First login to {host}")
        self._hosts = hosts
        self._host = host
        self._key: HostKey | None = None

    def body(self) -> ComposeResult:
        yield Static(Content(f"ssh does not know {self._host} yet ({self._hosts.config.hosts[self._host].ssh})."))
        yield Static(id="key", markup=False)
        yield Static(id="status", markup=False)

    def on_mount(self) -> None:
        self._read_key()

    @work(name="key")
    async def _read_key(self) -> None:
        self._show_status("Reading its host key ...")
        try:
            self._key = await self._hosts.first_login(self._host).host_key()
        except Failure as failure:
            self._show_status(str(failure), wrong=True)
            return
        self.query_one("#key", Static).update(f"{self._key.kind}\n{self._key.fingerprint}")
        self._show_status(
            "Compare it with the output of this command at the console of the host:\n"
            "for key in /etc/ssh/ssh_host_*_key.pub; do ssh-keygen -lf $key; done\n"
            "Press Enter only if one of them is the same; it adds the key to known_hosts."
        )

    def action_trust(self) -> None:
        """Add the key to known_hosts, once it is shown."""
        if self._key is not None:
            self._trust(self._key)

    @work(name="key", exclusive=True)
    async def _trust(self, key: HostKey) -> None:
        try:
            await self._hosts.first_login(self._host).trust(key.fingerprint)
        except Failure as failure:
            self._show_status(str(failure), wrong=True)
            return
        self.dismiss(True)

    def _show_status(self, text: str, *, wrong: bool = False) -> None:
        status = self.query_one("#status", Static)
        status.set_class(wrong, "wrong")
        status.update(text)
