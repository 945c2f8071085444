"""The Hosts page: facts of the hosts, polled while the page is shown, and the list of checks."""

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, VerticalScroll
from textual.content import Content

from tui.checklist.screens.page import ListPage
from tui.core.aged import SILENT_AFTER_S, last_answer
from tui.core.failure import LoginRefused, UntrustedHost
from tui.core.limit import within
from tui.hosts.backend.hosts import Hosts
from tui.hosts.model.host import OK, READING, SILENT, HostFacts, System
from tui.hosts.screens.first_login import FirstLoginDialog
from tui.hosts.screens.maintenance import EMPTY_BINDINGS, EmptiesHosts
from tui.hosts.widgets.card import NAME, HostCard, host_line
from tui.ui.error_report import WATCH
from tui.ui.lines import Lines
from tui.ui.password import PasswordDialog, Question, Typed
from tui.vm.screens.moving import EMPTY, MAINTENANCE

POLL_EVERY_S = 3.0
POLL_EACH_S = 0.05  # per host: many hosts are polled less often
HIGH = 36  # from this height all facts fit above the list
MOST_LINES = 8  # of hosts above the list
WIDEST_NAME = 20


class HostsPage(EmptiesHosts):
    """Cards of the hosts above the list of checks."""

    page = "hosts"
    CSS_PATH = [*ListPage.CSS_PATH, "page.tcss"]
    VERTICAL_BREAKPOINTS = [(0, "-low"), (HIGH, "-high")]
    HELP = (
        "The hosts of the configuration. Each host is read independently every few "
        "seconds while this page is shown, so an unreachable one delays no other. The list below checks whether VMs "
        "can migrate between the hosts: all ways between them, but if they are more than four only those from and to "
        "the first. It is read when the page is first shown, and by r. f fixes the line under the "
        "cursor and a fixes all that is missing; both show the commands first. What a makes possible follows in the "
        "same run, and its output shows it. u undoes a fix."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("h", "facts", "hosts", tooltip="Switch between all facts of the hosts and the list",
                id="hosts.facts"),
        Binding("l", "login", "log in", show=False,
                tooltip="First login to a host: compare its fingerprint and enter the password once",
                id="hosts.login"),
        Binding("escape", "stop", "end the wait", show=False, key_display="esc",
                tooltip="End the reading of the list; what was not read stays unread", id="hosts.stop"),
        *EMPTY_BINDINGS,
    ]  # fmt: skip

    CAN_STOP = True
    CHANGES = ListPage.CHANGES | {"login", EMPTY, MAINTENANCE}

    def __init__(self, hosts: Hosts) -> None:
        addresses = {host.name: host.ssh for host in hosts.config.machines}
        super().__init__(hosts.checklist, addresses, hosts.config.hypervisors)
        self._hosts = hosts
        self._facts = {facts.name: facts for facts in hosts.unread()}
        self._now = dict(self._facts)  # the same, without what is not answered now
        self._cards = {name: HostCard(facts, hosts.config.vm.name) for name, facts in self._facts.items()}
        self._brief = Lines(id="brief")
        self._wide = min(WIDEST_NAME, max(NAME, *map(len, self._facts)))
        self._lines = {name: self._line(facts, reading=True) for name, facts in self._facts.items()}
        self._poll_now: dict[str, asyncio.Event] = {}
        self._poll_every_s = max(POLL_EVERY_S, POLL_EACH_S * len(self._facts))

    def head(self) -> ComposeResult:
        yield self._brief
        yield self.marks_lines
        with VerticalScroll(id="cards-box", can_focus=False), Container(id="cards"):
            yield from self._cards.values()

    def on_screen_resume(self) -> None:
        super().on_screen_resume()
        self.workers.cancel_group(self, WATCH)
        for name, facts in self._facts.items():
            self._poll_now[name] = asyncio.Event()
            age_s = self._hosts.now(facts).age_s
            if age_s is None or age_s > self._poll_every_s + SILENT_AFTER_S:  # it may have changed meanwhile
                self._draw(facts, reading=True)
            self._watch(name)
        self.watch_marks()

    def on_screen_suspend(self) -> None:
        self.workers.cancel_group(self, WATCH)

    def action_refresh(self) -> None:
        """Read the list and the cards again."""
        super().action_refresh()
        for name, poll_now in self._poll_now.items():
            self._draw(self._facts[name], reading=True)
            poll_now.set()

    def action_facts(self) -> None:
        """Switch between cards and list; the arrow keys scroll the one that is shown."""
        shown = self.toggle_class("facts").has_class("facts")
        box = self.query_one("#cards-box", VerticalScroll)
        box.can_focus = shown
        (box if shown else self._rows).focus()

    # -- the first login --

    def first(self) -> str:
        host = self._needs_login()
        return f"The app can't log in to {host}: l starts the first login." if host else ""

    def why_not(self, action: str) -> str:
        if action == "login":
            return "" if self._needs_login() else "No host needs a first login."
        if action == "stop":
            return "" if self._list.reading and self._list.jobs.under_way is None else "Nothing is being read."
        return super().why_not(action)

    def _needs_login(self) -> str:
        """The host for a first login: that of the line under the cursor, else the first that refuses the app."""
        out = [host for host in self._facts if self._refusal(host)]
        chosen = self._rows.chosen
        return chosen.host if chosen is not None and chosen.host in out else (out or [""])[0]

    def _refusal(self, host: str) -> UntrustedHost | LoginRefused | None:
        """Why the host refuses the app, from the list or the card, because either may have timed out instead."""
        for system in (self._hosts.checklist.facts.at(host).system, self._facts[host].system):
            if isinstance(system, System):
                return None
            if isinstance(system, (UntrustedHost, LoginRefused)):
                return system
        return None

    def action_login(self) -> None:
        """First login: trust the host key, then authorize the user's key."""

        def done(works: bool | None) -> None:
            if works:
                self.action_refresh()

        host = self._needs_login()
        known = not isinstance(self._refusal(host), UntrustedHost)
        works, ask = partial(self._login_works, host), partial(self._first_password, host)
        self.app.push_screen(FirstLoginDialog(self._hosts, host, known, works, ask), done)

    async def _login_works(self, host: str) -> bool:
        """Whether the app can log in now."""
        system = self._facts[host].system
        async for facts in self._hosts.read(self._facts[host]):
            system = facts.system
        return isinstance(system, System)

    def _first_password(self, host: str, typed: Typed) -> PasswordDialog:
        async def use(password: str) -> None:
            await self._hosts.first_login(host).authorize(password)

        address = self._hosts.config.hosts[host].ssh
        text = f"The password of {address} is needed once. The app adds your ssh key there, and uses that from then on."
        return PasswordDialog([Question(f"First login to {host}", text, use)], typed=typed)

    # -- the facts --

    @work(group=WATCH)
    async def _watch(self, name: str) -> None:
        """Poll one host while the page is shown; each host has its own worker."""
        poll_now = self._poll_now[name]
        while True:
            poll_now.clear()
            async for facts in self._hosts.read(self._facts[name]):
                self._draw(facts, reading=facts.state == READING)
            self._draw(self._facts[name], reading=False)
            try:
                await within(self._poll_every_s, poll_now.wait())
            except asyncio.TimeoutError:
                continue

    def _tick(self) -> None:
        """Show the age of what a host said that does not answer, while there is one."""
        super()._tick()
        if not self.is_current:
            return
        for name, facts in self._facts.items():
            now = self._hosts.now(facts)
            if now.late or self._now[name].late:
                self._draw(facts, reading=facts.state == READING)

    def silent(self) -> Mapping[str, str]:
        return {name: last_answer(facts.age_s) for name, facts in self._now.items() if facts.state == SILENT}

    def _draw(self, facts: HostFacts, *, reading: bool) -> None:
        was = self.silent()
        self._facts[facts.name] = facts
        now = self._now[facts.name] = self._hosts.now(facts)
        self._cards[facts.name].show_host(now, reading=reading)
        self._lines[facts.name] = self._line(now, reading=reading)
        self._show_brief()
        if self.silent() != was:
            self._show()

    def _show_brief(self) -> None:
        """Show a line for each host; if they are many, first those that are not well."""
        names = list(self._lines)
        if len(names) > MOST_LINES:
            names.sort(key=lambda name: self._now[name].state == OK)
        shown = names if len(names) <= MOST_LINES else names[: MOST_LINES - 1]
        hidden = names[len(shown) :]
        well = ", all ok" if all(self._now[name].state == OK for name in hidden) else ""
        more = [Content.styled(f" {len(hidden)} more{well}", "dim")] if hidden else []
        self._brief.show(*(self._lines[name] for name in shown), *more)

    def _line(self, facts: HostFacts, *, reading: bool) -> Content:
        return host_line(facts, self._hosts.config.vm.name, self._wide, reading=reading)
