"""A plan as the lines of a table, what it does in all, and all about one of its VMs."""

from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size
from textual.content import Content

from tui.core.plan import TECHNIQUES
from tui.core.quantity import rate, size
from tui.queue.model.draft import Draft, arrivals
from tui.queue.model.estimate import Estimate
from tui.queue.model.limits import Limits
from tui.queue.model.plan import BACK, EVACUATE, Entry, QueuePlan
from tui.queue.model.words import about, time_words, vms

LONGEST_VM, LONGEST_HOST = 24, 20
NUMBER, MEMORY, TAKES = 4, 8, 15


def plan_lines(draft: Draft, width: int) -> tuple[Content, list[Content]]:
    """The head of the table and a line for each VM, in its order; those that cannot move are last."""
    entries = draft.plan.entries
    vm = _widest((each.vm for each in entries), "VM", LONGEST_VM)
    origins = {each.origin for each in entries}
    origin = _widest(origins, "from", LONGEST_HOST) if len(origins) > 1 else 0
    target = _widest((_target(each) for each in entries), "to", LONGEST_HOST + 4)
    technique = _widest((each.technique for each in entries), "technique", 20)
    widths = (vm, origin, target, technique)
    head = _cells(("", "VM", "from", "to", "technique", f"{'memory':>{MEMORY}}", "takes alone", ""), widths)
    return Content.styled(head.rstrip(), "bold"), [_line(each, draft, widths, width) for each in entries]


def _widest(texts: Sequence[str] | set[str] | object, title: str, most: int) -> int:
    return min(most, max(map(cell_len, (title, *texts))))  # type: ignore[misc]


def _target(entry: Entry) -> str:
    return f"< {entry.target} >" if len(entry.targets) > 1 else f"  {entry.target}"


def _cells(texts: Sequence[str], widths: tuple[int, int, int, int]) -> str:
    number, vm, origin, target, technique, memory, takes, note = texts
    way = f"{set_cell_size(origin, widths[1])}  " if widths[1] else ""
    parts = (
        f" {number:>{NUMBER - 1}}  {set_cell_size(vm, widths[0])}  {way}{set_cell_size(target, widths[2])}",
        set_cell_size(technique, widths[3]),
        memory,
        set_cell_size(takes, TAKES),
        note,
    )
    return "  ".join(parts)


def _line(entry: Entry, draft: Draft, widths: tuple[int, int, int, int], width: int) -> Content:
    memory = f"{size(entry.memory_bytes):>{MEMORY}}"
    if not entry.movable:
        text = f"      {set_cell_size(entry.vm, widths[0])}  cannot move: {entry.cannot}"
        return Content.styled(_fitting(text, width), "$error")
    if entry.vm in draft.out:
        return Content.styled(f"      {set_cell_size(entry.vm, widths[0])}  stays: it was taken out", "dim")
    takes = about(entry.alone_s(draft.plan.limits.bandwidth))
    texts = (str(entry.number), entry.vm, entry.origin, _target(entry), entry.technique, memory, takes, entry.doubt)
    return Content.styled(_fitting(_cells(texts, widths).rstrip(), width), "$warning" if entry.doubt else "")


def _fitting(text: str, width: int) -> str:
    return text if cell_len(text) <= width else set_cell_size(text, max(1, width - 1)) + "…"


def heading(purpose: str, host: str, names: Sequence[str] = (), preset: str = "") -> str:
    """What a plan is made for, as the page names it, and with which preset."""
    others = f"Bring the VMs of {host} back" if purpose == BACK else f"Move {vms(len(names))}"
    aim = f"Empty {host}" if purpose == EVACUATE else others
    return f"{aim} with the preset {preset}" if preset else aim


def head_lines(draft: Draft, title: str, left: Estimate | None, width: int) -> list[Content]:
    """What the plan does, how long that takes (None while it is computed), where the VMs go, and its limits."""
    plan = draft.result
    count, stuck = len(plan.movable), len(plan.entries) - len(plan.movable)
    what = [f"{vms(count)} to move"] + [f"{stuck} cannot move"] * bool(stuck)
    what += [f"{len(draft.out)} taken out"] * bool(draft.out)
    first = Content.assemble((title, "bold"), f": {', '.join(what)}.").wrap(max(10, width - 1))
    takes = "computing how long it takes ..." if left is None else time_words(left)
    none = f"No VM runs on {plan.host}." if plan.purpose == EVACUATE and not plan.entries else ""
    rest = [takes, none, *([f"To {arrival_words(plan)}."] if count else []), *plan.stays]
    return [*(Content.assemble(" ", line) for line in first), *_wrapped(" ".join(filter(None, rest)), width)]


def arrival_words(plan: QueuePlan) -> str:
    """Where the VMs go: "host3 4 VMs, 512 MiB; host4 3 VMs, 384 MiB"."""
    found = arrivals(plan).items()
    return "; ".join(f"{host} {vms(count)}, {size(memory_bytes)}" for host, (count, memory_bytes) in found)


def limit_words(limits: Limits) -> str:
    """The limits in one line."""
    shared = f"{rate(limits.bandwidth)} shared by all" if limits.bandwidth else "no limit of bandwidth"
    stop = f"stops at failure {limits.stop_after}" if limits.stop_after else "stops at no failure"
    again = "retries elsewhere" if limits.elsewhere else "no retry elsewhere"
    return f"limits: {limits.at_once} at once, {limits.per_host} a host; {shared}; {stop}; {again}"


def entry_lines(entry: Entry | None, draft: Draft, width: int) -> list[Content]:
    """All about the VM under the cursor."""
    if entry is None:
        return []
    if not entry.movable:
        text = f"{entry.vm} cannot move: {entry.cannot}"
    elif entry.vm in draft.out:
        text = f"{entry.vm} stays on {entry.origin}: it was taken out."
    else:
        others = [host for host in entry.targets if host != entry.target]
        text = f"{entry.vm}: {entry.origin} -> {entry.target}, {TECHNIQUES[entry.technique]}."
        text += f" It may also go to {', '.join(others)}." if others else " No other host can take it."
        text += f" It may fail: {entry.doubt}" if entry.doubt else ""
    return _wrapped(text, width)


def _wrapped(text: str, width: int) -> list[Content]:
    return [Content.assemble(" ", line) for line in Content(text).wrap(max(10, width - 2))] if text else []
