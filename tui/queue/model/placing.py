"""Which host each VM of a plan goes to: those that can take it, then free memory, then load."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tui.core.quantity import size
from tui.core.vm import Vm

TENTHS = 10  # hosts whose free shares of memory differ by less are alike


@dataclass(frozen=True)
class Room:
    """A host that may take VMs, with what arrives there already: `free_bytes` is None if unknown.

    `vcpus` are those of its active VMs. `why_not` is why nothing goes there, such as "it is in maintenance".
    """

    host: str
    free_bytes: int | None = None
    memory_bytes: int = 0
    cpus: int = 0
    vcpus: int = 0
    why_not: str = ""


@dataclass(frozen=True)
class Fit:
    """Why a host cannot take a VM, or why that is doubtful; both empty if nothing speaks against it."""

    blocked: str = ""
    doubt: str = ""


@dataclass(frozen=True)
class Mover:
    """A VM that has to go; `cannot` is why it cannot, wherever it would go, `fits` are the hosts that it may go to."""

    vm: Vm
    origin: str
    cannot: str = ""
    fits: Mapping[str, Fit] = field(default_factory=dict)


@dataclass(frozen=True)
class Place:
    """Where a VM goes; `targets` are all hosts that can take it, the best first; none if it `cannot` move."""

    targets: tuple[str, ...] = ()
    cannot: str = ""
    doubts: Mapping[str, str] = field(default_factory=dict)  # by host

    @property
    def target(self) -> str:
        """The best host, "" if there is none."""
        return self.targets[0] if self.targets else ""


def placed(movers: Sequence[Mover], rooms: Sequence[Room]) -> dict[str, Place]:
    """By VM, its place: the largest VMs choose first, because the small ones fit into what they leave.

    A host without the memory for a VM is not chosen: libvirt would start it there, and the host might swap or kill it.
    """
    taken: dict[str, tuple[int, int]] = {each.host: (0, 0) for each in rooms}  # bytes and vCPUs that the plan sends
    found: dict[str, Place] = {}
    for mover in sorted(movers, key=lambda each: (-each.vm.memory_bytes, each.vm.name)):
        place = _place(mover, rooms, taken)
        found[mover.vm.name] = place
        if place.target:
            memory_bytes, vcpus = taken[place.target]
            taken[place.target] = (memory_bytes + mover.vm.memory_bytes, vcpus + mover.vm.vcpus)
    return found


def _place(mover: Mover, rooms: Sequence[Room], taken: Mapping[str, tuple[int, int]]) -> Place:
    if mover.cannot:
        return Place(cannot=mover.cannot)
    possible: list[tuple[tuple[bool, int, float], str]] = []
    reasons: dict[str, str] = {}
    for room in rooms:
        fit = mover.fits.get(room.host)
        if room.host == mover.origin or fit is None:
            continue
        reason = room.why_not or fit.blocked or _too_full(mover.vm, room, taken[room.host][0])
        if reason:
            reasons[room.host] = reason
        else:
            possible.append((_rank(mover.vm, room, fit, taken[room.host]), room.host))
    targets = tuple(host for _, host in sorted(possible, key=lambda each: each[0]))
    if not targets:
        return Place(cannot=_joined(reasons) or "there is no other host")
    doubts = {host: mover.fits[host].doubt for host in targets if mover.fits[host].doubt}
    return Place(targets, doubts=doubts)


def _rank(vm: Vm, room: Room, fit: Fit, taken: tuple[int, int]) -> tuple[bool, int, float]:
    """Least first: without a doubt, then the largest share of free memory, then the fewest vCPUs for each CPU."""
    if room.free_bytes is None:
        free_tenths = 0
    else:
        free_tenths = TENTHS * (room.free_bytes - taken[0] - vm.memory_bytes) // max(1, room.memory_bytes)
    load = (room.vcpus + taken[1] + vm.vcpus) / max(1, room.cpus)
    return bool(fit.doubt), -free_tenths, load


def _too_full(vm: Vm, room: Room, taken_bytes: int) -> str:
    if room.free_bytes is None or vm.memory_bytes <= room.free_bytes - taken_bytes:
        return ""
    free = size(max(0, room.free_bytes - taken_bytes))
    after = " left after what goes there before" if taken_bytes else " free"
    return f"it needs {size(vm.memory_bytes)} of memory, and {room.host} has {free}{after}"


def _joined(reasons: Mapping[str, str]) -> str:
    """The reasons of all hosts: once if it is the same, else each with its host."""
    if len(set(reasons.values())) == 1:
        return next(iter(reasons.values()))
    clauses = {host: reason.rstrip(".") for host, reason in reasons.items()}
    return "; ".join(reason if host in reason else f"{host}: {reason}" for host, reason in clauses.items())
