"""The Hosts page: who the three hosts are, looked at again while the page is shown, and whether they fit together."""

import asyncio
import time
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, VerticalScroll
from textual.content import Content

from tui.checklist.screens.page import ListPage
from tui.core.failure import LoginRefused, UntrustedHost
from tui.hosts.backend.hosts import Hosts
from tui.hosts.model.host import READING, HostFacts, System
from tui.hosts.screens.fingerprint import FingerprintDialog
from tui.hosts.widgets.card import HostCard
from tui.hosts.widgets.lines import host_line
from tui.ui.error_report import WATCH
from tui.ui.lines import Lines
from tui.ui.password import PasswordDialog

AGAIN_AFTER_S = 5.0
LATE_AFTER_S = 3.0
HIGH = 36  # lines from which there is room for all facts above the list


class HostsPage(ListPage):
    """Made of the Hosts room."""

    page = "hosts"
    CSS_PATH = [*ListPage.CSS_PATH, "page.tcss"]
    VERTICAL_BREAKPOINTS = [(0, "-low"), (HIGH, "-high")]
    HELP = (
        "The three hosts of the configuration: the source is the one this app runs on. Each is read by itself, so one "
        "that can't be reached keeps nobody waiting; while this page is shown all are looked at every few seconds. "
        "The list below says whether they fit together: it is read when the page is first shown, and by r. f fixes the "
        "line under the cursor and a all that is missing, both after showing every command; u takes back what was done."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("h", "facts", "hosts", tooltip="All facts of the hosts in place of the list, and back",
                id="hosts.facts"),
        Binding("l", "login", "log in", show=False,
                tooltip="Log in to a host for the first time: compare its fingerprint, give the password once",
                id="hosts.login"),
    ]  # fmt: skip

    def __init__(self, hosts: Hosts) -> None:
        super().__init__(hosts.checklist, {host.name: host.ssh for host in hosts.config.hosts.all})
        self._hosts = hosts
        self._facts = {facts.name: facts for facts in hosts.unread()}
        self._cards = {name: HostCard(facts, hosts.config.vm.name) for name, facts in self._facts.items()}
        self._brief = Lines(id="brief")
        self._lines = {name: self._line(facts, reading=True) for name, facts in self._facts.items()}
        self._again: dict[str, asyncio.Event] = {}
        self._asked: dict[str, float] = {}  # by host, since when an answer is owed

    def head(self) -> ComposeResult:
        yield self._brief
        with VerticalScroll(id="cards-box", can_focus=False), Container(id="cards"):
            yield from self._cards.values()

    def on_screen_resume(self) -> None:
        super().on_screen_resume()
        self.workers.cancel_group(self, WATCH)
        for name in self._facts:
            self._again[name] = asyncio.Event()
            self._watch(name)

    def on_screen_suspend(self) -> None:
        self.workers.cancel_group(self, WATCH)
        for name in self._asked:  # nobody waits for it any more, behind a dialog
            self._draw(self._facts[name], reading=self._facts[name].state == READING)
        self._asked.clear()

    def action_refresh(self) -> None:
        super().action_refresh()
        for name, again in self._again.items():
            self._draw(self._facts[name], reading=True)
            again.set()

    def action_facts(self) -> None:
        """The cards in place of the list, and the other way round; the arrow keys move what is shown."""
        shown = self.toggle_class("facts").has_class("facts")
        box = self.query_one("#cards-box", VerticalScroll)
        box.can_focus = shown
        (box if shown else self._rows).focus()

    # -- the first login --

    def first(self) -> str:
        host = self._locked_out()
        return f"The app can't log in to {host}: l does it for the first time." if host else ""

    def why_not(self, action: str) -> str:
        if action == "login":
            return "" if self._locked_out() else "No host asks for a first login."
        return super().why_not(action)

    def _locked_out(self) -> str:
        """The host to log in to: that of the line under the cursor, else the first that is there and lets nobody in."""
        out = [host for host in self._facts if self._refusal(host)]
        chosen = self._rows.chosen
        return chosen.host if chosen is not None and chosen.host in out else (out or [""])[0]

    def _refusal(self, host: str) -> UntrustedHost | LoginRefused | None:
        """Why it lets nobody in, as the list or the host's card has met it: either may have met a time-out instead."""
        for system in (self._hosts.checklist.facts.at(host).system, self._facts[host].system):
            if isinstance(system, System):
                return None
            if isinstance(system, (UntrustedHost, LoginRefused)):
                return system
        return None

    @work(name="login", group="ask", exclusive=True)
    async def action_login(self) -> None:
        host = self._locked_out()
        unknown = isinstance(self._refusal(host), UntrustedHost)
        if unknown and not await self.app.push_screen_wait(FingerprintDialog(self._hosts, host)):
            return
        if not await self._lets_in(host) and not await self.app.push_screen_wait(self._first_password(host)):
            return
        self.action_refresh()

    async def _lets_in(self, host: str) -> bool:
        """Whether it lets the app in as it is."""
        system = self._facts[host].system
        async for facts in self._hosts.read(self._facts[host]):
            system = facts.system
        return isinstance(system, System)

    def _first_password(self, host: str) -> PasswordDialog:
        async def use(password: str) -> None:
            await self._hosts.authorize(host, password)

        address = self._hosts.config.hosts[host].ssh
        text = f"The password of {address}, for this once: your own ssh key is added there, and is let in from then on."
        return PasswordDialog(f"The first login to {host}", text, use)

    # -- the facts --

    @work(group=WATCH)
    async def _watch(self, name: str) -> None:
        """Read one host for as long as the page is shown; the others have a watch of their own."""
        again = self._again[name]
        while True:
            again.clear()
            self._asked[name] = time.monotonic()
            async for facts in self._hosts.read(self._facts[name]):
                self._draw(facts, reading=facts.state == READING)
            self._asked.pop(name, None)
            self._draw(self._facts[name], reading=False)
            try:
                await asyncio.wait_for(again.wait(), AGAIN_AFTER_S)
            except asyncio.TimeoutError:
                continue

    def _tick(self) -> None:
        """A host that has become silent is not to look alive until its time is up."""
        super()._tick()
        for name, asked in self._asked.items():
            passed = time.monotonic() - asked
            if passed >= LATE_AFTER_S and self.is_current:
                facts = self._facts[name]
                self._draw(facts, reading=facts.state == READING, late_s=int(passed))

    def _draw(self, facts: HostFacts, *, reading: bool, late_s: int = 0) -> None:
        self._facts[facts.name] = facts
        self._cards[facts.name].show_host(facts, reading=reading, late_s=late_s)
        self._lines[facts.name] = self._line(facts, reading=reading, late_s=late_s)
        self._brief.show(*self._lines.values())

    def _line(self, facts: HostFacts, *, reading: bool, late_s: int = 0) -> Content:
        return host_line(facts, self._hosts.config.vm.name, reading=reading, late_s=late_s)
