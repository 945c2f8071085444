"""The log of a run on disks that are full, hang, or lose the folder; every reader gets the same lines."""

import contextlib
import shutil
import sys
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.unit.fakes import recording
from tests.unit.migration.logs import HangingRecorder, Reader, delivered, lines_of, say
from tests.unit.migration.test_recorder import full_disk
from tests.unit.until import until
from tui.migration.backend.recording import run_log as run_log_module
from tui.migration.backend.recording.recorder import RAW, SUMMARY, TEXT, NullRecorder, Recorder
from tui.migration.backend.recording.run_log import RunLog
from tui.migration.model import domjobinfo, record
from tui.migration.model.record import END, Event, Sample

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


@pytest.fixture(autouse=True)
def try_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_log_module, "RETRY_S", 0.01)


@contextlib.asynccontextmanager
async def open_log(recorder: Recorder | NullRecorder) -> AsyncIterator[tuple[RunLog, Reader]]:
    """A log and a reader that follows it from the start."""
    run_log = RunLog(recorder)
    yield run_log, Reader(run_log).follow()
    run_log.leave()
    assert run_log.done


def end(run_log: RunLog, tail_s: float = 0.0) -> None:
    run_log.finish(Event(run_log.now(), "now", END, {"outcome": "completed"}), lambda: {"outcome": "completed"}, tail_s)


def ends(reader: Reader) -> int:
    return sum('"kind": "end"' in line for line in reader.lines)


def lines_of_samples(samples: list[Sample]) -> bytes:
    return "".join(f"{record.to_line(each)}\n" for each in samples).encode()


def summary(folder: Path) -> object:
    return tomllib.loads((folder / SUMMARY).read_text("utf-8"))["outcome"]


async def test_a_later_reader_gets_the_same_lines_as_the_first(tmp_path: Path) -> None:
    async with open_log(Recorder.create(tmp_path, "run")) as (run_log, first):
        say(run_log, 1, 2)
        second = await Reader(run_log).start()
        say(run_log, 3)
        await delivered(first, 3)
        assert second.lines == first.lines == lines_of(run_log.folder)


async def test_a_reader_that_left_gets_nothing_more(tmp_path: Path) -> None:
    async with open_log(Recorder.create(tmp_path, "run")) as (run_log, first):
        gone: list[object] = []
        run_log.listen(gone.append)
        run_log.stop_listening(gone.append)
        run_log.stop_listening(gone.append)
        say(run_log, 1)
        await delivered(first, 1)
        assert gone == []


@pytest.mark.parametrize("text", ["a\u2028b", "a\x85b", "a\x1cb", "Größe", "\udcff.qcow2"])
async def test_any_text_is_one_line(tmp_path: Path, text: str) -> None:
    async with open_log(Recorder.create(tmp_path, "run")) as (run_log, first):
        run_log.event(record.ERROR, what=text)
        say(run_log, 1)
        await delivered(first, 1)
        assert len(lines_of(run_log.folder)) == 2
        assert first.troubles() == []


# -- the disk is full --


async def test_when_the_disk_has_room_again_all_lines_are_there(tmp_path: Path) -> None:
    async with open_log(Recorder.create(tmp_path, "run")) as (run_log, first):
        say(run_log, 1)
        run_log.summarize({"outcome": "running"})
        await delivered(first, 1)
        with full_disk((run_log.folder / RAW).stat().st_size + 100):
            say(run_log, *range(2, 20))
            await delivered(first, 19)
            assert first.troubles() == ["File too large"]
            second = await Reader(run_log).start()
            run_log.summarize({"outcome": "newer"})
        say(run_log, 20)
        await until(lambda: any("seconds" in each for each in first.actions()))
        third = await Reader(run_log).start()
        assert first.numbers() == second.numbers() == third.numbers() == list(range(1, 21))
        assert third.lines == lines_of(run_log.folder) == first.logged == second.logged
        assert (len(first.troubles()), summary(run_log.folder)) == (1, "newer")
        assert run_log.timeline.log_trouble == ""


async def test_a_disk_with_room_for_the_log_only_is_reported_once(tmp_path: Path) -> None:
    """A full file system may still have room in the last block of a file."""
    async with open_log(Recorder.create(tmp_path, "run")) as (run_log, first):
        new = run_log.folder / f".{SUMMARY}.new"
        new.mkdir()
        run_log.summarize({"outcome": "running"})
        say(run_log, *range(50))
        await delivered(first, 49)
        assert len(lines_of(run_log.folder)) == 50
        assert first.troubles() == ["Is a directory"]
        new.rmdir()
        say(run_log, 50)
        await until(lambda: any("seconds" in each for each in first.actions()))
        assert summary(run_log.folder) == "running"


async def test_a_summary_that_can_be_written_does_not_end_the_trouble_of_the_lines(tmp_path: Path) -> None:
    async with open_log(Recorder.create(tmp_path, "run")) as (run_log, first):
        say(run_log, *range(100))
        await delivered(first, 99)
        with full_disk((run_log.folder / RAW).stat().st_size):
            say(run_log, 100)
            run_log.summarize({"outcome": "running"})
            say(run_log, 101)
            await delivered(first, 101)
            second = await Reader(run_log).start()
            assert summary(run_log.folder) == "running"
            assert len(first.actions()) == 1
        assert second.numbers() == first.numbers()


async def test_a_line_of_which_only_the_text_was_refused_is_read_once(tmp_path: Path) -> None:
    sample = next(each for each in recording("pre-copy-idle") if isinstance(each, Sample))
    (tmp_path / TEXT).write_bytes(b"\n" * 100_000)
    async with open_log(Recorder.open(tmp_path)) as (run_log, first):
        with full_disk(100_000):
            run_log.publish(sample)
            await until(lambda: first.logged)
            assert first.troubles()
            second = await Reader(run_log).start()
        assert second.logged == first.logged == lines_of(tmp_path)


async def test_after_the_end_the_log_is_completed_once_the_disk_has_room(tmp_path: Path) -> None:
    async with open_log(Recorder.create(tmp_path, "run")) as (run_log, first):
        say(run_log, 1)
        await delivered(first, 1)
        with full_disk((run_log.folder / RAW).stat().st_size):
            end(run_log)
            await until(lambda: run_log.timeline.over and first.troubles() and len(first.lines) == 3)
            assert not run_log.done
        await until(lambda: run_log.done)
        await until(lambda: run_log.timeline.log_trouble == "")
        assert len(lines_of(run_log.folder)) == 2
        assert summary(run_log.folder) == "completed"


async def test_a_folder_that_can_never_be_written_loses_nothing_for_readers(tmp_path: Path) -> None:
    async with open_log(NullRecorder(tmp_path, "Read-only file system")) as (run_log, first):
        say(run_log, 1, 2)
        await delivered(first, 2)
        second = await Reader(run_log).start()
        say(run_log, 3)
        await delivered(first, 3)
        assert first.numbers() == second.numbers() == [1, 2, 3]
        assert first.troubles() == second.troubles() == ["Read-only file system"]


async def test_a_summary_that_is_no_toml_does_not_end_the_log(tmp_path: Path) -> None:
    async with open_log(Recorder.create(tmp_path, "run")) as (run_log, first):
        run_log.summarize({"outcome": object()})
        say(run_log, 1)
        await delivered(first, 1)
        assert len(lines_of(run_log.folder)) == 1
        run_log.summarize({"outcome": "running"})
        await until(lambda: any("seconds" in each for each in first.actions()))
        assert summary(run_log.folder) == "running"


# -- the folder is deleted --


async def test_a_deleted_folder_is_made_again_with_all_its_lines(tmp_path: Path) -> None:
    samples = [each for each in recording("pre-copy-idle") if isinstance(each, Sample)]
    async with open_log(Recorder.create(tmp_path, "run")) as (run_log, first):
        for each in samples:
            run_log.publish(each)
        run_log.summarize({"outcome": "running"})
        say(run_log, 1)
        await delivered(first, 1)
        shutil.rmtree(run_log.folder)
        second = await Reader(run_log).start()
        say(run_log, 2)
        await until(lambda: any("restored" in each for each in first.actions()))
        third = await Reader(run_log).start()
        assert first.lines == second.lines == third.lines == lines_of(run_log.folder)
        assert (run_log.folder / TEXT).read_text() == "".join(domjobinfo.text(each.stats) for each in samples)
        assert summary(run_log.folder) == "running"
        with pytest.raises(BlockingIOError):
            Recorder.open(run_log.folder)


async def test_a_folder_that_is_made_again_in_several_attempts_has_each_line_once(tmp_path: Path) -> None:
    samples = [each for each in recording("pre-copy-idle") if isinstance(each, Sample)]
    async with open_log(Recorder.create(tmp_path, "run")) as (run_log, first):
        for each in samples:
            run_log.publish(each)
        await until(lambda: len(first.lines) == len(samples))
        shutil.rmtree(run_log.folder)
        (run_log.folder / TEXT).mkdir(parents=True)  # so that only the log can be made again
        (run_log.folder / RAW).write_bytes(lines_of_samples(samples)[:1000])  # of an attempt on a full disk
        say(run_log, 1, 2)
        await delivered(first, 2)
        assert first.troubles() == ["Is a directory"]
        second = await Reader(run_log).start()
        (run_log.folder / TEXT).rmdir()
        say(run_log, 3)
        await until(lambda: any("restored" in each for each in first.actions()))
        assert first.logged == second.logged == lines_of(run_log.folder)
        assert (run_log.folder / TEXT).read_text() == "".join(domjobinfo.text(each.stats) for each in samples)


async def test_the_log_can_be_read_after_the_end_although_its_folder_was_deleted(tmp_path: Path) -> None:
    async with open_log(Recorder.create(tmp_path, "run")) as (run_log, first):
        say(run_log, 1)
        end(run_log)
        await until(lambda: run_log.done)
        shutil.rmtree(run_log.folder)
        assert (await Reader(run_log).start()).lines == first.lines


# -- the disk hangs --


async def test_while_the_disk_hangs_readers_get_each_record_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_log_module, "STUCK_S", 0.0)
    recorder = HangingRecorder.create(tmp_path, "run")
    assert isinstance(recorder, HangingRecorder)
    async with open_log(recorder) as (run_log, first):
        say(run_log, 1)
        await delivered(first, 1)
        recorder.free.clear()
        say(run_log, 2, 3)
        await until(recorder.hangs.is_set)
        second = await Reader(run_log).start()
        assert second.numbers() == first.numbers() == [1]
        run_log.deliver_overdue()
        await delivered(first, 3)
        assert first.troubles() == ["its disk does not respond"]
        say(run_log, 4)
        third = await Reader(run_log).start()
        run_log.deliver_overdue()
        say(run_log, 5)
        recorder.free.set()
        await until(lambda: any("seconds" in each for each in first.actions()))
        fourth = await Reader(run_log).start()
        assert [each.numbers() for each in (first, second, third, fourth)] == [[1, 2, 3, 4, 5]] * 4
        assert first.logged == second.logged == third.logged == fourth.lines == lines_of(run_log.folder)


async def test_an_end_that_the_disk_holds_up_is_delivered_once_to_each_reader(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_log_module, "STUCK_S", 0.0)
    recorder = HangingRecorder.create(tmp_path, "run")
    assert isinstance(recorder, HangingRecorder)
    async with open_log(recorder) as (run_log, first):
        say(run_log, 1)
        await delivered(first, 1)
        recorder.free.clear()
        end(run_log, tail_s=1000.0)
        await until(recorder.hangs.is_set)
        run_log.deliver_overdue()
        await until(lambda: ends(first))
        second = await Reader(run_log).start()
        recorder.free.set()
        await until(lambda: all(any("seconds" in each for each in reader.actions()) for reader in (first, second)))
        third = await Reader(run_log).start()
        assert [ends(each) for each in (first, second, third)] == [1, 1, 1]
        assert run_log.timeline.log_trouble == ""
        run_log.end_tail()


async def test_a_log_that_is_closed_just_after_the_disk_has_room_reports_the_room(tmp_path: Path) -> None:
    async with open_log(Recorder.create(tmp_path, "run")) as (run_log, first):
        run_log._refuse(OSError("No space left on device"))

        class ClosedAtOnce(threading.Condition):
            """Its next release is followed by the end of the log, as if another thread had waited for it."""

            def __exit__(self, *raised: object) -> None:
                super().__exit__(*raised)  # type: ignore[arg-type]
                if not run_log.closed:
                    end(run_log)

        run_log._changed.__class__ = ClosedAtOnce
        run_log._accepted(0.0)
        await until(lambda: any("seconds" in each for each in first.actions()))
        assert run_log.timeline.log_trouble == ""


async def test_a_disk_that_responds_in_time_is_no_trouble(tmp_path: Path) -> None:
    recorder = HangingRecorder.create(tmp_path, "run")
    assert isinstance(recorder, HangingRecorder)
    async with open_log(recorder) as (run_log, first):
        recorder.free.clear()
        say(run_log, 1)
        await until(recorder.hangs.is_set)
        run_log.deliver_overdue()
        assert first.lines == []
        recorder.free.set()
        await delivered(first, 1)
        assert first.troubles() == []


async def test_the_end_is_delivered_when_the_log_is_closed(tmp_path: Path) -> None:
    recorder = Recorder.create(tmp_path, "run")
    run_log = RunLog(recorder)
    free: list[bool] = []

    def on_record(each: object) -> None:
        if isinstance(each, Event) and each.kind == END:
            Recorder.open(recorder.folder).close()  # else BlockingIOError
            free.append(True)

    run_log.listen(on_record)
    end(run_log)
    await until(lambda: free)


# -- a run that is continued --


async def test_a_reader_of_a_continued_run_gets_the_earlier_lines_while_the_disk_hangs(tmp_path: Path) -> None:
    written = Recorder.create(tmp_path, "run")
    earlier = recording("cancelled")[:5]
    for each in earlier:
        written.write(each)
    written.close()
    recorder = HangingRecorder.open(written.folder)
    assert isinstance(recorder, HangingRecorder)
    recorder.free.clear()
    async with open_log(recorder) as (run_log, first):
        run_log.resume(earlier, None)
        second = await Reader(run_log).start()
        recorder.free.set()
        await until(lambda: first.lines)
        assert second.lines == lines_of(run_log.folder)
        assert len(second.lines) == 6
