"""Which key of a checklist can act now, and why not."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from tui.checklist.model.check import Item
from tui.checklist.model.summary import fixable
from tui.core import actions

LOOK, DETAILS, FIX, FIX_ALL, UNDO, UNDO_ALL = "look", "details", "fix", "fix_all", "undo", "undo_all"
PASSWORD, PROGRESS = "password", "progress"
ACTIONS = (LOOK, DETAILS, FIX, FIX_ALL, UNDO, UNDO_ALL, PASSWORD, PROGRESS)
CHANGING = (FIX, FIX_ALL, UNDO, UNDO_ALL)


@dataclass(frozen=True)
class Moment:
    """What the keys depend on: the list, the line under the cursor, and what goes on."""

    items: Sequence[Item]
    chosen: Item | None
    looking: bool = False
    under_way: str = ""  # what is being done to the hosts
    done: bool = False  # whether anything was, since the app was started
    wanted: Collection[str] = ()  # hosts on which sudo wants a password


def why_not(action: str, moment: Moment) -> str:
    """The sentence that says why `action` cannot act now; empty where it can."""
    if action in CHANGING:
        return (
            f"{moment.under_way}: that is under way; {actions.PROGRESS} shows it."
            if moment.under_way
            else _why_no_change(action, moment)
        )
    if action == LOOK and moment.looking:
        return "The hosts are being looked at."
    if action == DETAILS and moment.chosen is None:
        return "There is no line under the cursor."
    if action == PASSWORD and not moment.wanted:
        return "No host wants a password."
    if action == PROGRESS and not moment.done:
        return f"Nothing has been done yet; {actions.FIX} and {actions.FIX_ALL} fix what is missing."
    return ""


def _why_no_change(action: str, moment: Moment) -> str:
    items, chosen = moment.items, moment.chosen
    if action == FIX:
        return _why_no_fix(chosen) if chosen else "There is no line under the cursor."
    if action == FIX_ALL:
        return _why_no_fix_all(items)
    if action == UNDO:
        return "" if chosen and chosen.undo else "Nothing was done for this line, so there is nothing to take back."
    return "" if any(item.undo for item in items) else "Nothing was done, so there is nothing to take back."


def _why_no_fix(item: Item) -> str:
    if item.finding is None:
        return "It has not been looked at yet."
    if item.finding.good:
        return f"It is {item.state}: nothing is to be done."
    if item.why_not:
        return f"{item.why_not[0].upper()}{item.why_not[1:]}."
    return "" if item.change is not None else f"The app can't fix it; {actions.DETAILS} says what a person can do."


def _why_no_fix_all(items: Sequence[Item]) -> str:
    if fixable(items):
        return ""
    missing = [item for item in items if item.missing]
    if missing:
        return f"{missing[0].title}: {missing[0].why_not}."
    if any(item.finding is not None and not item.finding.good for item in items):
        return f"The app can fix none of it; {actions.DETAILS} on a line says what a person can do."
    return "Nothing is missing." if all(item.finding is not None for item in items) else "Nothing is known yet."
