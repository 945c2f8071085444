"""Reading the log of a run, to continue it or to show it."""

from pathlib import Path

from tests.unit.fakes import RECORDINGS, recording
from tui.migration.backend.recorder import RAW, Recorder
from tui.migration.backend.run_files import in_use, read_records, records_of


def test_a_broken_line_is_none_and_an_incomplete_last_line_is_skipped(tmp_path: Path) -> None:
    raw = tmp_path / RAW
    whole, *_ = (RECORDINGS / "failed.jsonl").read_text("utf-8").splitlines(keepends=True)
    raw.write_text(f'{whole}nonsense\n[]\n{{"kind": "sample"}}\n{whole}{whole[:-9]}')
    first = recording("failed")[0]
    assert list(records_of(raw)) == [first, None, None, None, first]
    assert read_records(raw) == [first, first]


def test_what_is_no_utf8_ends_no_line(tmp_path: Path) -> None:
    raw = tmp_path / RAW
    raw.write_bytes(b'{"kind": "a", "t": 1, "at": "\xe2\x82"}\r\n{"kind": "b", "t": 2, "at": "\xe2\x80\xa8\xff"}\n')
    assert [each and each.at for each in records_of(raw)] == ["\ufffd", "\u2028\ufffd"]


def test_a_run_is_in_use_while_it_is_recorded_and_only_then(tmp_path: Path) -> None:
    recorder = Recorder.create(tmp_path, "run")
    raw = recorder.folder / RAW
    assert in_use(raw)
    recorder.close()
    assert not in_use(raw)
    assert not in_use(tmp_path / "no run" / RAW)
