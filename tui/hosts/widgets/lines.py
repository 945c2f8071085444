"""One line per host: state, address, and the most important facts."""

from collections.abc import Iterable

from rich.cells import set_cell_size
from textual.content import Content

from tui.checklist.widgets.item_lines import one_line
from tui.hosts.model.host import READING, HostFacts, System, Virtualization
from tui.hosts.widgets.card import STYLES
from tui.vm.model.location import state_words

NAME = max(map(len, ("source", "destination", "storage")))


def host_line(facts: HostFacts, vm: str, *, reading: bool, late_s: int) -> Content:
    """The line of one host, cut at the right edge; `reading` and `late_s` as in HostCard.show_host."""
    state = READING if reading else facts.state
    late = (f"  no answer for {late_s} s", "bold $warning") if late_s else ""
    name, style = set_cell_size(facts.name, NAME), STYLES[state]
    more = "   ".join(one_line(word) for word in _summary(facts, vm))
    return Content.assemble(" ", (name, "bold"), "  ", (state, style), late, f"  {one_line(facts.address)}  ", more)


def _summary(facts: HostFacts, vm: str) -> Iterable[str]:
    for failure in facts.failures[:1]:
        yield str(failure)
    virtualization = facts.virtualization
    if isinstance(virtualization, Virtualization):
        yield from (f"{each.name}: {state_words(each)}" for each in virtualization.vms if each.name == vm)
        others = sum(each.name != vm for each in virtualization.vms)
        if others:
            yield f"{others} other VM{'s' * (others != 1)}"
    if isinstance(facts.system, System):
        yield facts.system.os
