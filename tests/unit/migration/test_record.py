"""Lines of the raw log, read and written."""

import json
import random

import pytest

from tests.unit.fakes import NAMES, RECORDINGS, recording
from tui.migration.backend.recording.run_files import read_records
from tui.migration.model.record import Event, Memory, Sample, from_line, memory_of, to_line

SAMPLE = Sample(1.25, "2026-01-01T00:00:00.000Z", {"memory_total": 8 << 30, "type": 2}, "running", 0.002, 0.001)


def test_a_sample_reads_back_as_it_was_written() -> None:
    assert from_line(to_line(SAMPLE)) == SAMPLE


def test_a_sample_outside_the_schedule_has_no_lateness_after_reading_back() -> None:
    sample = Sample(1.0, "now", {}, "", 0.5)
    assert "late" not in to_line(sample)
    assert from_line(to_line(sample)) == sample


def test_an_event_reads_back_as_it_was_written() -> None:
    event = Event(0.5, "now", "error", {"what": 'a "quoted" ünïcode\nsecond line', "why": "", "value": None})
    assert from_line(to_line(event)) == event
    assert "\n" not in to_line(event)


@pytest.mark.parametrize("name", NAMES)
def test_every_line_of_a_recording_is_written_as_it_was_read(name: str) -> None:
    for line in (RECORDINGS / f"{name}.jsonl").read_text("utf-8").splitlines():
        assert json.loads(to_line(from_line(line))) == json.loads(line)


def test_an_unknown_kind_is_an_event() -> None:
    assert from_line('{"kind": "of-tomorrow", "t": 1, "at": "now", "x": [1]}') == Event(
        1.0, "now", "of-tomorrow", {"x": [1]}
    )


@pytest.mark.parametrize(
    "line",
    [
        "",
        "{",
        "null",
        "[]",
        '"text"',
        "7",
        "{}",
        '{"kind": "end", "at": "now"}',
        '{"kind": "end", "t": null, "at": "now"}',
        '{"kind": "end", "t": [], "at": "now"}',
        '{"kind": "end", "t": "soon", "at": "now"}',
        '{"kind": "end", "t": NaN, "at": "now"}',
        '{"kind": "end", "t": 1e999, "at": "now"}',
        f'{{"kind": "end", "t": {"9" * 400}, "at": "now"}}',
        '{"kind": "end", "t": 1e300, "at": "now"}',
        '{"kind": "end", "t": -1e300, "at": "now"}',
        '{"kind": "end", "t": 1, "at": "now"} {}',
        '{"kind": "error", "t": 1, "at": "now", "what": "\\ud800"}',
        '{"kind": "error", "t": 1, "at": "now", "what": {"\\uD800": 1}}',
        '{"kind": "sample", "t": 1, "at": "now"}',
        '{"kind": "sample", "t": 1, "at": "now", "stats": []}',
        '{"kind": "sample", "t": 1, "at": "now", "stats": {"memory_total": Infinity}}',
        '{"kind": "sample", "t": 1, "at": "now", "stats": {}, "waited": {}}',
        '{"kind": "end", "t": 1, "at": "now", "x": ' + "[" * 100_000,
    ],
)
def test_a_line_without_a_record_is_a_value_error(line: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        from_line(line)


def test_a_line_cut_anywhere_is_a_value_error() -> None:
    line = to_line(SAMPLE)
    for length in range(len(line)):
        with pytest.raises(ValueError, match=r"\w"):
            from_line(line[:length])


def test_bytes_changed_anywhere_never_raise_anything_else(tmp_path_factory: pytest.TempPathFactory) -> None:
    raw = tmp_path_factory.mktemp("run") / "raw.jsonl"
    lines = (RECORDINGS / "post-copy-by-hand.jsonl").read_bytes()
    dice = random.Random(7)  # noqa: S311 - a fixed seed is intended
    for _ in range(200):
        spoilt = bytearray(lines)
        for _ in range(20):
            spoilt[dice.randrange(len(spoilt))] = dice.randrange(256)
        raw.write_bytes(spoilt)
        assert len(read_records(raw)) < len(recording("post-copy-by-hand")) + 20


@pytest.mark.parametrize(
    ("value", "number"),
    [(7, 7), (-7, -7), (7.9, 7), (True, 1), ("7", 0), (10**400, 0), (float("inf"), 0), (float("nan"), 0)],
)
def test_a_statistic_that_is_no_usable_number_counts_as_zero(value: int | float | str, number: int) -> None:
    assert Sample(0, "", {"x": value}).number("x") == number
    assert memory_of(Sample(0, "", {"memory_total": value, "downtime": 300})) == Memory(number, *[0] * 7, 300)


def test_a_missing_statistic_counts_as_zero() -> None:
    assert Sample(0, "", {}).number("memory_total") == 0
