"""Reads the entries of a journal, a log of JSON objects, of which one may be damaged."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from tui.core.quantity import MOST_S

T = TypeVar("T")
Entry = Mapping[str, Any]


def after_all(state: T, entries: Iterable[Entry], after: Callable[[T, Entry], T]) -> T:
    """The state after all entries; skips a damaged one, for which `after` raises KeyError, TypeError or ValueError."""
    for each in entries:
        try:
            state = after(state, each)
        except (KeyError, TypeError, ValueError):
            continue
    return state


def seconds_of(value: Any) -> float | None:
    """The seconds of an entry, None if they are unknown; ValueError or TypeError if they are no such number."""
    if value is None:
        return None
    if not 0 <= value <= MOST_S:  # also refuses NaN
        raise ValueError(f"{value!r} is no time")
    return float(value)
