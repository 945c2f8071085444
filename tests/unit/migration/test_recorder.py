"""A run's folder on a real disk: what is written when, by which process, and what happens if it cannot be."""

import contextlib
import fcntl
import json
import resource
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.fakes import RECORDINGS, recording
from tui.core.failure import Failure
from tui.migration.backend.recording.recorder import RAW, SUMMARY, TEXT, Recorder, folder_name, without_none
from tui.migration.backend.recording.run_files import read_records
from tui.migration.model import domjobinfo, record
from tui.migration.model.record import Event, Sample

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


@contextlib.contextmanager
def full_disk(size: int) -> Iterator[None]:
    """No file of this process can grow beyond `size`: as on a full disk, a part of the last write may get through."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def event(n: int) -> Event:
    return Event(float(n), "now", "key", {"n": n})


def write_many(recorder: Recorder) -> None:
    for n in range(100):
        recorder.write(event(n))


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_a_record_is_on_disk_when_write_returns(tmp_path: Path) -> None:
    recorder = Recorder.create(tmp_path / "runs", "run")
    written = recording("post-copy-by-hand")
    for n, each in enumerate(written, 1):
        recorder.write(each)
        assert read_records(recorder.folder / RAW) == written[:n]


def test_the_log_is_written_as_it_was_recorded(tmp_path: Path) -> None:
    recorder = Recorder.create(tmp_path, "run")
    for each in recording("cancelled"):
        recorder.write(each)
    written, recorded = (recorder.folder / RAW), (RECORDINGS / "cancelled.jsonl")
    assert [json.loads(line) for line in written.open()] == [json.loads(line) for line in recorded.open()]


def test_samples_are_also_written_as_text_of_virsh(tmp_path: Path) -> None:
    recorder = Recorder.create(tmp_path, "run")
    written = recording("pre-copy-idle")
    for each in written:
        recorder.write(each)
    texts = [domjobinfo.text(each.stats) for each in written if isinstance(each, Sample)]
    assert (recorder.folder / TEXT).read_text() == "".join(texts)


def test_records_from_many_threads_stay_whole_lines(tmp_path: Path) -> None:
    recorder = Recorder.create(tmp_path, "run")

    def write(first: int) -> None:
        for n in range(first, first + 200):
            recorder.write(event(n))

    threads = [threading.Thread(target=write, args=(first,)) for first in range(0, 1600, 200)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    read = read_records(recorder.folder / RAW)
    assert sorted(each.t for each in read) == [float(n) for n in range(1600)]


def test_nothing_is_written_after_the_end(tmp_path: Path) -> None:
    recorder = Recorder.create(tmp_path, "run")
    recorder.write(Event(1.0, "", record.END, {"outcome": "completed"}))
    recorder.write(event(2))
    assert [each.t for each in read_records(recorder.folder / RAW)] == [1.0]


def test_nothing_is_written_after_the_folder_was_closed(tmp_path: Path) -> None:
    recorder = Recorder.create(tmp_path, "run")
    recorder.close()
    recorder.write(event(1))
    recorder.close()
    assert (recorder.folder / RAW).read_bytes() == b""


def test_a_folder_has_only_one_writer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.migration.backend.recording.recorder.LOCK_LIMIT_S", 0.02)
    recorder = Recorder.create(tmp_path, "run")
    recorder.write(event(1))
    for _ in range(3):
        with pytest.raises(BlockingIOError):
            Recorder.open(recorder.folder)
    recorder.close()
    again = Recorder.open(recorder.folder)
    again.write(event(2))
    assert len(read_records(again.folder / RAW)) == 2


def test_a_refused_writer_keeps_no_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.migration.backend.recording.recorder.LOCK_LIMIT_S", 0.02)
    recorder = Recorder.create(tmp_path, "run")
    before = open_files()
    with pytest.raises(BlockingIOError):
        Recorder.open(recorder.folder)
    assert open_files() == before


def test_a_folder_whose_text_file_cannot_be_written_is_unlocked(tmp_path: Path) -> None:
    (tmp_path / TEXT).mkdir()
    with pytest.raises(IsADirectoryError):
        Recorder.open(tmp_path)
    with (tmp_path / RAW).open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_an_incomplete_line_of_a_crash_is_ended_first(tmp_path: Path) -> None:
    (tmp_path / RAW).write_bytes(b'{"kind": "key", "t": 1, "at": "now"}\n{"kind": "sam')
    recorder = Recorder.open(tmp_path)
    recorder.write(event(7))
    assert [each.t for each in read_records(tmp_path / RAW)] == [1.0, 7.0]


def test_a_log_that_ends_with_a_line_gets_no_empty_one(tmp_path: Path) -> None:
    (tmp_path / RAW).write_bytes(b'{"kind": "key", "t": 1, "at": "now"}\n')
    Recorder.open(tmp_path).write(event(7))
    assert (tmp_path / RAW).read_bytes().count(b"\n") == 2


def test_two_runs_of_the_same_second_have_separate_folders(tmp_path: Path) -> None:
    recorders = [Recorder.create(tmp_path, "run") for _ in range(4)]
    assert [each.folder.name for each in recorders] == ["run", "run-2", "run-3", "run-4"]


def test_two_apps_that_start_at_once_have_separate_folders(tmp_path: Path) -> None:
    folders: list[Path] = []
    gate = threading.Barrier(16)

    def begin() -> None:
        gate.wait()
        folders.append(Recorder.create(tmp_path, "run").folder)

    threads = [threading.Thread(target=begin) for _ in range(16)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(set(folders)) == 16


@pytest.mark.parametrize(
    ("vm", "word"),
    [
        ("guest1", "guest1"),
        ("my vm", "my_vm"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("..", "_"),
        (".", "_"),
        ("", "_"),
        (".hidden", "hidden"),
        ("-rf", "-rf"),
        ("a\"b'c`d$e", "a_b_c_d_e"),
        ("new\nline\ttab\0nul", "new_line_tab_nul"),
        ("[bold]x[/]", "_bold_x___"),
        ("ubuntu22.04", "ubuntu22.04"),
        ("Wien-Großer_Übung", "Wien-Großer_Übung"),
        ("仮想機械", "仮想機械"),
        ("\x1b[31mred", "__31mred"),
    ],
)
def test_a_folder_can_be_named_after_any_vm(tmp_path: Path, vm: str, word: str) -> None:
    name = folder_name(vm, "memory 14x512", "post-copy-manual")
    assert name.partition("-")[2] == f"{word}-memory_14x512-post-copy-manual"
    folder = Recorder.create(tmp_path, name).folder
    assert folder.parent == tmp_path
    assert not folder.name.startswith(("-", "."))


@pytest.mark.parametrize("letter", ["x", "ü", "機", "😀"])
def test_a_folder_can_be_named_after_a_vm_with_a_very_long_name(tmp_path: Path, letter: str) -> None:
    folder = Recorder.create(tmp_path, folder_name(letter * 300, letter * 300, "post-copy-timeout")).folder
    assert folder.is_dir()
    assert folder.name.endswith("-post-copy-timeout")


@pytest.mark.parametrize("place", ["a-file/runs", "a-file", "/proc/runs"])
def test_a_folder_that_cannot_be_created_is_a_failure_with_its_path(tmp_path: Path, place: str) -> None:
    (tmp_path / "a-file").touch()
    with pytest.raises(Failure) as raised:
        Recorder.create(tmp_path / place, "run")
    assert raised.value.what == f"The run cannot be recorded in {tmp_path / place}"
    assert raised.value.why
    assert raised.value.hint == "Set another folder under [runs] in the configuration."


def test_a_summary_reads_back_as_it_was_written(tmp_path: Path) -> None:
    recorder = Recorder.create(tmp_path, "run")
    summary = {"outcome": "completed", "error": None, "vm": {"name": 'a "b"\n[c]', "uuid": None}, "figures": {}}
    recorder.summarize(summary)
    read = tomllib.loads((recorder.folder / SUMMARY).read_text("utf-8"))
    assert read == {"outcome": "completed", "vm": {"name": 'a "b"\n[c]'}, "figures": {}} == without_none(summary)


def test_a_summary_that_cannot_be_written_keeps_the_previous_one(tmp_path: Path) -> None:
    recorder = Recorder.create(tmp_path, "run")
    recorder.summarize({"outcome": "running"})
    with full_disk(64), pytest.raises(OSError, match="File too large"):
        recorder.summarize({"outcome": "completed", "verified": "x" * 10_000})
    assert tomllib.loads((recorder.folder / SUMMARY).read_text()) == {"outcome": "running"}


def test_a_reader_never_reads_an_incomplete_summary(tmp_path: Path) -> None:
    recorder = Recorder.create(tmp_path, "run")
    recorder.summarize({"n": 0, "text": "x" * 100_000})
    over = threading.Event()

    def write() -> None:
        for n in range(30):
            recorder.summarize({"n": n, "text": "x" * 100_000})
        over.set()

    threading.Thread(target=write).start()
    while not over.is_set():
        assert len(tomllib.loads((recorder.folder / SUMMARY).read_text())["text"]) == 100_000


def test_a_full_disk_is_an_error_of_each_write_and_loses_no_earlier_line(tmp_path: Path) -> None:
    recorder = Recorder.create(tmp_path, "run")
    with full_disk(200):
        with pytest.raises(OSError, match="File too large"):
            write_many(recorder)
        with pytest.raises(OSError, match="File too large"):
            recorder.write(event(100))
    read = read_records(recorder.folder / RAW)
    assert [each.t for each in read] == [float(n) for n in range(len(read))]
    assert len(read) > 2


def test_once_the_disk_has_room_again_the_log_continues_with_complete_lines(tmp_path: Path) -> None:
    recorder = Recorder.create(tmp_path, "run")
    with full_disk(200), pytest.raises(OSError, match="File too large"):
        write_many(recorder)
    recorder.write(event(1000))
    lines = (recorder.folder / RAW).read_text().splitlines()
    assert json.loads(lines[-1])["n"] == 1000
    assert all(json.loads(line)["kind"] == "key" for line in lines)


def test_a_full_disk_does_not_keep_the_folder_locked(tmp_path: Path) -> None:
    recorder = Recorder.create(tmp_path, "run")
    with full_disk(10):
        with pytest.raises(OSError, match="File too large"):
            recorder.write(event(1))
        with pytest.raises(OSError, match="File too large"):
            recorder.close()
    Recorder.open(recorder.folder).write(event(2))
    assert [each.t for each in read_records(recorder.folder / RAW)] == [2.0]
