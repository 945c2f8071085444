"""A checklist as a sentence: how many lines are in each state, and what to do next."""

from collections.abc import Iterable, Mapping, Sequence

from tui.checklist.model.check import FAILED, NOT_NEEDED, OK, UNKNOWN, WARNING, Item
from tui.core import actions

# The states must differ without colour and in plain ASCII.
OLD = "~"  # the sign of a line whose host does not answer now
SIGNS = {OK: "+", WARNING: "!", FAILED: "x", UNKNOWN: "?", NOT_NEEDED: "-"}
WORDS = {OK: "ok", WARNING: "warning", FAILED: "FAILED", UNKNOWN: "unknown", NOT_NEEDED: "not needed"}
WIDEST = max(len(word) for word in WORDS.values()) + 2


def state_words(item: Item, *, reading: bool = False, old: bool = False) -> str:
    """The state as a sign and a word; without a finding "reading" or "not read". An `old` one has a sign of its own."""
    if item.finding is None:
        return "  reading" if reading else "  not read"
    return f"{OLD if old else SIGNS[item.state]} {WORDS[item.state]}"


def text_of(item: Item) -> str:
    """The words of a line: its host, state, title and what was found."""
    return f"{item.host} {state_words(item)} {item.title} {item.finding.found if item.finding is not None else ''}"


def counts(items: Iterable[Item]) -> dict[str, int]:
    """How many lines are in each state; unread ones count as unknown."""
    states = [item.state for item in items]
    return {state: states.count(state) for state in (FAILED, UNKNOWN, WARNING, OK, NOT_NEEDED)}


def summary_line(items: Iterable[Item]) -> str:
    """2 FAILED, 1 unknown, 14 ok: the worst first, because a narrow line is cut at its end."""
    return ", ".join(f"{count} {WORDS[state]}" for state, count in counts(items).items() if count) or "nothing to check"


def by_host(items: Iterable[Item], hosts: Iterable[str]) -> list[Item]:
    """The lines grouped by host, the hosts in this order; the lines of each keep their order."""
    order = list(hosts)
    return sorted(items, key=lambda item: order.index(item.host))


def fixable(items: Iterable[Item]) -> tuple[Item, ...]:
    """The lines that can be fixed now, because all they need is good."""
    return tuple(item for item in items if item.missing and not item.why_not)


def sentence(
    items: Sequence[Item],
    *,
    reading: bool,
    was_read: bool,
    wanted: Sequence[str] = (),
    first: str = "",
    silent: Mapping[str, str] = {},
) -> str:
    """The sentence above the list; sudo on the hosts `wanted` requires a password; `first` replaces the advice.

    `silent` has the last answer of the hosts that do not answer now, in words.
    """
    if silent and items and not first:
        return _without(items, silent, again="Reading again ..." if reading else "")
    known = [item for item in items if item.finding is not None]
    if not items:
        return first or "There is nothing to check."
    if not known and reading:
        return "Reading the hosts ..."
    if not known:
        return f"The hosts have not been read yet; {actions.REFRESH} reads them."
    if reading and not was_read:
        return f"Reading the hosts ({len(known)} of {len(items)} lines): {summary_line(known)}."
    again = "Reading again ..." if reading else ""
    return " ".join(f"{summary_line(known)}. {first or _advice(items, wanted, reading)} {again}".split())


def _without(items: Sequence[Item], silent: Mapping[str, str], again: str) -> str:
    """The sentence while hosts are silent: what they had does not count, and nothing is ready."""
    fresh = [item for item in items if item.host not in silent]
    old = len(items) - len(fresh)
    head = ", ".join(filter(None, [summary_line(fresh) if fresh else "", f"{old} not current" if old else ""]))
    if len(silent) == 1:
        ((host, answer),) = silent.items()
        why = f"{host} does not answer, {answer}."
    else:
        why = (
            f"{len(silent)} hosts do not answer: {', '.join(f'{host} ({answer})' for host, answer in silent.items())}."
        )
    can = len(fixable(fresh))
    return f"{head}. {why} {f'{actions.FIX_ALL} fixes {can}.' if can else ''} {again}".strip()


def _advice(items: Sequence[Item], wanted: Sequence[str], reading: bool) -> str:
    """The next thing to do."""
    bad = [item for item in items if item.finding is not None and not item.finding.good]
    can = fixable(items)
    if wanted:
        return f"sudo on {_listed(wanted)} requires a password: {actions.PASSWORD} enters it."
    if can:
        waiting = sum(item.missing for item in items) - len(can)
        depend, them = "depends" if waiting == 1 else "depend", "it" if len(can) == 1 else "them"
        more = f"; {waiting} more {depend} on {them}" if waiting else ""
        return f"{actions.FIX_ALL} fixes {len(can)}{more}. All commands are shown first."
    if bad:  # what the hosts reply next may make a fix possible
        return "" if reading else f"The app can't fix these; {actions.DETAILS} on a line shows what you can do."
    return "Everything is ready." if all(item.finding is not None for item in items) else ""


def _listed(names: Sequence[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def fixed(applied: Sequence[Item], items: Sequence[Item]) -> str:
    """The outcome of "fix all", as a sentence; `items` is the list after it."""
    done = f"{len(applied)} {'was' if len(applied) == 1 else 'were'} fixed" if applied else "Nothing was changed"
    can, waiting = len(fixable(items)), sum(item.missing for item in items)
    if can:
        return f"{done}; {can} more can be fixed now: {actions.FIX_ALL} shows the commands."
    if waiting:
        return f"{done}; {waiting} can't be fixed yet; see with {actions.DETAILS} what a line depends on."
    bad = [item for item in items if not (item.finding and item.finding.good)]
    if bad:
        return f"{done}; the app can't fix the rest: {summary_line(bad)}."
    return f"{done}. Everything is ready." if applied else "Nothing was changed: everything was ready."
