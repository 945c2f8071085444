"""The Hosts page: facts of the hosts, polled while the page is shown, and the list of checks."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, VerticalScroll
from textual.content import Content

from tui.checklist.model.check import Item
from tui.checklist.model.summary import text_of
from tui.checklist.screens.page import ListPage
from tui.core.actions import REFRESH
from tui.core.aged import SILENT_AFTER_S, last_answer
from tui.core.failure import LoginRefused, UntrustedHost
from tui.core.limit import within
from tui.hosts.backend.hosts import Hosts
from tui.hosts.model.host import PARTLY, READING, SILENT, UNREACHABLE, HostFacts, System
from tui.hosts.model.overview import Glance, glances, overview
from tui.hosts.screens.baseline import BaselineDialog
from tui.hosts.screens.first_login import FirstLoginDialog
from tui.hosts.screens.maintenance import EMPTY_BINDINGS, EmptiesHosts
from tui.hosts.screens.matrix import MatrixPage
from tui.hosts.screens.new_host import AddsHosts, NewHostForm
from tui.hosts.widgets.card import NAME, HostCard, host_line
from tui.hosts.widgets.host_rows import WIDEST_NAME, HostRows
from tui.ui.error_report import WATCH
from tui.ui.filtered import ALL_LINES
from tui.ui.lines import Lines
from tui.ui.password import PasswordDialog, Question, Typed
from tui.ui.text_dialog import has_words
from tui.vm.screens.moving import EMPTY, MAINTENANCE

POLL_EVERY_S = 3.0
POLL_EACH_S = 0.05  # per host: many hosts are polled less often
HIGH = 36  # from this height all facts fit above the list
FEW = 3  # hosts that have a card each
LISTED_LIMIT_S = 10.0  # for the state of many hosts, before their checks begin
MANY_EVERY_S = 0.1  # between two drawings while many hosts answer


class HostsPage(EmptiesHosts):
    """A few hosts: their cards above the list of checks. Many: a line each, beside the card and the checks of one."""

    page = "hosts"
    CSS_PATH = [*ListPage.CSS_PATH, "page.tcss"]
    VERTICAL_BREAKPOINTS = [(0, "-low"), (HIGH, "-high")]
    HELP = (
        "The hosts of the configuration. Each host is read independently every few seconds while this page is shown, "
        "so an unreachable one delays no other; one that does not answer is grey, with the age of its last answer. Of "
        "more than three, each has a line, those that are not well first; Enter and the left arrow go to the checks of "
        "one and back. The checks are of all ways between the hosts, but if they are more than four only those from "
        "and to the first; M has all. They are read when the page is first shown, and by r. f fixes the line under "
        "the cursor, a all that is missing; both show the commands first. What a makes possible follows in the "
        "same run, and its output shows it. u undoes a fix."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("h", "facts", "hosts", tooltip="Switch between all facts of the hosts and the list", id="hosts.facts"),
        Binding("l", "login", "log in", show=False,
                tooltip="First login to a host: compare its fingerprint and enter the password once",
                id="hosts.login"),
        Binding("N", "new", "new host", show=False, tooltip="Add a host to the configuration; tries the login first",
                id="hosts.new"),
        Binding("B", "baseline", "common CPU", show=False, id="hosts.baseline",
                tooltip="The best CPU that all hosts, or those of a group, have in common: for VMs that run on all"),
        Binding("M", "matrix", "matrix", show=False, tooltip="Who can move VMs to whom, and why not",
                id="hosts.matrix"),
        Binding("e", "fold", "all hosts", show=False, tooltip="Show the hosts that are well, too, or fold them",
                id="hosts.fold"),
        Binding("left", "hosts", "hosts", show=False, tooltip="From the checks back to the list of hosts",
                id="hosts.back"),
        Binding("escape", "stop", "end the wait", show=False, key_display="esc",
                tooltip="End the reading of the list; what was not read stays unread", id="hosts.stop"),
        ALL_LINES,
        *EMPTY_BINDINGS,
    ]  # fmt: skip

    CAN_STOP = True
    CHANGES = ListPage.CHANGES | {"login", "new", EMPTY, MAINTENANCE}

    def __init__(self, hosts: Hosts) -> None:
        addresses = {host.name: host.ssh for host in hosts.config.machines}
        super().__init__(hosts.checklist, addresses, hosts.config.hypervisors)
        self._hosts = hosts
        self.adding: AddsHosts | None = None
        self._facts = {facts.name: facts for facts in hosts.unread()}
        self._now = dict(self._facts)  # the same, without what is not answered now
        self._drawn: dict[str, tuple[HostFacts, bool]] = {}  # by host
        few = self._facts if len(self._facts) <= FEW else {}
        self._cards = {name: HostCard(facts, hosts.config.vm.name) for name, facts in few.items()}
        self._brief = Lines(id="brief")
        self._wide = min(WIDEST_NAME, max(NAME, *map(len, self._facts)))
        self._lines = {name: self._line(facts, reading=True) for name, facts in self._facts.items()}
        self.many = len(self._facts) > FEW
        self._hosts_list, self._unfolded, self._stale = HostRows(self.with_keys, id="hosts"), False, False
        self._card = HostCard(next(iter(self._facts.values())), hosts.config.vm.name)  # of the chosen one of many
        self._listed = asyncio.Event()  # each of many hosts has answered, or can't be reached
        self._poll_now: dict[str, asyncio.Event] = {}
        self._poll_every_s = max(POLL_EVERY_S, POLL_EACH_S * len(self._facts))

    def body(self) -> ComposeResult:
        if not self.many:
            yield from super().body()
            return
        self.add_class("many")
        yield self._summary
        yield self.marks_lines
        yield self._report
        with Container(id="many"):
            yield self._hosts_list
            with Container(id="one"):
                with VerticalScroll(id="cards-box", can_focus=False):
                    yield self._card
                yield self._rows
                with Container(id="detail-box"):
                    yield self._detail

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
        (box if shown else self._hosts_list if self.many else self._rows).focus()

    # -- the first login --

    def first(self) -> str:
        host = self._needs_login()
        if host:
            return f"The app can't log in to {host}: l starts the first login."
        bad = [name for name, facts in self._now.items() if facts.state in (PARTLY, UNREACHABLE)]
        if not bad or not all(item.finding is not None and item.finding.good for item in self._list.recent):
            return ""
        return f"{bad[0]} is {self._now[bad[0]].state} since these lines were read: {REFRESH} reads them again."

    def why_not(self, action: str) -> str:
        if action == "login":
            return "" if self._needs_login() else "No host needs a first login."
        if action in ("fold", "hosts") and not self.many:
            return "All hosts are shown already."
        if action == "new":
            return self.adding.why_not() if self.adding is not None else "The configuration is not a file."
        if action == "matrix" and len(self._hosts.matrix.hosts) < 2:
            return "There is only one host that runs VMs."
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
        was = {} if self.many else self.silent()
        self._facts[facts.name] = facts
        now = self._now[facts.name] = self._hosts.now(facts)
        drawn = now if now.late else replace(now, age_s=None), reading  # an age is shown of a host that is late
        if drawn == self._drawn.get(facts.name):
            return
        self._drawn[facts.name] = drawn
        if self.many:
            self._draw_many_soon()
            return
        self._cards[facts.name].show_host(now, reading=reading)
        self._lines[facts.name] = self._line(now, reading=reading)
        self._brief.show(*self._lines.values())
        if self.silent() != was:
            self._show()

    # -- many hosts --

    def _draw_many_soon(self) -> None:
        """Draw them together: hundreds may answer within a second."""
        if not self._stale:
            self._stale = True
            self.set_timer(MANY_EVERY_S, self.guarded(self._draw_many))

    def _draw_many(self) -> None:
        self._stale = False
        if all(each.system is not None for each in self._facts.values()):
            self._listed.set()
        self._show()

    async def _before_reading(self) -> None:
        """The state of many hosts comes first, because their checks take much longer; one that hangs delays them."""
        if self.many:
            with suppress(asyncio.TimeoutError):
                await within(LISTED_LIMIT_S, self._listed.wait())

    def _show(self) -> None:
        if self.many and self._hosts_list.is_attached and self.is_current:
            listed = glances(self._now.values(), self._list.recent, self._hosts.config.groups)
            found = [each for each in listed if self._matches(each)]
            self._hosts_list.show_hosts(overview(found, unfolded=self._unfolded or bool(self.filter_words)))
            chosen = self._now.get(self._hosts_list.host)
            if chosen is not None:
                self._card.show_host(chosen, reading=chosen.state == READING)
        super()._show()

    def _matches(self, each: Glance) -> bool:
        """Whether the filter has a host: by its name, state and groups, or by one of its lines."""
        of_host = f"{each.facts.name} {each.facts.state} {' '.join(each.groups)}"
        return any(has_words(text, self.filter_words) for text in (of_host, *map(text_of, each.items)))

    def shown(self, items: Sequence[Item]) -> Sequence[Item]:
        if not self.many:
            return super().shown(items)
        own = [item for item in items if item.host == self._hosts_list.host]
        return [item for item in own if has_words(text_of(item), self.filter_words)] or own

    def on_host_rows_chosen(self) -> None:
        self._show()

    def on_host_rows_entered(self, message: HostRows.Entered) -> None:
        if message.fold:
            self.action_fold()
        else:
            self._rows.focus()

    def chosen_host(self) -> str:
        return self._hosts_list.host if self.many else super().chosen_host()

    def action_fold(self) -> None:
        """Show the hosts that are well, too, or fold them again."""
        self._unfolded = not self._unfolded
        self._show()

    def action_new(self) -> None:
        """Open the form for a new host; once it is added, the app starts again with it."""
        adding = self.adding

        def added(name: str | None) -> None:
            if name and adding is not None:
                adding.reload()

        if adding is not None:
            self.app.push_screen(NewHostForm(adding), added)

    def action_baseline(self) -> None:
        """Show the CPU that hosts have in common."""
        self.app.push_screen(BaselineDialog(self._hosts))

    def action_matrix(self) -> None:
        """Open the matrix of all ways between the hosts."""
        self.app.push_screen(MatrixPage(self._hosts.matrix, self.silent()))

    def action_hosts(self) -> None:
        """Go back to the list of hosts."""
        self._hosts_list.focus()

    def _line(self, facts: HostFacts, *, reading: bool) -> Content:
        return host_line(facts, self._hosts.config.vm.name, self._wide, reading=reading)
