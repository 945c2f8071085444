"""The passes of recorded runs as rows."""

from itertools import pairwise

import pytest

from tests.unit.fakes import RECORDINGS
from tui.migration.backend.run_files import records_of
from tui.runs.model.pass_table import PassRow, PassTable


def table(name: str) -> PassTable:
    found = PassTable()
    for each in records_of(RECORDINGS / f"{name}.jsonl"):
        assert each is not None
        found.add(each)
    return found


def test_a_pass_has_what_it_sent_and_left_and_what_it_had_to_get_under() -> None:
    rows = table("cancelled").rows
    assert rows[1] == PassRow(2, 4.543, 7.0359, 299990199, 313528320, 111435776.0, 35670031)
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


def test_a_log_without_samples_has_no_passes() -> None:
    assert PassTable().rows == ()
