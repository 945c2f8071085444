"""The Hosts page: who the three hosts are and what they have, looked at again while the page is shown."""

import asyncio
import time
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, VerticalScroll

from tui.backend.hosts import Hosts
from tui.model.host import READING, HostFacts
from tui.screens.page import Page
from tui.widgets.host_card import HostCard

AGAIN_AFTER_S = 5.0
LATE_AFTER_S = 3.0
WIDE = 120  # columns from which the hosts stand side by side


class HostsPage(Page):
    """Made of the Hosts room."""

    page = "hosts"
    CSS_PATH = "hosts.tcss"
    HORIZONTAL_BREAKPOINTS = [(0, "-stacked"), (WIDE, "-columns")]
    HELP = (
        "The three hosts of the configuration: the source is the one this app runs on. Each is read by itself, so one "
        "that can't be reached keeps nobody waiting; while this page is shown all are looked at every few seconds."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "read", "read again", tooltip="Read all three hosts again now", id="hosts.read"),
    ]

    def __init__(self, hosts: Hosts) -> None:
        super().__init__()
        self._hosts = hosts
        self._facts = {facts.name: facts for facts in hosts.unread()}
        self._cards = {name: HostCard(facts, hosts.config.vm.name) for name, facts in self._facts.items()}
        self._again: dict[str, asyncio.Event] = {}
        self._asked: dict[str, float] = {}  # by host, since when an answer is owed

    def body(self) -> ComposeResult:
        with VerticalScroll(), Container(id="cards"):
            yield from self._cards.values()

    def on_mount(self) -> None:
        self.set_interval(1.0, self._tick)

    def on_screen_resume(self) -> None:
        self.workers.cancel_node(self)
        for name in self._facts:
            self._again[name] = asyncio.Event()
            self._watch(name)

    def on_screen_suspend(self) -> None:
        self.workers.cancel_node(self)

    def action_read(self) -> None:
        for name, again in self._again.items():
            self._cards[name].show_host(self._facts[name], reading=True)
            again.set()

    @work(name="watch")
    async def _watch(self, name: str) -> None:
        """Read one host for as long as the page is shown; the others have a watch of their own."""
        again = self._again[name]
        while True:
            again.clear()
            self._asked[name] = time.monotonic()
            async for facts in self._hosts.read(self._facts[name]):
                self._show(facts)
            self._asked.pop(name, None)
            self._cards[name].show_host(self._facts[name], reading=False)
            try:
                await asyncio.wait_for(again.wait(), AGAIN_AFTER_S)
            except asyncio.TimeoutError:
                continue

    def _tick(self) -> None:
        """A host that has become silent is not to look alive until its time is up."""
        for name, asked in self._asked.items():
            passed = time.monotonic() - asked
            if passed >= LATE_AFTER_S and self.is_current:
                facts = self._facts[name]
                self._cards[name].show_host(facts, reading=facts.state == READING, late_s=int(passed))

    def _show(self, facts: HostFacts) -> None:
        self._facts[facts.name] = facts
        self._cards[facts.name].show_host(facts, reading=facts.state == READING)
