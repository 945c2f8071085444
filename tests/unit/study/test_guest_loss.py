"""What a migration costs the workload in the guest."""

import pytest

from tui.guest.model.workload import WorkloadSpec
from tui.migration.model.observed_downtime import ObservedDowntime
from tui.migration.model.record import Event, Record
from tui.study.model.guest_loss import (
    CLOCK,
    MAKES_UP,
    MISSING,
    NO_LINE,
    Lines,
    Loss,
    Rate,
    keeps_no_rate,
    loss,
    median_rate,
)

BEFORE = Rate(100.0, "MiB/s", 5)
KEPT_TIME = ObservedDowntime(clock_lost_ms=3.0, clock_error_ms=20.0)
STOOD = ObservedDowntime(clock_lost_ms=250.0, clock_error_ms=20.0)


def line(seconds: float, rate: float) -> Event:
    return Event(seconds, "", "guest", {"rate": rate, "seconds": seconds, "unit": "MiB/s"})


def text(seconds: float, rate: float) -> str:
    return f"seconds={seconds:.3f} mib_per_s={rate}"


def found(records: list[Record], lines: Lines, observed: ObservedDowntime | None = KEPT_TIME) -> Loss | None:
    return loss(BEFORE, records, lines, observed, flat_out=True)


WHOLE = Lines([text(10, 100)], [text(13, 100)], [text(14, 100)])


def test_the_rate_is_the_median_of_the_lines() -> None:
    lines = ["seconds=1 mib_per_s=90", "seconds=2 mib_per_s=100", "error=x", "seconds=3 mib_per_s=500"]
    assert median_rate(lines) == Rate(100.0, "MiB/s", 3)
    assert median_rate(["nothing"]) is None


def test_a_guest_that_keeps_its_rate_loses_nothing() -> None:
    assert found([line(11.0, 100.0), line(12.0, 100.0)], WHOLE) == Loss(0.0)


def test_slower_seconds_and_the_time_for_which_the_clock_stood_still_are_lost() -> None:
    records: list[Record] = [
        line(11.0, 50.0),  # half a second of work
        Event(2.5, "", "guest", {"silent_s": 2.0, "why": "no line"}),
    ]
    lines = Lines([text(10, 100)], [text(11, 50), text(14, 20)], [text(15, 100)])  # the line at 14 took 3 s
    assert found(records, lines) == Loss(2.9)  # 0.5 of 1 s, 2.4 of 3 s
    assert found(records, lines, STOOD) == Loss(3.15)


def test_the_switchover_of_a_migration_that_is_shorter_than_a_line_is_in_the_next_line() -> None:
    lines = Lines([text(10, 100)], [text(11, 100)], [text(12, 40), text(13, 100)])
    assert found([], lines, STOOD) == Loss(0.85)


def test_without_a_line_after_the_end_or_without_the_clock_it_is_at_least_what_was_seen() -> None:
    records: list[Record] = [line(11.0, 50.0)]
    assert found(records, Lines([text(10, 100)])) == Loss(0.5, NO_LINE)
    assert found(records, WHOLE, None) == Loss(0.5, CLOCK)
    assert found(records, WHOLE, ObservedDowntime()) == Loss(0.5, CLOCK)


def test_a_workload_with_a_rate_makes_up_for_what_it_missed_so_it_lost_at_least_the_rest() -> None:
    records: list[Record] = [line(11.0, 40.0), line(12.0, 125.0)]
    assert loss(BEFORE, records, WHOLE, KEPT_TIME, flat_out=False) == Loss(0.35, MAKES_UP)


@pytest.mark.parametrize(
    ("spec", "flat_out"),
    [
        (WorkloadSpec("memory", 2, 150, 0), True),
        (WorkloadSpec("cpu", 2), True),
        (WorkloadSpec("memory", 2, 150, 50), False),
        (WorkloadSpec("own", command=("redis-benchmark",)), False),
        (None, False),
    ],
)
def test_only_a_workload_without_a_rate_cannot_make_up(spec: WorkloadSpec | None, flat_out: bool) -> None:
    assert keeps_no_rate(spec) is flat_out


def test_a_few_seconds_before_the_first_line_of_the_migration_are_no_loss() -> None:
    records: list[Record] = [line(14.0, 0.0), line(15.0, 50.0)]
    assert found(records, Lines([text(10, 100)], [text(16, 100)], [text(17, 100)])) == Loss(0.5)


def test_lines_may_be_missing_before_the_first_one_that_is_known() -> None:
    kept = [text(each, 20) for each in range(51, 71)]  # the guest did not reply from the start to the end
    assert found([], Lines([text(10, 100)], kept, [text(71, 100)])) == Loss(15.2, MISSING)


def test_a_time_in_which_lines_may_be_missing_counts_nothing() -> None:
    records: list[Record] = [line(11.0, 50.0), line(41.0, 10.0)]  # the rate of a second, or of all 30
    assert found(records, Lines([text(10, 100)], [text(42, 100)], [text(43, 100)])) == Loss(0.5, MISSING)


def test_without_a_rate_before_or_two_lines_the_loss_is_unknown() -> None:
    records: list[Record] = [line(40.0, 1.0)]
    assert loss(None, records, WHOLE, KEPT_TIME, flat_out=True) is None
    assert found(records, Lines()) is None
    assert found([], Lines([text(10, 100)], [text(3, 100)], [])) is None  # it was started again
