"""Polls and shows the VMs of all hosts, the chosen VM, and the workload in its guest."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from time import monotonic as now

from textual import work
from textual.content import Content
from textual.timer import Timer

from tui.core.failure import Failure
from tui.core.host_words import all_of
from tui.core.limit import within
from tui.guest.model.workload import (
    VmCapacity,
    WorkloadSpec,
    WorkloadStatus,
    overcommit_warning,
    scale_down,
    validate_spec,
)
from tui.launch.backend.launch import Launch
from tui.launch.backend.verdicts import Verdicts
from tui.launch.model.cpu_history import CpuHistory
from tui.launch.model.rate_history import RateHistory
from tui.launch.model.row import Order, Row
from tui.launch.model.vm_events import VmEvents
from tui.launch.screens.layout import LaunchLayout
from tui.launch.widgets.curves import cpu_picture, rate_picture
from tui.launch.widgets.event_lines import event_lines
from tui.launch.widgets.vm_lines import SLOW_S, access_text, rate_line, vm_lines, workload_lines
from tui.ui.error_report import WATCH
from tui.ui.filtered import Filtered
from tui.ui.text_dialog import has_words
from tui.vm.model.domain import Domain
from tui.vm.model.listing import Listing
from tui.vm.model.location import VmPlacement
from tui.vm.model.use import Use

POLL_EVERY_S, SLOWEST_POLL_S = 1.0, 15.0
JUDGE_EVERY_S = 0.1
OFFERS_EVERY_S, OFFER_RETRY_S = 30.0, 5.0
ADDRESSES_EVERY_S = 5.0
REREAD_EVERY = 10  # polls: another program may change a definition while the state of the VM stays the same
BOOT = "boot"


def local_now() -> datetime:
    """The time, as the clock on the wall has it."""
    return datetime.now().astimezone()


class LaunchView(Filtered, LaunchLayout):
    """The page without its keys; a subclass sets `_action`, the running action, and overrides `_refresh_keys`."""

    page = "launch"

    def __init__(self, launch: Launch) -> None:
        super().__init__()
        self._launch = launch
        self._answered = Listing.of(launch.vms.hosts)  # the newest answer of each host
        self._domains: tuple[Domain, ...] = ()  # of all hosts
        self._offer_now = {host: asyncio.Event() for host in launch.vms.hosts}  # it has facts about each of `_domains`
        self._listing = self._answered  # the same, but a host that does not answer now has none
        self._verdicts = Verdicts(launch.config)
        self._goes_on: Timer | None = None  # until further verdicts are computed
        self._status: WorkloadStatus | Failure | None = None
        self._last_status: dict[str, WorkloadStatus] = {}  # by VM
        self._asked: tuple[str, float] | None = None  # the VM whose guest is asked for its workload, since when
        self._proposed = {name: launch.default_spec(name) for name in launch.workload_names}
        self._edited: set[str] = set()  # those of `_proposed` that the user has changed
        self._found: dict[str, tuple[str, ...]] = {}  # by VM: the guest's IP addresses
        self._rates, self._cpu, self._events = RateHistory(), CpuHistory(), VmEvents()
        self._uses: dict[str, Mapping[str, Use]] = {}  # by host
        self._action = ""
        self._order = Order()
        self._marked: set[str] = set()
        self._listed: list[str] = []  # the VMs that are shown, in their order

    def on_mount(self) -> None:
        self.every_second(self._tick)

    def on_screen_resume(self) -> None:
        self._show()
        self.workers.cancel_group(self, WATCH)
        for host in self._launch.vms.hosts:
            self._watch_host(host)
            self._watch_offer(host)
            self._watch_use(host)
        self._watch_workload()
        self._watch_addresses()

    def on_screen_suspend(self) -> None:
        """Stop polling, which loads the guest; a running action continues."""
        self.workers.cancel_group(self, WATCH)

    # -- polling --

    @work(group=WATCH)
    async def _watch_host(self, host: str) -> None:
        """Poll the VMs of one host; separate workers keep a slow host from delaying the others."""
        polls = 0
        while True:
            found = await self._launch.vms.on(host, reread=polls % REREAD_EVERY == 0)
            before, self._answered = self._answered, self._answered.with_answer(host, found)  # of all workers
            if self._answered is not before:
                self._note_domains()
                self._forget_marks()
                self._show()
            polls += 1
            await asyncio.sleep(POLL_EVERY_S)

    @work(group=WATCH)
    async def _watch_use(self, host: str) -> None:
        """Poll what the VMs of a host use, while the page is wide enough to show it."""
        while True:
            if self._shows_use:
                before, self._uses[host] = self._uses.get(host), await self._launch.uses.on(host)
                if self._beside:
                    self._cpu.add(host, self._uses[host], now())
                if self._uses[host] != before:
                    self._show()
            await asyncio.sleep(POLL_EVERY_S)

    @work(group=WATCH)
    async def _watch_offer(self, host: str) -> None:
        """Poll what a host offers, which decides whether a VM can migrate to it."""
        while True:
            self._offer_now[host].clear()
            offer = await self._launch.vms.offer(host)
            self._verdicts.learn(host, offer)
            self._show()
            await asyncio.sleep(POLL_EVERY_S)  # at first, each host that answers adds some
            with suppress(asyncio.TimeoutError):
                limit_s = OFFER_RETRY_S if isinstance(offer, Failure) else OFFERS_EVERY_S
                await within(limit_s, self._offer_now[host].wait())

    def _note_domains(self) -> None:
        """Read the offers again at once if the definitions have changed: they have facts about each of them."""
        if self._domains != (domains := self._launch.vms.domains):
            self._domains = domains
            for each in self._offer_now.values():
                each.set()

    @work(group=WATCH)
    async def _watch_workload(self) -> None:
        """Poll the workload of the chosen VM; a slow reply is followed by a pause, as each question is work for it."""
        while True:
            name, began = self._launch.name, now()
            before = self._status, self._last_status.get(name)
            await self._status_of_chosen()
            slow = now() - began >= SLOW_S  # which the page says
            if slow or before != (self._status, self._last_status.get(name)) or self._rates.of(name):
                self._show()
            await asyncio.sleep(min(max(POLL_EVERY_S, now() - began), SLOWEST_POLL_S))

    @work(group=WATCH)
    async def _watch_addresses(self) -> None:
        """Poll the IP addresses of the chosen VM's guest."""
        while True:
            name = self._launch.name
            before = self._found.get(name, ())
            try:
                self._found[name] = await self._launch.found_addresses(name)
            except Failure:
                self._found.pop(name, None)  # the worker of that host shows the same failure
            if self._found.get(name, ()) != before:
                self._show()
            await asyncio.sleep(ADDRESSES_EVERY_S)

    async def _read_workload(self) -> None:
        """Read the workload's status, and show it."""
        await self._status_of_chosen()
        self._show()

    async def _status_of_chosen(self) -> None:
        """Read the workload's status, except during an action: that reads it itself, and a busy guest is slow."""
        name, address, status = self._launch.name, self._launch.address, self._status
        if not self._where.active:
            status = None
            self._last_status.pop(name, None)
        elif not self._action:
            self._asked = name, now()
            try:
                status = await self._launch.workloads.status(name)
            except Failure as failure:
                status = failure
            finally:
                self._asked = None
        if (name, address) == (self._launch.name, self._launch.address):  # neither was changed meanwhile
            self._status = status
            if isinstance(status, WorkloadStatus):
                self._last_status[name] = status
                self._rates.add(name, status, now())

    @property
    def _waited_s(self) -> float:
        """How long the guest of the chosen VM has not replied."""
        return now() - self._asked[1] if self._asked and self._asked[0] == self._launch.name else 0.0

    @property
    def _where(self) -> VmPlacement:
        return self._listing.where(self._launch.name)

    # -- showing --

    def _show(self) -> None:
        width = self._vm_lines.size.width
        if not width:
            return
        self._listing = self._answered.with_silent(self._launch.vms.seen)
        self._judge()
        where, folder = self._where, self._launch.config.storage.export
        found = self._found.get(where.name, ()) if where.active else ()
        rows = self._rows()
        self._listed = [row.where.name for row in rows]
        self._list_heading.show(Content(self._heading()))
        self._list.show_rows(rows, where.name, self._most_rows, self._list_heading.size.width, beside=self._beside)
        self._show_events()
        self._vm_heading.show(Content(f" {where.name}"))
        domain, chosen = self._listing.domain(where.name), next(row for row in rows if row.where.name == where.name)
        guest = access_text(self._launch.address, found)
        self._vm_lines.show(*vm_lines(where, domain, chosen.blockers, folder, guest, width, self.with_keys))
        last = self._last_status.get(where.name)
        lines = workload_lines(
            self._status, self._why_no_guest(), self._fitted(), width, self.with_keys, last, self._waited_s
        )
        if self._shows_use and last is not None and last.running and not self._has_curves:
            lines += rate_line(last.name, self._rates.of(where.name))
        self._workload_lines.show(*lines)
        if self._has_curves:
            self._show_curves(where, last)
        self._refresh_keys()

    def _show_curves(self, where: VmPlacement, last: WorkloadStatus | None) -> None:
        cpu = self._cpu.of(where.name) if where.active else ()
        rates = self._rates.of(where.name) if last is not None and last.running else ()
        vcpus = where.vm.vcpus if where.vm is not None else 1
        self._curves.show(cpu_picture(cpu, vcpus), rate_picture(last.name if last else "", rates))

    def _show_events(self) -> None:
        self._events.note(self._listing, local_now())
        if self._beside:
            self._event_lines.show(*event_lines(self._events, self._most_events))

    def _fitted(self) -> dict[str, tuple[WorkloadSpec, str]]:
        """The proposed workloads, scaled down to the VM unless the user has changed them, each with a note."""
        return {name: self._fit(spec) for name, spec in self._proposed.items()}

    def _fit(self, spec: WorkloadSpec) -> tuple[WorkloadSpec, str]:
        capacity = self._capacity
        if spec.name in self._edited and validate_spec(spec, capacity.memory_bytes) is None:
            return spec, overcommit_warning(spec, capacity)
        return scale_down(spec, capacity)

    @property
    def _capacity(self) -> VmCapacity:
        vm = self._where.vm
        return VmCapacity(vm.vcpus, vm.memory_bytes) if vm else VmCapacity()

    def _heading(self) -> str:
        """What the list has, how many of it are marked, its filter and its order."""
        marked = len(self.marked())
        hidden = len(self._marked) - marked
        found = [
            f" VMs of {all_of(self._launch.vms.hosts)}",
            f"{marked} marked" if marked else "",
            f"{hidden} marked but hidden: not acted on" if hidden else "",
            f'only with "{self.filter_words}"' if self.filter_words else "",
            self._order.words,
            "up/down choose",
        ]
        return "; ".join(filter(None, found))

    def marked(self) -> list[str]:
        """The marked VMs that are shown, in their order."""
        return [name for name in self._listed if name in self._marked]

    def _forget_marks(self) -> None:
        """Forget the marks and figures of VMs that are gone, once all hosts have replied."""
        known = self._answered
        if not known.awaited and not any(isinstance(each, Failure) for each in known.answers.values()):
            self._marked.intersection_update(known.names)
            self._cpu.keep(known.names)

    def _names(self) -> list[str]:
        """The listed VMs that the filter matches in their order, and the chosen one even if no host has it."""
        return [row.where.name for row in self._rows()]

    def _rows(self) -> list[Row]:
        names = {*filter(self._matches, self._listing.names), self._launch.name}
        return self._order.sorted(map(self._row, names))

    def _matches(self, name: str) -> bool:
        return not self.filter_words or has_words(f"{name} {self._listing.where(name).sentence}", self.filter_words)

    def _row(self, name: str) -> Row:
        row = self._verdicts.row(name)
        use, marked, cpu = self._use_of(row.where), name in self._marked, self._cpu.of(name) if self._beside else ()
        return replace(row, use=use, marked=marked, cpu=cpu) if use or marked or cpu else row

    def _use_of(self, where: VmPlacement) -> Use | None:
        return self._uses.get(where.host, {}).get(where.name) if where.active else None

    def _chosen_row(self) -> Row:
        return self._verdicts.row(self._launch.name)

    def _judge(self) -> None:
        """Compute verdicts, those of the VMs on the screen first, and go on soon if some are left."""
        self._verdicts.show(self._listing)
        self._verdicts.judge(self._launch.name, (*self._list.names, *self._listing.names))
        if self._verdicts.pending and self._goes_on is None:
            self._goes_on = self.set_timer(JUDGE_EVERY_S, self.guarded(self._judge_more))

    def _judge_more(self) -> None:
        self._goes_on = None
        if self.is_current:
            self._show()

    def _why_no_guest(self) -> str:
        """Why the guest can't be reached, "" if it can."""
        if self._action == BOOT:
            return "the guest is booting"
        if self._where.vm is None:
            return "unknown until the VM is found"
        return "" if self._where.active else "the VM does not run"

    def _tick(self) -> None:
        if self.is_current:
            self._report.tick()
            if self._launch.vms.seen or self._listing.seen or self._waited_s >= SLOW_S:  # ages of what does not answer
                self._show()
            elif self._events.waits:
                self._show_events()

    def _refresh_keys(self) -> None:
        """Called after each update of the page, which may enable or disable keys."""
