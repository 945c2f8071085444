"""One line of a checklist, and its details, as styled text."""

from collections import Counter
from collections.abc import Iterator

from rich.cells import cell_len, set_cell_size
from textual.content import Content

from tui.checklist.model.check import FAILED, NOT_NEEDED, OK, UNKNOWN, WARNING, Item
from tui.checklist.model.summary import WIDEST, state_words
from tui.core.actions import FIX, UNDO, WithKeys
from tui.core.plain_text import plain
from tui.linux.change import Change

STYLES = {OK: "$success", WARNING: "bold $warning", FAILED: "bold $error", UNKNOWN: "bold $warning", NOT_NEEDED: "dim"}
LABEL = 8
LEAST_FOUND = 16  # columns below which `found` is shown in the details only
Fact = tuple[str, str, str]  # label, text, style


def host_row(host: str, address: str, silent: str = "") -> Content:
    """The heading above the lines of a host; `silent` is its last answer in words if it does not answer now."""
    if silent:
        return Content.styled(f" {host}  no answer, {silent}: its lines are not current", "bold dim")
    return Content.assemble(" ", (host, "bold $accent"), f"  {plain(address)}")


def item_row(item: Item, width: int, titles: int, *, reading: bool, old: bool = False) -> Content:
    """State, title and finding on one line; `titles` is the width of the longest title. An `old` line is grey."""
    state = set_cell_size(state_words(item, reading=reading, old=old), WIDEST)
    style = STYLES[item.state] if item.finding is not None and not old else "dim"
    rest = width - WIDEST - 6
    title = min(titles, max(rest - LEAST_FOUND - 2, rest * 55 // 100)) if rest - titles < LEAST_FOUND * 2 else titles
    found = one_line(item.finding.found) if item.finding is not None else ""
    if rest - title - 2 < LEAST_FOUND or rest < 50:
        title, found = rest, ""
    parts = ("  ", (state, style), "  ", cut(one_line(item.title), title))
    return Content.assemble(*parts, *(("  ", (found, "dim")) if found else ()))


def about(item: Item, width: int, with_keys: WithKeys) -> Iterator[Content]:
    """The details of an item, the most urgent first, the host's own output last."""
    yield Content.styled(one_line(item.title), "bold")
    for label, text, style in _facts(item):
        yield from wrapped((with_keys(label), with_keys(text), style), width)


def _facts(item: Item) -> Iterator[Fact]:
    finding = item.finding
    if finding is None:
        yield "found", "not read yet", "dim"
    else:
        yield "found", finding.found, STYLES[finding.state] if not finding.good else ""
        if finding.wanted:
            yield "wanted", finding.wanted, ""
        if finding.hint:
            yield "try", finding.hint, "bold"
    yield from _fix(item)
    yield "why", item.why, ""
    if item.undo is not None:
        yield from changes(f"{UNDO} runs", item.undo)
    if finding is not None and finding.detail.strip():
        yield "output", finding.detail.rstrip(), "dim"


def _fix(item: Item) -> Iterator[Fact]:
    if item.change is None:
        if item.why_not:
            yield FIX, f"not possible: {item.why_not}", ""
        return
    if item.why_not:
        yield FIX, f"not yet; {item.why_not}", "bold"
    yield from changes(f"{FIX} runs", item.change)
    if item.change.note:
        yield "note", item.change.note, ""


def changes(label: str, change: Change) -> Iterator[Fact]:
    """The exact commands and lines, each after its host."""
    for number, text in enumerate(action_lines(change)):
        yield "" if number else label, text, "$accent"


def action_lines(change: Change) -> Iterator[str]:
    """Each action once, after its host; a repeated one, as in the undo of a fix that ran twice, with its count."""
    for action, count in Counter(change.actions).items():
        yield f"{action.host}{f', {count} times' if count > 1 else ''}: {action.text}"


def wrapped(fact: Fact, width: int, label_width: int = LABEL) -> Iterator[Content]:
    """The fact wrapped to `width`, the label on its first line."""
    label, text, style = fact
    room = max(10, width - label_width)
    lines = [part for line in plain(text).splitlines() or [""] for part in Content.styled(line, style).wrap(room)]
    for number, line in enumerate(lines):
        yield Content.assemble((f"{'' if number else label:<{label_width}}", "dim"), line)


def one_line(text: str) -> str:
    """The text on one line, without control characters."""
    return " ".join(plain(text).split())


def cut(text: str, width: int) -> str:
    """Exactly `width` columns, with an ellipsis where text is cut off."""
    return set_cell_size(text, width) if cell_len(text) <= width else set_cell_size(text, width - 1) + "…"
