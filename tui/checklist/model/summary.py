"""A checklist in a sentence: how many lines are how, and what to do about them."""

from collections.abc import Iterable, Sequence

from tui.checklist.model.check import FAILED, NOT_NEEDED, OK, UNKNOWN, WARNING, Item
from tui.core import actions

# Read without colour, and where a terminal shows nothing but ASCII.
SIGNS = {OK: "+", WARNING: "!", FAILED: "x", UNKNOWN: "?", NOT_NEEDED: "-"}
WORDS = {OK: "ok", WARNING: "warning", FAILED: "FAILED", UNKNOWN: "unknown", NOT_NEEDED: "not needed"}
WIDEST = max(len(word) for word in WORDS.values()) + 2


def state_words(item: Item, *, looking: bool = False) -> str:
    """Its state as a sign and a word, "looking" while that is found out, "not read" before anybody has looked."""
    if item.finding is None:
        return "  looking" if looking else "  not read"
    return f"{SIGNS[item.state]} {WORDS[item.state]}"


def counts(items: Iterable[Item]) -> dict[str, int]:
    """How many lines are in each state, what was not read among the unknown."""
    states = [item.state for item in items]
    return {state: states.count(state) for state in (FAILED, UNKNOWN, WARNING, OK, NOT_NEEDED)}


def summary_line(items: Iterable[Item]) -> str:
    """2 FAILED, 1 unknown, 14 ok: the worst first, for a narrow line ends early."""
    return ", ".join(f"{count} {WORDS[state]}" for state, count in counts(items).items() if count) or "nothing to check"


def by_host(items: Iterable[Item], hosts: Iterable[str]) -> list[Item]:
    """All of one host together, the hosts in this order; of each its lines in the order of the list."""
    order = list(hosts)
    return sorted(items, key=lambda item: order.index(item.host))


def fixable(items: Iterable[Item]) -> tuple[Item, ...]:
    """What can be made right now, without anything else before it."""
    return tuple(item for item in items if item.missing and not item.why_not)


def sentence(items: Sequence[Item], *, looking: bool, looked: bool, wanted: Sequence[str] = (), first: str = "") -> str:
    """What stands above the list; `wanted` are the hosts on which sudo wants a password, `first` is what else there is
    to do before anything of the list."""
    known = [item for item in items if item.finding is not None]
    if not items:
        return "There is nothing to check."
    if not known:
        return "Looking at the hosts ..." if looking else f"Nobody has looked yet: {actions.LOOK} looks."
    if looking and not looked:
        return f"Looking ({len(known)} of {len(items)} read): {summary_line(known)}."
    again = "Looking again ..." if looking else ""
    return f"{summary_line(known)}. {first or _advice(items, wanted)} {again}".strip()


def _advice(items: Sequence[Item], wanted: Sequence[str]) -> str:
    """What to do next."""
    bad = [item for item in items if item.finding is not None and not item.finding.good]
    can = fixable(items)
    if wanted:
        return f"{actions.PASSWORD} gives the password that sudo wants on {_listed(wanted)}."
    if can:
        waiting = sum(item.missing for item in items) - len(can)
        more = f", then {waiting} that wait{'s' * (waiting == 1)} for {_it(len(can))}" if waiting else ""
        return f"{actions.FIX_ALL} fixes {len(can)} of them{more}: all commands are shown first."
    if bad:
        return f"{actions.DETAILS} on a line says what can be done; the app can't do it here."
    return "All is as it must be." if all(item.finding is not None for item in items) else ""


def _it(count: int) -> str:
    return "it" if count == 1 else "them"


def _listed(names: Sequence[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def fixed(applied: Sequence[Item], items: Sequence[Item]) -> str:
    """What came of "fix all"; `items` is the list as it stands now."""
    done = f"{len(applied)} {'was' if len(applied) == 1 else 'were'} fixed" if applied else "Nothing was changed"
    can, waiting = len(fixable(items)), sum(item.missing for item in items)
    if can:
        return f"{done}; {can} more can be fixed now: {actions.FIX_ALL} shows the commands."
    if waiting:
        return f"{done}; {waiting} can't be fixed yet: {actions.DETAILS} on a line says what it waits for."
    bad = [item for item in items if not (item.finding and item.finding.good)]
    if bad:
        return f"{done}, and nothing more can be: {summary_line(bad)}."
    return f"{done}: all is as it must be." if applied else "Nothing was changed: all is as it must be already."
