"""The passes of recorded runs as rows."""

from itertools import pairwise

import pytest

from tests.unit.fakes import RECORDINGS
from tui.migration.backend.recording.run_files import records_of
from tui.migration.model.record import Event, Record, Sample
from tui.runs.model.pass_table import PassRow, PassTable, pass_lines


def table(name: str) -> PassTable:
    found = PassTable()
    for each in records_of(RECORDINGS / f"{name}.jsonl"):
        assert each is not None
        found.add(each)
    return found


def test_a_pass_has_what_it_sent_and_left_and_what_it_had_to_get_under() -> None:
    rows = table("cancelled").rows
    assert rows[1] == PassRow(2, 4.543, 7.0359, 299990199, 313528320, 111435776.0, 35670031, 2)
    assert [row.number for row in rows] == [1, 2, 3, 4, 5]
    assert [row.left_bytes is None for row in rows] == [False] * 4 + [True]  # the last one did not end


def test_the_last_pass_of_pre_copy_ends_with_the_switchover() -> None:
    found = table("pre-copy-idle")
    last = found.rows[-1]
    assert last.ended_s == found.timeline.total_s
    assert last.sent_bytes == pytest.approx(17.1e6, rel=0.01)


def test_post_copy_interrupts_the_last_pass() -> None:
    found = table("post-copy-by-hand")
    assert found.rows[-1].ended_s == found.timeline.post_copy_at
    assert found.rows[-1].left_bytes is None


@pytest.mark.parametrize("name", sorted(path.stem for path in RECORDINGS.glob("*.jsonl")))
def test_passes_follow_each_other(name: str) -> None:
    rows = table(name).rows
    assert rows
    for row, after in pairwise(rows):
        assert row.began_s <= row.ended_s <= after.began_s
        assert row.number < after.number


def sample(t: float, iteration: int, processed: int, remaining: int) -> Sample:
    stats = {"memory_iteration": iteration, "memory_processed": processed, "memory_remaining": remaining}
    return Sample(t, "", {"time_elapsed": round(1000 * t), "memory_total": 1 << 30, **stats}, "running")


def rows_of(*records: Record) -> tuple[PassRow, ...]:
    found = PassTable()
    for each in (Event(0.0, "", "start", {"technique": "pre-copy", "downtime_ms": 300}), *records):
        found.add(each)
    return found.rows


def test_passes_that_ended_between_two_samples_are_one_row_with_both_numbers() -> None:
    rows = table("pre-copy-idle").rows
    assert [(row.first, row.number) for row in rows] == [(1, 2), (3, 3)]
    assert [line.split()[0] for line in pass_lines(rows)] == ["pass", "1-2", "3"]


def test_a_last_pass_of_which_nothing_was_read_has_no_amount() -> None:
    rows = rows_of(sample(1.0, 1, 0, 900), sample(2.0, 1, 500, 400), sample(3.0, 2, 900, 100))
    assert [(row.number, row.sent_bytes, row.left_bytes) for row in rows] == [(1, 900, 100), (2, None, None)]
    assert pass_lines(rows)[-1].split()[3] == "-"


def test_a_last_pass_sent_in_the_pause_before_it_was_read_is_in_the_row_of_the_one_before() -> None:
    rows = rows_of(sample(1.0, 1, 0, 900), sample(3.0, 2, 900, 100), sample(3.5, 2, 980, 20), sample(4.0, 3, 1000, 0))
    assert [(row.first, row.number, row.sent_bytes, row.left_bytes) for row in rows] == [
        (1, 1, 900, 100),
        (2, 3, 100, None),
    ]
    assert rows[-1].ended_s == 4.0


def test_a_pass_after_a_gap_keeps_its_number_and_has_what_was_sent_since() -> None:
    gap = Event(5.0, "", "gap", {"seconds": 4.0})
    rows = rows_of(sample(1.0, 1, 0, 900), gap, sample(5.1, 4, 2000, 500), sample(6.0, 4, 2300, 200))
    assert [(row.number, row.began_s, row.sent_bytes) for row in rows] == [(4, 5.1, 300)]


def test_a_log_without_samples_has_no_passes() -> None:
    assert PassTable().rows == ()
