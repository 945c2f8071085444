"""One host, in a box or on one line: its state, its facts, and its failures."""

from collections.abc import Iterator

from rich.cells import set_cell_size
from textual.content import Content

from tui.checklist.widgets.item_lines import Fact, one_line, wrapped
from tui.core.aged import last_answer
from tui.core.failure import Failure
from tui.core.quantity import size
from tui.core.vm import Vm
from tui.hosts.model.checks.basic import version
from tui.hosts.model.host import OK, PARTLY, READING, SILENT, UNREACHABLE, HostFacts, System, Virtualization
from tui.ui.lines import Lines
from tui.vm.model.location import state_words

COLUMN = 48  # a narrower box has one fact per line, a wider one several
LABEL = 9
STYLES = {OK: "bold $success", PARTLY: "bold $warning", UNREACHABLE: "bold $error", READING: "dim", SILENT: "bold dim"}
NAME = max(map(len, ("source", "destination", "storage")))


class HostCard(Lines):
    """Shows HostFacts; `vm` is the name of the VM to highlight."""

    DEFAULT_CSS = """
    HostCard { border: round $foreground; padding: 0 1; height: auto; }
    HostCard { border-title-style: none; border-title-color: $foreground; }
    """

    def __init__(self, facts: HostFacts, vm: str) -> None:
        super().__init__(id=f"host-{facts.name}")
        self._facts = facts
        self._vm = vm
        self._reading = True
        self._title: Content | None = None

    def show_host(self, facts: HostFacts, *, reading: bool) -> None:
        """Show `facts`; `reading` while the first read is running. What a host was before it fell silent is grey."""
        self._facts = facts
        self._reading = reading
        self._draw()

    def on_resize(self) -> None:
        super().on_resize()
        self._draw()

    def _draw(self) -> None:
        facts, width = self._facts, self.size.width
        state = READING if self._reading and facts.state != SILENT else facts.state
        title = Content.assemble((facts.name, "bold"), "  ", (state, STYLES[state]), _age(facts), f"  {facts.address}")
        if self._title is None or not self._title.is_same(title):
            self._title = title
            self.border_title = title  # Content, because a name may contain markup
        if width:
            lines = _column(facts, self._vm) if width < COLUMN else _sentences(facts, self._vm)
            facts_of_host = ((label, one_line(text) or "unknown", style) for label, text, style in lines)
            self.show(*(part for fact in facts_of_host for part in wrapped(fact, width, LABEL)))


def _age(facts: HostFacts) -> tuple[str, str]:
    """When a host answered last that does not answer now, wholly or in part."""
    return (f"  {last_answer(facts.age_s)}" if facts.late and facts.age_s is not None else "", "dim")


def _column(facts: HostFacts, vm: str) -> Iterator[Fact]:
    system, virtualization = facts.shown
    was = _was(facts)
    if isinstance(system, System):
        yield "name", system.hostname, was["system"]
        yield "system", system.os, was["system"]
        yield "kernel", system.kernel, was["system"]
        yield "CPUs", f"{system.cpus} {system.cpu_model}", was["system"]
        yield "memory", size(system.memory_bytes), was["system"]
        yield "free", size(system.memory_available_bytes), was["system"]
    yield from _failure(facts.system)
    if isinstance(virtualization, Virtualization):
        yield "libvirt", version(virtualization.daemon.libvirt_version), was["virtualization"]
        yield "QEMU", version(virtualization.daemon.hypervisor_version), was["virtualization"]
        yield from _vms(virtualization, vm, facts)
    if str(facts.virtualization) != str(facts.system):
        yield from _failure(facts.virtualization)


def _was(facts: HostFacts) -> dict[str, str]:
    """The style of each part: grey if it is of before."""
    return {part: "dim" if part in facts.late else "" for part in ("system", "virtualization")}


def _sentences(facts: HostFacts, vm: str) -> Iterator[Fact]:
    system, virtualization = facts.shown
    was = _was(facts)
    if isinstance(system, System):
        memory = f"{size(system.memory_bytes)} of memory, {size(system.memory_available_bytes)} free"
        yield "machine", f"{system.hostname}, {system.cpus} CPUs ({system.cpu_model}), {memory}", was["system"]
        yield "system", f"{system.os}, kernel {system.kernel}", was["system"]
    yield from _failure(facts.system)
    if isinstance(virtualization, Virtualization):
        daemon = virtualization.daemon
        text = f"libvirt {version(daemon.libvirt_version)}, QEMU {version(daemon.hypervisor_version)}"
        yield "software", text, was["virtualization"]
        yield from _vms(virtualization, vm, facts)
    if str(facts.virtualization) != str(facts.system):
        yield from _failure(facts.virtualization)


def _vms(virtualization: Virtualization, configured: str, facts: HostFacts) -> Iterator[Fact]:
    style = _was(facts)["virtualization"]
    if not virtualization.vms:
        yield "VMs", "none", style
    for vm in virtualization.vms:
        text = f"{vm.name}: {_state(vm, facts)}, {vm.vcpus} CPUs, {size(vm.memory_bytes)}"
        yield "VM", text, style or ("bold" if vm.name == configured else "")


def _state(vm: Vm, facts: HostFacts) -> str:
    state = "arriving" if vm.incoming else state_words(vm)
    return f"last seen {state}" if "virtualization" in facts.late else state


def _failure(part: object) -> Iterator[Fact]:
    if isinstance(part, Failure):
        yield "error", str(part), "bold $error"


def host_line(facts: HostFacts, vm: str, wide: int, *, reading: bool) -> Content:
    """The line of one host, cut at the right edge, its name in `wide` columns; the rest as in HostCard.show_host."""
    state = READING if reading and facts.state != SILENT else facts.state
    name, style = set_cell_size(facts.name, wide), STYLES[state]
    more = "   ".join(one_line(word) for word in _summary(facts, vm))
    address = f"  {one_line(facts.address)}  "
    grey = "dim" if state == SILENT else ""
    return Content.assemble(" ", (name, grey or "bold"), "  ", (state, style), _age(facts), (address + more, grey))


def _summary(facts: HostFacts, vm: str) -> Iterator[str]:
    for failure in facts.failures[:1]:
        yield str(failure)
    system, virtualization = facts.shown
    if isinstance(virtualization, Virtualization):
        yield from (f"{each.name}: {_state(each, facts)}" for each in virtualization.vms if each.name == vm)
        others = sum(each.name != vm for each in virtualization.vms)
        if others:
            yield f"{others} other VM{'s' * (others != 1)}"
    if isinstance(system, System):
        yield system.os
