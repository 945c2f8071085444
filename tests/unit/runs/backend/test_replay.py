"""The records of a run up to a moment, read from its log."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tui.core.failure import Failure
from tui.core.regular_file import LARGE_READS
from tui.migration.backend.recording.run_files import read_records, records_of
from tui.migration.model.timeline import Timeline
from tui.runs.backend.replay import ReplayLog

RECORDINGS = Path(__file__).parents[3] / "recordings"
NAMES = sorted(each.stem for each in RECORDINGS.glob("*.jsonl"))


def log_of(folder: Path, name: str) -> ReplayLog:
    shutil.copy(RECORDINGS / f"{name}.jsonl", folder / "raw.jsonl")
    return ReplayLog(folder)


def seen(timeline: Timeline) -> tuple[object, ...]:
    """What the pictures are made of."""
    lists = (timeline.points, timeline.marks, timeline.passes, timeline.guest, timeline.events)
    return (timeline.phase, timeline.now, timeline.final, timeline.verified, *map(list, lists))


@pytest.mark.parametrize("name", NAMES)
def test_at_each_record_the_timeline_is_the_one_of_then(tmp_path: Path, name: str) -> None:
    log, live = log_of(tmp_path, name), Timeline()
    for number, each in enumerate(read_records(tmp_path / "raw.jsonl"), 1):
        live.add(each)
        assert number <= log.count_at(live.now)  # several records may have one moment
        assert seen(log.timeline(number)) == seen(live)


@pytest.mark.parametrize("name", NAMES)
def test_records_are_read_from_any_place(tmp_path: Path, name: str) -> None:
    log, records = log_of(tmp_path, name), read_records(tmp_path / "raw.jsonl")
    assert log.count_at(log.track.ends) == len(records)
    assert log.count_at(log.track.begins - 0.0001) == 0
    middle = len(records) // 2
    assert log.records(0, middle) + log.records(middle, len(records)) == records


def test_the_track_has_the_passes_the_switch_and_the_events(tmp_path: Path) -> None:
    track = log_of(tmp_path, "post-copy-by-hand").track
    assert list(track.passes) == [1.3842, 4.8347, 7.3123, 9.7095, 12.203, 14.5451, 15.0608]
    assert track.switch == 15.054
    assert {15.01, 15.0624} <= set(track.events)  # the key, and libvirt's event of post-copy
    assert 4.7998 not in track.events  # an iteration, which is a pass
    assert (track.begins, track.ends) == (0.0003, 17.9925)


def test_broken_lines_are_left_out(tmp_path: Path) -> None:
    whole = (RECORDINGS / "cancelled.jsonl").read_bytes().splitlines(keepends=True)
    damaged = [*whole[:3], b"\xff\x00 no record\n", b"\n", *whole[3:], b'{"kind": "sam']
    (tmp_path / "raw.jsonl").write_bytes(b"".join(damaged))
    log = ReplayLog(tmp_path)
    assert log.records(0, len(whole)) == read_records(RECORDINGS / "cancelled.jsonl")


def test_a_log_without_records_or_without_a_file_is_a_failure(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="can't be read: No such file"):
        ReplayLog(tmp_path)
    (tmp_path / "raw.jsonl").write_text("nothing\n")
    with pytest.raises(Failure, match="has no record"):
        ReplayLog(tmp_path)


def test_a_log_that_was_replaced_meanwhile_is_a_failure(tmp_path: Path) -> None:
    log = log_of(tmp_path, "cancelled")
    (tmp_path / "raw.jsonl").write_text("x")
    with pytest.raises(Failure, match="it has changed meanwhile"):
        log.timeline(5)


def parsed(log: Path) -> None:
    for _ in records_of(log):
        pass


def replayed(log: Path) -> None:
    ReplayLog(log.parent).timeline(1 << 30)


@pytest.mark.parametrize("read", [parsed, replayed])
def test_a_long_log_is_read_in_large_blocks(tmp_path: Path, read: Callable[[Path], None]) -> None:
    record = (RECORDINGS / "cancelled.jsonl").read_bytes().partition(b"\n")[0] + b"\n"
    (tmp_path / "raw.jsonl").write_bytes(record * (4 * LARGE_READS // len(record)))
    before = reads()
    read(tmp_path / "raw.jsonl")
    assert reads() - before < 30  # with each one, a thread that waits for the GIL waits anew


def reads() -> int:
    """How often this thread has called read()."""
    return int(Path("/proc/thread-self/io").read_text().partition("syscr:")[2].split()[0])
