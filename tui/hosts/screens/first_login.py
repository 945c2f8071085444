"""The first login to a host: compare its fingerprint, trust its key, and enter the password if it is needed."""

from collections.abc import Awaitable, Callable

from textual import events, work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.content import Content
from textual.widgets import Static

from tui.core.failure import Failure
from tui.core.ssh_key import HostKey
from tui.hosts.backend.hosts import Hosts
from tui.ui.dialog import Dialog
from tui.ui.password import PasswordDialog, Typed


class FirstLoginDialog(Dialog[bool]):
    """Returns True once the login works, None for Esc.

    It stays until the password is asked, so that what is typed meanwhile goes there, and never to the keys of the page.
    """

    BINDINGS = [
        Binding("enter", "trust", "trust it", key_display="enter", priority=True),
        Binding("r", "again", "try again"),
        Binding("escape", "close", "back", priority=True),
    ]
    DEFAULT_CSS = """
    FirstLoginDialog #key { margin: 1 0; text-style: bold; }
    FirstLoginDialog #status.wrong { color: $error; text-style: bold; }
    """

    def __init__(
        self,
        hosts: Hosts,
        host: str,
        known: bool,
        works: Callable[[], Awaitable[bool]],
        ask: Callable[[Typed], PasswordDialog],
    ) -> None:
        super().__init__(f"First login to {host}")
        self._hosts, self._host = hosts, host
        self._known = known  # whether its host key is known
        self._works, self._ask = works, ask
        self._key: HostKey | None = None
        self._trying = False
        self._failed = False  # neither the key nor the login had an answer
        self._typed = Typed()

    def body(self) -> ComposeResult:
        address, known = self._hosts.config.hosts[self._host].ssh, self._known
        yield Static(Content(address if known else f"ssh does not know {self._host} yet ({address})."))
        yield Static(id="key", markup=False)
        yield Static(id="status", markup=False)

    def on_mount(self) -> None:
        self.action_again()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Hide the keys that have nothing to trust and nothing to try again."""
        if action in ("trust", "again"):
            return self._failed == (action == "again")
        return super().check_action(action, parameters)

    def action_again(self) -> None:
        """Read the host key, or log in if it is known."""
        self._set_failed(False)
        if self._known:
            self._begin(None)
        else:
            self._read_key()

    def _set_failed(self, failed: bool) -> None:
        self._failed = failed
        self.refresh_bindings()

    def on_key(self, event: events.Key) -> None:
        """Keep what is typed until the password is asked."""
        text = self._typed.text
        if self._trying and not self._typed.entered and event.key == "backspace":
            self._typed = Typed(text[:-1])
        elif self._trying and not self._typed.entered and event.is_printable and event.character:
            self._typed = Typed(text + event.character)

    @work(name="key")
    async def _read_key(self) -> None:
        self._show_status("Reading its host key ...")
        try:
            self._key = await self._hosts.first_login(self._host).host_key()
        except Failure as failure:
            self._fail(failure)
            return
        self.query_one("#key", Static).update(f"{self._key.kind}\n{self._key.fingerprint}")
        self._show_status(
            "Compare it with the output of this command at the console of the host:\n"
            "for key in /etc/ssh/ssh_host_*_key.pub; do ssh-keygen -lf $key; done\n"
            "Press Enter only if one of them is the same; it adds the key to known_hosts."
        )

    def action_trust(self) -> None:
        """Add the key to known_hosts, once it is shown, and log in."""
        if self._trying:  # the letters before it may still be in the queue, because Enter is dispatched first
            self.call_later(self._end_typing)
        elif self._key is not None:
            self._begin(self._key)

    def _end_typing(self) -> None:
        """Enter after a password that was typed before it was asked."""
        self._typed = Typed(self._typed.text, bool(self._typed.text))

    def _begin(self, key: HostKey | None) -> None:
        self._trying, self._typed = True, Typed()  # at once: the next letter may be in the queue already
        self._show_status(f"Logging in to {self._host} ... Then it asks for the password, unless a key is accepted.")
        self._log_in(key)

    @work(name="key", exclusive=True)
    async def _log_in(self, key: HostKey | None) -> None:
        try:
            if key is not None:
                await self._hosts.first_login(self._host).trust(key.fingerprint)
                self._known = True  # from now on another try logs in only
            works = await self._works()
        except Failure as failure:
            self._trying = False
            self._fail(failure)
            return
        self.dismiss(True if works else await self.app.push_screen_wait(self._ask(self._typed)))

    def _fail(self, failure: Failure) -> None:
        self._set_failed(True)
        self._show_status(f"{failure} r tries again.", wrong=True)

    def _show_status(self, text: str, *, wrong: bool = False) -> None:
        status = self.query_one("#status", Static)
        status.set_class(wrong, "wrong")
        status.update(text)
