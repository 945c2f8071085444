"""Makes the plan of a queue: reads all hosts, finds a host for each VM, and says what cannot move. Changes nothing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tui.core.connections import Connections
from tui.core.failure import Failure
from tui.core.plan import AUTOMATIC, POST_COPY_MANUAL, Plan, with_technique
from tui.core.settings import Config
from tui.core.threads import on_thread
from tui.core.virsh_options import OPTIONS
from tui.queue.backend.costs import Journey, costs
from tui.queue.backend.requests import Wish
from tui.queue.backend.returning import Return, returns
from tui.queue.backend.survey import Survey, survey
from tui.queue.model.placing import Fit, Mover, Place, placed
from tui.queue.model.plan import BACK, EVACUATE, MOVE, Cost, Entry, QueuePlan, smallest_first
from tui.vm.backend.maintenance import Maintenance
from tui.vm.backend.vms import Vms
from tui.vm.model.cpu import QEMU
from tui.vm.model.domain import Domain
from tui.vm.model.listing import Listed
from tui.vm.model.location import state_words
from tui.vm.model.maintenance import Marks, why_not
from tui.vm.model.offer import Offer

OF_ONE_HOST = ("migrateuri", "graphicsuri", "disks_uri", "tls_destination")
OF_ONE = ("dname", "disks_port", *OF_ONE_HOST)  # options that cannot be those of many migrations


@dataclass(frozen=True)
class Asked:
    """The VMs of a plan, each with its host and the hosts that may take it, and sentences on those that stay."""

    vms: Sequence[tuple[Listed, str, tuple[str, ...]]]
    stays: tuple[str, ...] = ()


class Planner:
    """`reserved` returns by the UUID of a VM what else has it: a study."""

    def __init__(self, connections: Connections, vms: Vms, maintenance: Maintenance, queues: Path) -> None:
        self._connections = connections
        self._vms = vms
        self._maintenance = maintenance
        self._queues = queues
        self.reserved: Callable[[], Mapping[str, str]] = dict

    @property
    def config(self) -> Config:
        """The configuration whose hosts it knows."""
        return self._connections.config

    async def plan(self, wish: Wish, config: str) -> QueuePlan:
        """The plan for a wish of the configuration at a path; raises Failure."""
        self._require_known(wish)
        self.require_usable(wish.preset)
        marks = await on_thread(self._maintenance.marks)
        found = await survey(self._vms, self.config.hypervisors)
        if wish.purpose == EVACUATE:
            asked = self._of_host(found, wish)
        elif wish.purpose == BACK:
            back = await on_thread(returns, self._queues, config, wish.host, marks)
            asked = _of_returns(found, wish.host, back)
            marks = {host: each for host, each in marks.items() if host != wish.host}  # its mark will be taken off
        else:
            asked = self._of_names(found, wish)
        entries = smallest_first(await self._entries(found, asked, marks, wish))
        options = wish.preset, self.config.plan("", wish.preset).copies_disks
        return QueuePlan(wish.purpose, wish.host, entries, wish.limits, asked.stays, *options)

    def require_usable(self, preset: str) -> None:
        """Raise a Failure for a preset that the configuration does not have, or that is for one VM or host."""
        options = self.config.plan("", preset) if preset else Plan("")
        found = next((each for each in OPTIONS if each.name in OF_ONE and getattr(options, each.name)), None)
        if found is not None:
            hint = "Take a preset without it."
            if found.name in OF_ONE_HOST:
                hint += " `migration_address` of a host is where VMs that come to it are sent."
            raise Failure(f"A queue cannot use the preset {preset!r}", f"{found.short} is for one migration", hint)

    def _require_known(self, wish: Wish) -> None:
        named = [*([] if wish.purpose == MOVE else [wish.host]), *wish.to]
        unknown = next((host for host in named if host not in self.config.hypervisors), None)
        if unknown is not None:
            hosts = ", ".join(self.config.hypervisors)
            raise Failure(f"There is no host {unknown!r} that runs VMs", "", f"The hosts are {hosts}.")
        if wish.purpose != MOVE and wish.host in wish.to:
            raise Failure(f"{wish.host} cannot take its own VMs", "it is the host that is emptied")

    # -- which VMs --

    def _of_host(self, found: Survey, wish: Wish) -> Asked:
        vms = _read(found, wish.host)
        targets = wish.to or self.config.targets(wish.host)
        off = [each.vm.name for each in vms if not each.vm.active]
        stays = (f"Off, so not moved: {', '.join(off)}.",) if off else ()
        return Asked([(each, wish.host, targets) for each in vms if each.vm.active], stays)

    def _of_names(self, found: Survey, wish: Wish) -> Asked:
        vms = []
        for name in dict.fromkeys(wish.vms):
            host, listed = _active(found, name)
            vms.append((listed, host, wish.to or self.config.targets(host)))
        return Asked(vms)

    # -- where to --

    async def _entries(self, found: Survey, asked: Asked, marks: Marks, wish: Wish) -> list[Entry]:
        reserved, options = self.reserved(), self.config.plan("", wish.preset)
        movers = [_mover(found, *each, reserved, copied=options.copies_all_disks) for each in asked.vms]
        rooms = [found.room(host, why_not(host, marks)) for host in self.config.hypervisors]
        places = placed(movers, rooms)
        domains = {listed.vm.name: listed.domain for listed, _, _ in asked.vms}
        entries = [_entry(each, places[each.vm.name]) for each in movers]
        entries = [self._with_technique(each, wish) for each in entries]
        if options.copies_disks:
            return entries  # no forecast counts the disks
        vms = {each.vm.name: each for each in movers}
        going = [each for each in entries if each.movable]
        ways = [(each, host) for each in going for host in each.targets]
        journeys = [
            self._journey(found, each.to(host), vms[each.vm], domains[each.vm], wish.preset) for each, host in ways
        ]
        known = await costs(self._connections, self.config.runs.folder, journeys)
        by_vm: dict[str, dict[str, Cost]] = {each.vm: {} for each in entries}
        for (each, host), cost in zip(ways, known, strict=True):
            by_vm[each.vm][host] = cost
        return [replace(each, costs=by_vm[each.vm]) for each in entries]

    def _with_technique(self, entry: Entry, wish: Wish) -> Entry:
        configured = self.config.plan(entry.vm, wish.preset).technique
        usual = AUTOMATIC if configured == POST_COPY_MANUAL else configured  # nobody is there to press the key
        return replace(entry, technique=wish.technique or usual)

    def _journey(self, found: Survey, entry: Entry, mover: Mover, domain: Domain | Failure, preset: str) -> Journey:
        plan = replace(with_technique(self.config.plan(entry.vm, preset), entry.technique), to=entry.target)
        plan = self.config.addressed(plan, entry.origin)
        names = tuple(_hostname(found.offers[host]) for host in (entry.origin, entry.target))
        emulated = isinstance(domain, Domain) and domain.kind == QEMU
        return Journey(mover.vm, entry.origin, (names[0], names[1]), plan, emulated)


def _mover(
    found: Survey, listed: Listed, origin: str, targets: Sequence[str], reserved: Mapping[str, str], *, copied: bool
) -> Mover:
    vm, domain = listed.vm, listed.domain
    cannot = f"it is {reserved[vm.uuid]}" if vm.uuid in reserved else ""
    if vm.incoming:
        cannot = f"it arrives on {origin}, and is no whole VM there until its migration ends"
    elif not vm.running:
        cannot = f"it is {state_words(vm)} on {origin}"
    elif isinstance(domain, Failure):
        cannot = str(domain)
    if cannot or not isinstance(domain, Domain):
        return Mover(vm, origin, cannot)
    hosts = (host for host in targets if host != origin)
    fits: dict[str, Fit] = {host: found.fit(domain, origin, host, copied=copied) for host in hosts}
    return Mover(vm, origin, fits=fits)


def _of_returns(found: Survey, host: str, back: Sequence[Return]) -> Asked:
    """What was moved away from a host and still is where it went."""
    vms, stays = [], []
    for each in back:
        where = [(name, listed) for name, vms_there in found.vms.items() if not isinstance(vms_there, Failure)
                 for listed in vms_there if listed.vm.uuid == each.uuid and listed.vm.active]  # fmt: skip
        there = next((listed for name, listed in where if name == each.target), None)
        if there is not None and len(where) == 1:
            vms.append((there, each.target, (host,)))
        elif where:
            stays.append(f"{each.vm} stays: it is not where it went, {each.target}, but on {where[0][0]}.")
        else:
            stays.append(f"{each.vm} stays: it does not run on {each.target} any more, as far as the hosts reply.")
    return Asked(vms, tuple(stays))


def _entry(mover: Mover, place: Place) -> Entry:
    vm, where = mover.vm, (place.target, place.targets)
    about = {"memory_bytes": vm.memory_bytes, "cannot": place.cannot}
    return Entry(0, vm.name, vm.uuid, mover.origin, *where, doubts=place.doubts, **about)  # type: ignore[arg-type]


def _read(found: Survey, host: str) -> tuple[Listed, ...]:
    vms = found.vms[host]
    if isinstance(vms, Failure):
        raise vms
    return vms


def _active(found: Survey, name: str) -> tuple[str, Listed]:
    """The VM on the host where it runs; raises Failure."""
    having = [(host, listed) for host, vms in found.vms.items() if not isinstance(vms, Failure)
              for listed in vms if listed.vm.name == name]  # fmt: skip
    if not having:
        reasons = "; ".join(str(each) for each in found.vms.values() if isinstance(each, Failure))
        raise Failure(f"There is no VM {name!r}", reasons or "no host has it")
    return min(having, key=lambda each: (not each[1].vm.active, each[1].vm.incoming))


def _hostname(offer: Offer | Failure) -> str:
    return "" if isinstance(offer, Failure) else offer.daemon.hostname
