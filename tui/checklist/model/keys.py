"""Whether each key of a checklist page can act now, and why not."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from tui.checklist.model.check import Item
from tui.checklist.model.summary import fixable
from tui.core import actions

REFRESH, DETAILS, FIX, FIX_ALL, UNDO, UNDO_ALL = "refresh", "details", "fix", "fix_all", "undo", "undo_all"
PASSWORD, PROGRESS = "password", "progress"
ACTIONS = (REFRESH, DETAILS, FIX, FIX_ALL, UNDO, UNDO_ALL, PASSWORD, PROGRESS)
CHANGING = (FIX, FIX_ALL, UNDO, UNDO_ALL)


@dataclass(frozen=True)
class Moment:
    """What the keys depend on: the list, the line under the cursor, and the job under way."""

    items: Sequence[Item]
    chosen: Item | None
    reading: bool = False
    under_way: str = ""  # the title of the job that is running
    done: bool = False  # whether a job was started since the app started
    wanted: Collection[str] = ()  # hosts whose sudo requires a password


def why_not(action: str, moment: Moment) -> str:
    """Why `action` cannot act now, as a sentence; empty where it can."""
    if action in CHANGING and moment.under_way:
        return f"Another change is under way ({moment.under_way}); {actions.PROGRESS} shows it."
    if action in CHANGING:
        return _why_no_change(action, moment)
    if action == REFRESH and moment.reading:
        return "The hosts are being read."
    if action == DETAILS and moment.chosen is None:
        return "There is no line under the cursor."
    if action == PASSWORD and not moment.wanted:
        return "No host requires a password."
    if action == PROGRESS and not moment.done:
        return f"Nothing was changed yet; {actions.FIX} fixes one line, {actions.FIX_ALL} all."
    return ""


def _why_no_change(action: str, moment: Moment) -> str:
    items, chosen = moment.items, moment.chosen
    if action == FIX:
        return _why_no_fix(chosen) if chosen else "There is no line under the cursor."
    if action == FIX_ALL:
        return _why_no_fix_all(items)
    if action == UNDO:
        return "" if chosen and chosen.undo else "Nothing was changed for this line, so there is nothing to undo."
    return "" if any(item.undo for item in items) else "Nothing was changed, so there is nothing to undo."


def _why_no_fix(item: Item) -> str:
    if item.finding is None:
        return "It has not been read yet."
    if item.finding.good:
        return f"It is {item.state}: there is nothing to fix."
    if item.why_not:
        return f"{item.why_not[0].upper()}{item.why_not[1:]}."
    return "" if item.change is not None else f"The app can't fix it; {actions.DETAILS} shows what you can do."


def _why_no_fix_all(items: Sequence[Item]) -> str:
    if fixable(items):
        return ""
    missing = [item for item in items if item.missing]
    if missing:
        return f"{missing[0].title}: {missing[0].why_not}."
    if any(item.finding is not None and not item.finding.good for item in items):
        return f"The app can't fix these; {actions.DETAILS} on a line shows what you can do."
    return "Nothing is missing." if all(item.finding is not None for item in items) else "No host has been read yet."
