"""The lines of the Launch page about the chosen VM and the workload in its guest."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from textual.content import Content

from tui.core.actions import ADDRESS, MEND, WORKLOAD, WithKeys
from tui.core.aged import last_answer
from tui.core.failure import Failure
from tui.core.quantity import clock, size
from tui.core.vm import Vm
from tui.guest.model.agent import AGENT
from tui.guest.model.workload import WorkloadSpec, WorkloadStatus, live_line
from tui.launch.model.rate_history import rate_text
from tui.ui.chart.spark import resampled, spark
from tui.vm.model.blockers import Blocker
from tui.vm.model.domain import Disk, Domain
from tui.vm.model.location import VmPlacement, state_words
from tui.vm.model.rules.rule import on_shared

LABEL, SPARK = 13, 40
LEAST_S = 10.0  # of rates for a line of them
SLOW_S = 5.0  # a guest that has not replied for so long is said to be slow
LOCATIONS = {"network": "over the network", "block": "a block device", "nvme": "an NVMe device of the host"}
Fact = tuple[str, str, str]  # label, text, style


def vm_lines(
    where: VmPlacement,
    domain: Domain | Failure | None,
    blockers: Sequence[Blocker] | None,
    folder: str,
    guest: str,
    width: int,
    with_keys: WithKeys,
) -> tuple[Content, ...]:
    """Where the VM is, its devices, and what blocks its migration (None: unknown); `guest` is an `access_text`."""
    vm = where.vm
    shape = f", {vm.vcpus} CPU{'' if vm.vcpus == 1 else 's'}, {size(vm.memory_bytes)}" if vm else ""
    if isinstance(domain, Domain):
        shape += f", {domain.cpu or 'default'} CPU, {domain.machine}".rstrip(", ")
    facts: list[Fact] = [("state", f"{where.sentence}{shape}", _state_style(where))]
    facts += _hosts(where)
    if isinstance(domain, Failure):
        facts.append(("definition", str(domain), "$error"))
    elif domain is not None:
        facts += [("disks" if not number else "", _disk(disk, folder), "") for number, disk in enumerate(domain.disks)]
        nics = ", ".join(f"{nic.text} ({nic.model or 'default model'})" for nic in domain.nics)
        facts.append(("network", nics or "none", ""))
    facts.append(("guest", guest, ""))
    facts += _migration(blockers)
    return tuple(_wrapped(facts, width, with_keys))


def access_text(address: str, found: Sequence[str]) -> str:
    """How the app connects to the guest, and the other IP addresses where it was `found`."""
    how = "through its guest agent, as root" if address == AGENT else f"ssh {address}"
    how = how if address else f"its address is not known; {ADDRESS} sets it"
    other = [each for each in found if each not in address]
    return f"{how}; found at {' and '.join(other)}" if other else how


def _state_style(where: VmPlacement) -> str:
    """Green only for what a host has just reported."""
    return "bold $success" if where.active else "dim" if where.last_seen else "bold"


def _hosts(where: VmPlacement) -> Iterator[Fact]:
    """One line per host that has the VM, if several do, and per host that can't be reached or has not replied."""
    having = [host for host, found in where.answers.items() if isinstance(found, Vm)]
    for host, found in sorted(where.answers.items(), reverse=True):
        if isinstance(found, Failure):
            seen = where.seen.get(host)
            age = "" if seen is None or seen.age_s is None else last_answer(seen.age_s)
            yield host, str(found) if age in str(found) else f"{found} ({age})", "$error"
        elif found and len(having) > 1:
            yield host, (where.arrival if host == where.arrives_at else "") or state_words(found), ""
    for host in where.awaited:
        yield host, "has not replied yet", "dim"


def _disk(disk: Disk, folder: str) -> str:
    if not disk.source:
        return f"{disk.target}: empty {disk.device}"
    about = ", ".join(part for part in (disk.format, f"cache {disk.cache}" if disk.cache else "") if part)
    name = PurePosixPath(disk.source).name if on_shared(disk.source, folder) else disk.source
    return f"{disk.target}: {name} ({about or disk.kind}), {_location(disk, folder)}"


def _location(disk: Disk, folder: str) -> str:
    if disk.kind == "file":
        shared = all(on_shared(path, folder) for path in disk.files)
        return "on the shared folder" if shared else "NOT on the shared folder"
    if disk.kind == "volume":
        return f"a volume of pool {disk.pool}"
    return LOCATIONS.get(disk.kind, disk.kind)


def _migration(blockers: Sequence[Blocker] | None) -> Iterator[Fact]:
    if blockers is None:
        return
    clear = all(each.note for each in blockers)
    if clear:
        yield "migration", "nothing known blocks it", "dim"
    for number, each in enumerate(blockers):
        style = "bold $error" if each.blocks else "$warning" if each.doubt else "dim"
        text = f"{each.text} {MEND} mends it." if each.fixes else each.text
        yield "" if number or clear else "migration", text, style


def workload_lines(
    status: WorkloadStatus | Failure | None,
    no_guest: str,
    proposed: Mapping[str, tuple[WorkloadSpec, str]],
    width: int,
    with_keys: WithKeys,
    last: WorkloadStatus | None = None,
    waiting_s: float = 0.0,
) -> tuple[Content, ...]:
    """The workload in the guest, or those that can be started, with a note for each.

    `status` is None until it is read, `no_guest` says why the guest can't be reached, `last` is the last known status,
    `waiting_s` how long the guest has not replied to the newest question for it.
    """
    if no_guest:
        return tuple(_wrapped([("state", no_guest, "dim"), *_offers(proposed)], width, with_keys))
    if isinstance(status, Failure):
        return tuple(_wrapped([("state", str(status), "bold $error"), *_last_seen(last)], width, with_keys))
    slow = [("", f"no reply of the guest for {waiting_s:.0f} s", "$warning")] if waiting_s >= SLOW_S else []
    if status is None:
        return tuple(_wrapped([("state", "reading it from the guest", "dim"), *slow], width, with_keys))
    state, *more = _status(status)
    return tuple(_wrapped([state, *slow, *more, *(() if status.running else _offers(proposed))], width, with_keys))


def rate_line(name: str, points: Sequence[tuple[float, float]]) -> tuple[Content, ...]:
    """The rate of the last minutes as a spark line; none until there are some seconds of it."""
    if not points or points[-1][0] - points[0][0] < LEAST_S:
        return ()
    times, rates = zip(*points, strict=True)
    curve = spark(resampled(times, rates, SPARK))
    about = f"  last {clock(times[-1] - times[0])}, highest {rate_text(name, max(rates))}"
    return (Content.assemble(" ", (f"{'rate':<{LABEL}}", "dim"), (curve, "$accent"), (about, "dim")),)


def _status(status: WorkloadStatus) -> Iterator[Fact]:
    if status.running:
        yield "state", f"{status.name}, {live_line(status)}", "bold $success" if not status.wrong_pages else ""
        yield "program", f"{status.options} (process {status.pid or 'unknown'})", ""
    else:
        yield "state", "idle: nothing runs in the guest", "bold"
        if status.values and not status.error:
            yield "before", f"{status.name}, {live_line(status)}", ""
    if status.error:
        yield "ERROR", status.error, "bold $error reverse"
    wanted = status.output if status.error else status.output[-1:] if status.running else ()
    for number, line in enumerate(wanted):
        yield "" if number else "its output", line, "dim"


def _last_seen(last: WorkloadStatus | None) -> Iterator[Fact]:
    """The last known workload of an unreachable guest, which may still run."""
    if last is not None and last.running:
        yield "last seen", f"{last.name}, {live_line(last)}; it may still run", "$warning"


def _offers(proposed: Mapping[str, tuple[WorkloadSpec, str]]) -> Iterator[Fact]:
    for number, (spec, note) in enumerate(proposed.values()):
        yield "" if number else f"{WORKLOAD} starts", spec.text, "dim"
        if note:
            yield "", note, "$warning"


def _wrapped(facts: list[Fact], width: int, with_keys: WithKeys) -> Iterator[Content]:
    """The facts as lines of at most `width` cells, each label on its first line."""
    for label, text, style in facts:
        lines = Content.styled(" ".join(with_keys(text).split()), style).wrap(max(10, width - LABEL - 2))
        for number, line in enumerate(lines):
            yield Content.assemble(" ", (f"{'' if number else with_keys(label):<{LABEL}}", "dim"), line)
