"""What the Launch page shows: the VMs of both hosts, the chosen one, and the workload in its guest, as they change."""

import asyncio

from textual import work
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tui.core.failure import Failure
from tui.core.settings import HYPERVISORS, OTHER
from tui.guest.model.workload import Room, WorkloadSpec, WorkloadStatus, doubt, fitted, refuse
from tui.launch.backend.launch import Launch
from tui.launch.widgets.vm_lines import reached, vm_lines, workload_lines
from tui.launch.widgets.vm_list import Row, VmList
from tui.ui.error_report import WATCH
from tui.ui.lines import Lines
from tui.ui.page import Page
from tui.ui.report import Report
from tui.vm.model.blockers import Blocker, blockers
from tui.vm.model.domain import Domain
from tui.vm.model.domain_mark import UNFINISHED
from tui.vm.model.listing import Listing
from tui.vm.model.location import VmPlacement
from tui.vm.model.offer import Offer

LOOK_EVERY_S = 1.0
OFFERS_EVERY_S, OFFER_AGAIN_S = 30.0, 5.0  # the second after one that could not be read
ADDRESSES_EVERY_S = 5.0
AFRESH_EVERY = 10  # looks: a definition may be changed by others while the VM's state stays as it is
BOOT = "boot"
OTHER_LINES = 19  # of the page at 80x24 beside the list
LEAST_ROWS = 3


class LaunchView(Page):
    """All of the page but its keys; `_under_way` is the action that a key has begun, `_refresh_keys` is theirs."""

    page = "launch"
    CSS_PATH = "page.tcss"

    def __init__(self, launch: Launch) -> None:
        super().__init__()
        self._launch = launch
        self._listing = Listing(awaited=HYPERVISORS)
        self._offers: dict[str, Offer | Failure] = {}
        self._status: WorkloadStatus | Failure | None = None
        self._seen: dict[str, WorkloadStatus] = {}  # by VM: what its guest answered when it last did
        self._proposed = {name: launch.default_spec(name) for name in launch.workload_names}
        self._meant: set[str] = set()  # of these, those that a person has put together
        self._found: dict[str, tuple[str, ...]] = {}  # by VM: where on the network it was found
        self._under_way = ""
        self._list, self._vm_heading = VmList(id="vms"), Lines(id="vm-heading", classes="heading")
        self._vm_lines, self._workload_lines, self._report = (
            Lines(id="vm"),
            Lines(id="workload"),
            Report(self.with_keys, id="report"),
        )

    def body(self) -> ComposeResult:
        with VerticalScroll(can_focus=False):
            yield Static(Content(" VMs of both hosts; up/down choose"), classes="heading")
            yield self._list
            yield self._vm_heading
            yield self._vm_lines
            yield Static(Content(" Workload in its guest"), classes="heading")
            yield self._workload_lines
            yield self._report

    def on_mount(self) -> None:
        self.set_interval(1.0, self.guarded(self._tick))

    def on_screen_resume(self) -> None:
        self._show()
        self.workers.cancel_group(self, WATCH)
        for host in HYPERVISORS:
            self._watch_host(host)
            self._watch_offer(host)
        self._watch_workload()
        self._watch_addresses()

    def on_screen_suspend(self) -> None:
        """Nobody looks: the guest is left alone. What was asked for goes on."""
        self.workers.cancel_group(self, WATCH)

    def on_resize(self) -> None:
        self.call_after_refresh(self._show)

    # -- watching --

    @work(group=WATCH)
    async def _watch_host(self, host: str) -> None:
        """Each host has a watch of its own, so that one that does not answer hides nothing of the other."""
        looks = 0
        while True:
            answer = await self._launch.vms.on(host, reread=looks % AFRESH_EVERY == 0)
            self._listing = self._listing.with_answer(host, answer)  # of now: the other may have answered meanwhile
            self._show()
            looks += 1
            await asyncio.sleep(LOOK_EVERY_S)

    @work(group=WATCH)
    async def _watch_offer(self, host: str) -> None:
        """What a host offers: whether a VM can move to it depends on that."""
        while True:
            offer = await self._launch.vms.offer(host)
            self._offers[host] = offer
            self._show()
            await asyncio.sleep(OFFER_AGAIN_S if isinstance(offer, Failure) else OFFERS_EVERY_S)

    @work(group=WATCH)
    async def _watch_workload(self) -> None:
        while True:
            await self._look_at_workload()
            await asyncio.sleep(LOOK_EVERY_S)

    @work(group=WATCH)
    async def _watch_addresses(self) -> None:
        """Of the chosen VM; nothing is found where it does not run, and while nobody knows."""
        while True:
            name = self._launch.name
            try:
                self._found[name] = await self._launch.found_addresses(name)
            except Failure:
                self._found.pop(name, None)  # of no importance beside what the other watches say of that host
            self._show()
            await asyncio.sleep(ADDRESSES_EVERY_S)

    async def _look_at_workload(self) -> None:
        """Not while something is under way, which asks by itself: a guest that compiles has enough to do."""
        name, address, status = self._launch.name, self._launch.address, self._status
        if not self._where.active:
            status = None
            self._seen.pop(name, None)
        elif not self._under_way:
            try:
                status = await self._launch.workload_status(name)
            except Failure as failure:
                status = failure
        if (name, address) == (self._launch.name, self._launch.address):  # else another one or way was chosen meanwhile
            self._status = status
            if isinstance(status, WorkloadStatus):
                self._seen[name] = status
        self._show()

    @property
    def _where(self) -> VmPlacement:
        return self._listing.where(self._launch.name)

    # -- showing --

    def _show(self) -> None:
        width = self._vm_lines.size.width
        if not width:
            return
        where, folder = self._where, self._launch.config.storage.export
        found = self._found.get(where.name, ()) if where.active else ()
        rows = self._rows()
        self._list.show_rows(rows, where.name, max(LEAST_ROWS, self.size.height - OTHER_LINES), width)
        self._vm_heading.show(Content(f" {where.name}"))
        domain, chosen = self._listing.domain(where.name), next(row for row in rows if row.where.name == where.name)
        guest = reached(self._launch.address, found)
        self._vm_lines.show(*vm_lines(where, domain, chosen.blockers, folder, guest, width, self.with_keys))
        last = self._seen.get(where.name)
        lines = workload_lines(self._status, self._why_no_guest(), self._fitting(), width, self.with_keys, last)
        self._workload_lines.show(*lines)
        self._refresh_keys()

    def _fitting(self) -> dict[str, tuple[WorkloadSpec, str]]:
        """What w offers, and of each what keeps it from being as it is meant: scaled down where the VM is small."""
        return {name: self._fit(spec) for name, spec in self._proposed.items()}

    def _fit(self, spec: WorkloadSpec) -> tuple[WorkloadSpec, str]:
        room = self._room
        if spec.name in self._meant and refuse(spec, room.memory_bytes) is None:
            return spec, doubt(spec, room)
        return fitted(spec, room)

    @property
    def _room(self) -> Room:
        vm = self._where.vm
        return Room(vm.vcpus, vm.memory_bytes) if vm else Room()

    def _names(self) -> list[str]:
        """Of all that is listed; the chosen one is, even where no host knows it."""
        return sorted({*self._listing.names, self._launch.name})

    def _rows(self) -> list[Row]:
        return [self._row(name) for name in self._names()]

    def _row(self, name: str) -> Row:
        domain, where = self._listing.domain(name), self._listing.where(name)
        if not isinstance(domain, Domain):
            return Row(where)
        if domain.mark:
            return Row(where, domain, (Blocker(UNFINISHED[domain.mark]),))
        return Row(where, domain, self._blockers(domain, where.host))

    def _blockers(self, domain: Domain, host: str) -> tuple[Blocker, ...] | None:
        """What is in the way to the other host; None before it is known what that one offers."""
        target = OTHER[host]
        here, there = self._offers.get(host), self._offers.get(target)
        if there is None:
            return None
        if isinstance(there, Failure) or isinstance(self._listing.answers.get(target), Failure):  # since it was asked
            away = Blocker(f"{target} can't be asked what it offers.", doubt=True)
            return (*blockers(domain, self._launch.config.storage.export, target, None, None), away)
        known_here = here if isinstance(here, Offer) else None
        return blockers(domain, self._launch.config.storage.export, target, there, known_here)

    def _why_no_guest(self) -> str:
        """Why the guest can't be asked what runs in it; empty where it can."""
        if self._under_way == BOOT:
            return "the guest is booting"
        if self._where.vm is None:
            return "not known before the VM is found"
        return "" if self._where.active else "the VM does not run"

    def _tick(self) -> None:
        if self.is_current:
            self._report.tick()

    def _refresh_keys(self) -> None:
        """What is shown may have changed what can be pressed."""
