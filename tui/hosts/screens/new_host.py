"""The form for a new host; it does what `vmlm-tui hosts add` does."""

from collections.abc import Callable
from typing import ClassVar, Protocol

from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType

from tui.core.failure import Failure, WrongField
from tui.ui.form import Form, enter, row, text_field

ABOUT = "Its lines are appended to config.toml; all others stay as they are."
ALL_THE_SAME = "Enter again adds it all the same; the Hosts page then sets up the login."


class AddsHosts(Protocol):
    """What appends a host to the configuration."""

    @property
    def why_not(self) -> Callable[[], str]:
        """Returns why no host can be added now; empty if one can."""

    @property
    def reload(self) -> Callable[[], None]:
        """Starts the app again with the new host."""

    async def add(self, name: str, keys: dict[str, str | tuple[str, ...]], *, try_login: bool) -> None:
        """Append a host with the keys of its table; raises Failure, also if `try_login` and the login fails."""


class NewHostForm(Form[str]):
    """Dismissed with the name of the added host, None for Esc."""

    BINDINGS: ClassVar[list[BindingType]] = [enter("add it")]
    DEFAULT_CSS = """
    NewHostForm .label { width: 10; }
    NewHostForm .row Input { width: 34; }
    NewHostForm #message { margin-top: 1; }
    """

    def __init__(self, adding: AddsHosts) -> None:
        super().__init__("New host")
        self._adding = adding
        self._busy = False
        self._refused: tuple[str, ...] = ()  # the fields with which the login failed

    def fields(self) -> ComposeResult:
        yield row("name", text_field("name", ""), "how the app calls it")
        yield row("ssh", text_field("ssh", "root@"), "[USER@]HOST[:PORT]")
        yield row("libvirt", text_field("libvirt", ""), "URI; empty: over ssh")
        yield row("peer", text_field("peer", ""), "URI for the other hosts")
        yield row("groups", text_field("groups", ""), "such as rack1, amd")
        yield row("VMs go to", text_field("migration_address", ""), "address for migrations")

    def on_mount(self) -> None:
        self.show_message(ABOUT)

    def entered(self) -> None:
        if self._busy:
            return
        if not self.text("name").strip():
            raise WrongField("name", "The host has no name", hint="Enter one.")
        groups = tuple(self.text("groups").replace(",", " ").split())
        given = {key: self.text(key).strip() for key in ("ssh", "libvirt", "peer", "migration_address")}
        keys: dict[str, str | tuple[str, ...]] = {key: value for key, value in given.items() if value}
        if groups:
            keys["groups"] = groups
        typed = (self.text("name"), *given.values(), *groups)
        self._busy = True
        self._add(self.text("name").strip(), keys, typed)

    @work(name="add")
    async def _add(self, name: str, keys: dict[str, str | tuple[str, ...]], typed: tuple[str, ...]) -> None:
        try_login = typed != self._refused
        self.show_message(f"Logging in to {keys['ssh']} ..." if try_login and "ssh" in keys else ABOUT)
        try:
            await self._adding.add(name, keys, try_login=try_login)
        except WrongField as failure:
            self.refuse(failure)
        except Failure as failure:
            self._refused = typed if try_login else ()
            self.show_message(f"{failure} {ALL_THE_SAME if try_login else ''}".strip(), wrong=True)
        else:
            self.dismiss(name)
        finally:
            self._busy = False
