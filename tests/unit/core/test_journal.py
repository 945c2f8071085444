"""Entries of a journal, one by one."""

from typing import Any

import pytest

from tui.core.journal import after_all, seconds_of
from tui.core.quantity import MOST_S


def test_a_damaged_entry_changes_nothing() -> None:
    entries: list[dict[str, Any]] = [{"n": 1}, {}, {"n": "x"}, {"n": None}, {"n": 2}]
    assert after_all((), entries, lambda state, entry: (*state, int(entry["n"]))) == (1, 2)


@pytest.mark.parametrize("value", [-1, MOST_S * 2, float("nan"), "1", [1]])
def test_what_is_no_time_is_damaged(value: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        seconds_of(value)


def test_a_time_may_be_unknown() -> None:
    assert (seconds_of(None), seconds_of(0), seconds_of(2.5)) == (None, 0.0, 2.5)
