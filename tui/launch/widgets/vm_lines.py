"""What the Launch page says of the chosen VM and of the workload inside it, as lines."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from textual.content import Content

from tui.core.actions import ADDRESS, WORKLOAD, WithKeys
from tui.core.failure import Failure
from tui.core.quantity import size
from tui.core.vm import Vm
from tui.guest.model.agent import AGENT
from tui.guest.model.workload import WorkloadSpec, WorkloadStatus, live_line
from tui.vm.model.blockers import Blocker, is_shared, on_shared
from tui.vm.model.domain import Disk, Domain
from tui.vm.model.location import VmPlacement, state_words

LABEL = 13
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
    """Where the VM is, what it is made of, and what stands in the way of its migration (None: not known yet).

    `guest` says how its guest is `reached`.
    """
    vm = where.vm
    shape = f", {vm.vcpus} CPU{'' if vm.vcpus == 1 else 's'}, {size(vm.memory_bytes)}" if vm else ""
    if isinstance(domain, Domain):
        shape += f", {domain.cpu or 'default'} CPU, {domain.machine}".rstrip(", ")
    facts: list[Fact] = [("state", f"{where.sentence}{shape}", "bold $success" if where.active else "bold")]
    facts += _hosts(where)
    if isinstance(domain, Failure):
        facts.append(("definition", str(domain), "$error"))
    elif domain is not None:
        facts += [("disks" if not number else "", _disk(disk, folder), "") for number, disk in enumerate(domain.disks)]
        nics = ", ".join(f"{nic.text} ({nic.model or 'default model'})" for nic in domain.nics)
        facts.append(("network", nics or "none", ""))
    facts.append(("guest", guest, ""))
    facts += _moves(blockers)
    return tuple(_wrapped(facts, width, with_keys))


def reached(address: str, found: Sequence[str]) -> str:
    """How the guest is reached, and at which other addresses of the network it was `found`."""
    other = [each for each in found if each not in address]
    at = f"it is at {' and '.join(other)}" if other else ""
    if not address:
        return f"how to reach it is not known{f'; {at}' if at else ''}: {ADDRESS} says it"
    how = "through its guest agent, as root" if address == AGENT else f"ssh {address}"
    return f"{how}; {at}" if at else how


def _hosts(where: VmPlacement) -> Iterator[Fact]:
    """What each host says, where that is more than one has it and the other does not."""
    known = [host for host, answer in where.answers.items() if isinstance(answer, Vm)]
    for host, answer in sorted(where.answers.items(), reverse=True):
        if isinstance(answer, Failure) or len(known) > 1:
            yield host, *_answer(answer)
    for host in where.awaited:
        yield host, "has not answered yet", "dim"


def _disk(disk: Disk, folder: str) -> str:
    if not disk.source:
        return f"{disk.target}: empty {disk.device}"
    about = ", ".join(part for part in (disk.format, f"cache {disk.cache}" if disk.cache else "") if part)
    name = PurePosixPath(disk.source).name if on_shared(disk.source, folder) else disk.source
    place = "on the shared folder" if is_shared(disk, folder) else "NOT on the shared folder"
    return f"{disk.target}: {name} ({about or disk.kind}), {place}"


def _moves(blockers: Sequence[Blocker] | None) -> Iterator[Fact]:
    if blockers is not None and not blockers:
        yield "to move it", "nothing known is in the way", "dim"
    for number, each in enumerate(blockers or ()):
        yield "" if number else "to move it", each.text, "$warning" if each.doubt else "bold $error"


def workload_lines(
    status: WorkloadStatus | Failure | None,
    why_none: str,
    proposed: Mapping[str, tuple[WorkloadSpec, str]],
    width: int,
    with_keys: WithKeys,
    last: WorkloadStatus | None = None,
) -> tuple[Content, ...]:
    """What runs in the guest, or could, each with what is to be said of it.

    `status` is None until the guest was asked, `why_none` why it can't be; `last` is what it answered when it last did.
    """
    if why_none:
        return tuple(_wrapped([("state", why_none, "dim"), *_offers(proposed)], width, with_keys))
    if isinstance(status, Failure):
        return tuple(_wrapped([("state", str(status), "bold $error"), *_last_seen(last)], width, with_keys))
    if status is None:
        return tuple(_wrapped([("state", "asking the guest", "dim")], width, with_keys))
    return tuple(_wrapped([*_status(status), *(() if status.running else _offers(proposed))], width, with_keys))


def _status(status: WorkloadStatus) -> Iterator[Fact]:
    if status.running:
        yield "state", f"{status.name}, {live_line(status)}", "bold $success" if not status.wrong_pages else ""
        yield "program", f"{status.options} (process {status.pid or 'not known yet'})", ""
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
    """What ran in a guest that can't be asked any more: nothing of it needs the way on which it was asked."""
    if last is not None and last.running:
        yield "last seen", f"{last.name}, {live_line(last)}; whether it still runs is not known", "$warning"


def _offers(proposed: Mapping[str, tuple[WorkloadSpec, str]]) -> Iterator[Fact]:
    for number, (spec, said) in enumerate(proposed.values()):
        yield "" if number else f"{WORKLOAD} starts", spec.text, "dim"
        if said:
            yield "", said, "$warning"


def _answer(answer: Vm | Failure | None) -> tuple[str, str]:
    if isinstance(answer, Failure):
        return str(answer), "$error"
    return (state_words(answer), "") if answer else ("does not know it", "dim")


def _wrapped(facts: list[Fact], width: int, with_keys: WithKeys) -> Iterator[Content]:
    """Each fact on as many lines as it needs, the label on the first."""
    for label, text, style in facts:
        lines = Content.styled(" ".join(with_keys(text).split()), style).wrap(max(10, width - LABEL - 2))
        for number, line in enumerate(lines):
            yield Content.assemble(" ", (f"{'' if number else with_keys(label):<{LABEL}}", "dim"), line)
