"""The input of the number fields."""

import pytest

from tui.migration.model.entry import BANDWIDTH, DOWNTIME, PARALLEL, TIMEOUT, Entry


@pytest.mark.parametrize(
    ("entry", "typed", "value"),
    [
        (DOWNTIME, "300", 300),
        (DOWNTIME, " 300 ", 300),
        (DOWNTIME, "1", 1),
        (DOWNTIME, "2000000", 2_000_000),
        (DOWNTIME, "1.5 s", 1500),
        (DOWNTIME, "1.001 s", 1001),
        (DOWNTIME, "2 min 5 s", 125_000),
        (BANDWIDTH, "0", 0),
        (BANDWIDTH, "0 MiB/s", 0),
        (BANDWIDTH, "100", 100),
        (BANDWIDTH, "1 GiB/s", 1024),
        (BANDWIDTH, "1 Gbit/s", 119),
        (BANDWIDTH, "80mib/s", 80),
        (PARALLEL, "0", 0),
        (PARALLEL, "255", 255),
        (TIMEOUT, "25", 25),
        (TIMEOUT, "12.5", 12.5),
        (TIMEOUT, "2 min", 120),
    ],
)
def test_a_number_without_a_unit_has_the_unit_of_its_field_and_another_unit_is_converted(
    entry: Entry, typed: str, value: float
) -> None:
    assert (entry.read_whole if entry.whole else entry.read)(typed) == value


@pytest.mark.parametrize(
    ("entry", "typed"),
    [
        (DOWNTIME, "0"),
        (DOWNTIME, "-5"),
        (DOWNTIME, "0.5 ms"),
        (DOWNTIME, "1.5"),
        (DOWNTIME, "2000001"),
        (DOWNTIME, "1 h"),
        (DOWNTIME, "100 MiB/s"),
        (DOWNTIME, "1e3"),
        (DOWNTIME, "\u0663"),
        (BANDWIDTH, "-1"),
        (BANDWIDTH, "0.5 MiB/s"),  # rounded down it would mean no limit
        (BANDWIDTH, "1.5"),
        (BANDWIDTH, "1000001"),
        (BANDWIDTH, "80 MiB"),
        (BANDWIDTH, "300 ms"),
        (PARALLEL, "256"),
        (PARALLEL, "2 s"),
        (PARALLEL, "1.5"),
        (TIMEOUT, "0"),
        (TIMEOUT, "-1"),
        (TIMEOUT, "25 h"),
        (TIMEOUT, "nan"),
    ],
)
def test_an_impossible_value_is_refused_with_what_is_expected(entry: Entry, typed: str) -> None:
    with pytest.raises(ValueError, match="Expected:") as refused:
        entry.read(typed)
    assert str(refused.value) == f'"{typed}" is not {entry.name}. Expected: {entry.expected}.'


@pytest.mark.parametrize("entry", [DOWNTIME, BANDWIDTH, PARALLEL, TIMEOUT])
@pytest.mark.parametrize("typed", ["", "  "])
def test_an_empty_field_is_refused_as_empty(entry: Entry, typed: str) -> None:
    with pytest.raises(ValueError, match=f"Nothing was entered for {entry.name}. Expected:"):
        entry.read(typed)


def test_a_refusal_shortens_a_long_input() -> None:
    with pytest.raises(ValueError, match=r'"9{30}\.\.\." is not'):
        DOWNTIME.read("9" * 500)
