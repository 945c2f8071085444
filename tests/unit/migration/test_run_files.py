"""Reading the log of a run, to continue it or to show it."""

from pathlib import Path

import pytest

from tests.unit.fakes import RECORDINGS, recording
from tui.migration.backend.recording.recorder import RAW, Recorder
from tui.migration.backend.recording.run_files import has_end, in_use, read_records, records_of


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


END = '{"kind": "end", "t": 5.0, "at": "", "outcome": "completed"}\n'
RATE = '{"kind": "guest", "t": 6.0, "at": "", "workload": "cpu", "rate": 3.0, "unit": "additions/s"}\n'
VERIFIED = '{"kind": "verified", "t": 4.9, "at": "", "ok": true}\n'


@pytest.mark.parametrize(
    ("log", "ended"),
    [
        (END, True),
        (VERIFIED + END + 30 * RATE, True),
        (END + RATE + RATE[:20], True),  # the computer stopped while the last rate was written
        (VERIFIED + END[:-9], False),
        (VERIFIED + RATE, False),
        (END + VERIFIED, False),
        (END + "nonsense\n" + RATE, False),
        ("", False),
    ],
)
def test_a_run_has_ended_if_only_the_guest_follows_its_end(tmp_path: Path, log: str, ended: bool) -> None:
    (tmp_path / RAW).write_text(log)
    assert has_end(tmp_path / RAW) is ended
