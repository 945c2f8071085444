"""The columns and the order of the Runs page."""

import pytest

from tui.runs.model.view import BY_NAME, ON_SCREEN, View, parse_view


def test_the_usual_columns_exist_and_choosing_them_is_the_default() -> None:
    assert set(ON_SCREEN) <= set(BY_NAME)
    assert View(("vm", "total")).with_columns(ON_SCREEN) == View()
    assert View().with_columns(["total", "vm"]).names == ("total", "vm")


def test_a_column_sorts_upwards_the_time_downwards_and_a_second_time_reversed() -> None:
    by_total = View(("vm", "total")).sorted_by("total")
    assert (by_total.sort, by_total.reverse, by_total.columns) == ("total", False, ("vm", "total"))
    assert by_total.sorted_by("total").reverse
    assert by_total.sorted_by("began") == View(("vm", "total"))


@pytest.mark.parametrize("view", [View(), View(("qemu", "total"), "total", reverse=False)])
def test_a_kept_view_is_read_as_it_was_written(view: View) -> None:
    assert parse_view(view.table) == view


def test_what_another_version_had_is_left_out() -> None:
    found = {"columns": ["vm", "colour", "vm", 3, "total"], "sort": "colour", "reverse": False, "rows": 2}
    assert parse_view(found) == View(("vm", "total"))
    assert parse_view({"columns": ["colour"]}) == parse_view({}) == View()


@pytest.mark.parametrize("found", [None, [], "x", {"columns": "vm"}, {"sort": 1}, {"reverse": "no"}, {"sort": ["vm"]}])
def test_something_else_is_refused(found: object) -> None:
    with pytest.raises(ValueError, match="it "):
        parse_view(found)
