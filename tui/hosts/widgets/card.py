"""One host, in a box or on one line: its state, its facts, and its failures."""

from collections.abc import Iterator

from rich.cells import set_cell_size
from textual.content import Content

from tui.checklist.widgets.item_lines import Fact, one_line, wrapped
from tui.core.failure import Failure
from tui.core.quantity import size
from tui.core.vm import Vm
from tui.hosts.model.checks.basic import version
from tui.hosts.model.host import OK, PARTLY, READING, UNREACHABLE, HostFacts, System, Virtualization
from tui.ui.lines import Lines
from tui.vm.model.location import state_words

COLUMN = 48  # a narrower box has one fact per line, a wider one several
LABEL = 9
STYLES = {OK: "bold $success", PARTLY: "bold $warning", UNREACHABLE: "bold $error", READING: "dim"}
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
        self._late_s = 0
        self._title: Content | None = None

    def show_host(self, facts: HostFacts, *, reading: bool, late_s: int = 0) -> None:
        """Show `facts`; `reading` while a read is running, `late_s` seconds for a read that takes long."""
        self._facts = facts
        self._reading = reading
        self._late_s = late_s
        self._draw()

    def on_resize(self) -> None:
        super().on_resize()
        self._draw()

    def _draw(self) -> None:
        facts, width = self._facts, self.size.width
        state = READING if self._reading else facts.state
        late = (f"  no answer for {self._late_s} s", "bold $warning") if self._late_s else ""
        title = Content.assemble((facts.name, "bold"), "  ", (state, STYLES[state]), late, f"  {facts.address}")
        if self._title is None or not self._title.is_same(title):
            self._title = title
            self.border_title = title  # Content, because a name may contain markup
        if width:
            lines = _column(facts, self._vm) if width < COLUMN else _sentences(facts, self._vm)
            facts_of_host = ((label, one_line(text) or "unknown", style) for label, text, style in lines)
            self.show(*(part for fact in facts_of_host for part in wrapped(fact, width, LABEL)))


def _column(facts: HostFacts, vm: str) -> Iterator[Fact]:
    system, virtualization = facts.system, facts.virtualization
    if isinstance(system, System):
        yield "name", system.hostname, ""
        yield "system", system.os, ""
        yield "kernel", system.kernel, ""
        yield "CPUs", f"{system.cpus} {system.cpu_model}", ""
        yield "memory", size(system.memory_bytes), ""
        yield "free", size(system.memory_available_bytes), ""
    yield from _failure(system)
    if isinstance(virtualization, Virtualization):
        yield "libvirt", version(virtualization.daemon.libvirt_version), ""
        yield "QEMU", version(virtualization.daemon.hypervisor_version), ""
        yield from _vms(virtualization, vm)
    yield from _failure(virtualization)


def _sentences(facts: HostFacts, vm: str) -> Iterator[Fact]:
    system, virtualization = facts.system, facts.virtualization
    if isinstance(system, System):
        memory = f"{size(system.memory_bytes)} of memory, {size(system.memory_available_bytes)} free"
        yield "machine", f"{system.hostname}, {system.cpus} CPUs ({system.cpu_model}), {memory}", ""
        yield "system", f"{system.os}, kernel {system.kernel}", ""
    yield from _failure(system)
    if isinstance(virtualization, Virtualization):
        daemon = virtualization.daemon
        yield "software", f"libvirt {version(daemon.libvirt_version)}, QEMU {version(daemon.hypervisor_version)}", ""
        yield from _vms(virtualization, vm)
    yield from _failure(virtualization)


def _vms(virtualization: Virtualization, configured: str) -> Iterator[Fact]:
    if not virtualization.vms:
        yield "VMs", "none", ""
    for vm in virtualization.vms:
        text = f"{vm.name}: {_state(vm)}, {vm.vcpus} CPUs, {size(vm.memory_bytes)}"
        yield "VM", text, "bold" if vm.name == configured else ""


def _state(vm: Vm) -> str:
    return "arriving" if vm.incoming else state_words(vm)


def _failure(part: object) -> Iterator[Fact]:
    if isinstance(part, Failure):
        yield "error", str(part), "bold $error"


def host_line(facts: HostFacts, vm: str, wide: int, *, reading: bool, late_s: int) -> Content:
    """The line of one host, cut at the right edge, its name in `wide` columns; the rest as in HostCard.show_host."""
    state = READING if reading else facts.state
    late = (f"  no answer for {late_s} s", "bold $warning") if late_s else ""
    name, style = set_cell_size(facts.name, wide), STYLES[state]
    more = "   ".join(one_line(word) for word in _summary(facts, vm))
    return Content.assemble(" ", (name, "bold"), "  ", (state, style), late, f"  {one_line(facts.address)}  ", more)


def _summary(facts: HostFacts, vm: str) -> Iterator[str]:
    for failure in facts.failures[:1]:
        yield str(failure)
    virtualization = facts.virtualization
    if isinstance(virtualization, Virtualization):
        yield from (f"{each.name}: {_state(each)}" for each in virtualization.vms if each.name == vm)
        others = sum(each.name != vm for each in virtualization.vms)
        if others:
            yield f"{others} other VM{'s' * (others != 1)}"
    if isinstance(facts.system, System):
        yield facts.system.os
