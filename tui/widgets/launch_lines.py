"""What the Launch page says of the VM and of the workload inside it, as lines."""

from collections.abc import Iterator, Mapping

from textual.content import Content

from tui.model.failure import Failure
from tui.model.quantity import size
from tui.model.vm import Vm
from tui.model.whereabouts import Whereabouts, state_words
from tui.model.workload import EXPLAINED, WorkloadSpec, WorkloadStatus, live_line

LABEL = 13
Fact = tuple[str, str, str]  # label, text, style


def vm_lines(where: Whereabouts, address: str, width: int) -> tuple[Content, ...]:
    """Where the VM is, and what each host says of it."""
    vm = where.vm
    shape = f", {vm.vcpus} CPUs, {size(vm.memory_bytes)}" if vm else ""
    facts: list[Fact] = [("state", f"{where.sentence}{shape}", "bold $success" if where.active else "bold")]
    facts += [(host, *_answer(answer)) for host, answer in sorted(where.answers.items(), reverse=True)]
    facts += [(host, "has not answered yet", "dim") for host in where.awaited]
    facts.append(("guest", f"ssh {address}" if address else "not configured: [vm] ssh", ""))
    return tuple(_wrapped(facts, width))


def workload_lines(
    status: WorkloadStatus | Failure | None, why_none: str, proposed: Mapping[str, WorkloadSpec], width: int
) -> tuple[Content, ...]:
    """What runs in the guest, or could; `status` is None until the guest was asked, `why_none` why it can't be."""
    if why_none:
        return tuple(_wrapped([("state", why_none, "dim"), *_offers(proposed)], width))
    if isinstance(status, Failure):
        return tuple(_wrapped([("state", str(status), "bold $error")], width))
    if status is None:
        return tuple(_wrapped([("state", "asking the guest", "dim")], width))
    return tuple(_wrapped([*_status(status), *(() if status.running else _offers(proposed))], width))


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


def _offers(proposed: Mapping[str, WorkloadSpec]) -> Iterator[Fact]:
    for number, (name, spec) in enumerate(proposed.items()):
        yield "" if number else "w starts", f"{spec.text}. {EXPLAINED[name]}", "dim"


def _answer(answer: Vm | Failure | None) -> tuple[str, str]:
    if isinstance(answer, Failure):
        return str(answer), "$error"
    return (state_words(answer), "") if answer else ("does not know it", "dim")


def _wrapped(facts: list[Fact], width: int) -> Iterator[Content]:
    """Each fact on as many lines as it needs, the label on the first."""
    for label, text, style in facts:
        lines = Content.styled(" ".join(text.split()), style).wrap(max(10, width - LABEL - 2))
        for number, line in enumerate(lines):
            yield Content.assemble(" ", (f"{'' if number else label:<{LABEL}}", "dim"), line)
