"""The rate of a workload, read from its newest line of output."""

import pytest

from tui.guest.model.rate import NewestOutput, parse_newest_output, rate_before, rate_of
from tui.guest.model.workload import number_of

MEMORY = "seconds=3.000 state=dirtying threads=2 working_set_mib=300 mib_per_s=99.8 dirtied_mib=597.5"
CPU = "seconds=3.000 state=running threads=16 additions_per_s=61234567 additions=183000000 sum=1.37250e+09"


@pytest.mark.parametrize(
    ("line", "rate"),
    [
        (MEMORY, (99.8, "MiB/s")),
        (CPU, (61234567.0, "additions/s")),
        ("requests_per_s=12 errors=0", (12.0, "requests/s")),
        ("requests_per_s=many rows_per_s=3", (3.0, "rows/s")),
        ("requests_per_s=inf", None),
        ("error=wrong_page thread=0", None),
        ("", None),
    ],
)
def test_the_rate_is_the_first_number_per_second(line: str, rate: tuple[float, str] | None) -> None:
    assert rate_of(NewestOutput("any", (line,)).values) == rate


def test_the_newest_output_has_the_name_and_the_lines() -> None:
    output = parse_newest_output(f"name memory\noptions --threads 2\nline first\nline {MEMORY}\n")
    assert output == NewestOutput("memory", ("first", MEMORY))
    assert output.line == MEMORY
    assert number_of(output.values, "seconds") == 3.0
    assert number_of(output.values, "state") is None
    assert parse_newest_output("") == NewestOutput()


def test_new_lines_are_those_after_the_known_one_and_never_a_cut_one() -> None:
    output = NewestOutput("rows", ("ut_s=1", "a", "b", "a", "c"))
    assert output.after("a") == ("c",)
    assert output.after("c") == ()
    assert output.after("no longer there") == ("a", "b", "a", "c")
    assert NewestOutput("rows", ("only",)).after("no longer there") == ("only",)
    assert NewestOutput().after("") == ()


def written(*rates: float) -> NewestOutput:
    """The output of a workload with one of these rates in each second."""
    lines = tuple(f"seconds={second}.000 rows_per_s={rate}" for second, rate in enumerate(rates, 1))
    return NewestOutput("rows", lines)


def test_the_rate_before_is_the_median_of_the_ten_seconds_before_a_moment() -> None:
    slow_start, before, since = [1.0] * 9, [900.0, 935.0, 2000.0] * 3 + [935.0], [100.0, 200.0]
    assert rate_before(written(*slow_start, *before, *since), 1.5) == 935.0
    assert rate_before(written(*since), 1.5) is None
    assert rate_before(NewestOutput(), 1.5) is None


def test_lines_of_a_run_of_the_workload_before_are_not_compared() -> None:
    earlier, restarted = written(*[900.0] * 20), written(10.0, 20.0)
    assert rate_before(NewestOutput("rows", earlier.lines + restarted.lines), 0.5) is None
