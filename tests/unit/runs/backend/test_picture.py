"""The picture of one run: whole without its log, with its units, its switch and what is not known."""

import html
import re
import shutil
from pathlib import Path

import pytest

from tests.unit.fakes import RECORDINGS
from tests.unit.fakes import recording as in_recording
from tests.unit.runs.recorded import tables, write
from tui.core.failure import Failure
from tui.migration.model.record import GUEST, Event
from tui.migration.model.timeline import Timeline
from tui.runs.backend.reading import RunReader
from tui.runs.backend.report import picture
from tui.runs.backend.report.curves import curve_of
from tui.runs.backend.report.picture import PDF, SVG, picture_of
from tui.runs.model.run import Run

POST_COPY = {"technique": "post-copy-timeout", "timeout_s": 12.0, "parallel": 4}


def recorded(folder: Path, recording: str, name: str = "20261123T040000Z-guest1", **changes: object) -> Run:
    run = write(folder, name, tables(**changes))  # type: ignore[arg-type]
    if recording:
        shutil.copy(RECORDINGS / f"{recording}.jsonl", run / "raw.jsonl")
    return RunReader(folder).read(run)


def words_of(run: Run) -> str:
    svg = picture_of([run], SVG).decode()
    return " ".join(html.unescape(" ".join(re.findall(r"<text[^>]*>([^<]*)</text>", svg))).split())


def test_it_has_title_units_phases_downtimes_and_versions(tmp_path: Path) -> None:
    words = words_of(recorded(tmp_path, "guest-post-copy", total_s=16.6, options=POST_COPY))
    for each in (
        "guest1: source → destination, post-copy after 12 s, x4",
        "2 vCPUs, 1.0 GiB, workload memory, completed in 16.6 s",
        "GiB", "MiB/s", "time since the start, s", "remaining memory", "sending", "dirtying", "rate of the workload",
        "pass 1", "post-copy", "33 MiB fits 300 ms",
        "30 ms downtime by libvirt", "340 ms without a reply", "272 ms pause in the guest",
        "source and destination: QEMU 10.0.2, libvirt 11.3.0, Skylake; vmlm-tui 0.2.0; 20261123T040000Z-guest1",
    ):  # fmt: skip
        assert each in words


def test_it_is_as_wide_as_a_column_of_a_paper_and_a_run_without_a_guest_has_no_third_chart(tmp_path: Path) -> None:
    run = recorded(tmp_path, "pre-copy-idle")
    assert 'width="252pt"' in picture_of([run], SVG).decode()  # 3.5 inches
    assert "rate of the workload" not in words_of(run)
    assert picture_of([run], PDF).startswith(b"%PDF")


@pytest.mark.parametrize("recording", ["reattached", "cancelled", "failed", "link-cut", "ended-unwatched"])
def test_a_run_with_a_gap_or_without_an_end_has_a_picture_too(tmp_path: Path, recording: str) -> None:
    assert "remaining memory" in words_of(recorded(tmp_path, recording))


def test_the_recovery_of_the_guest_comes_after_the_end(tmp_path: Path) -> None:
    run = recorded(tmp_path, "guest-post-copy")
    before = words_of(run)
    with (run.folder / "raw.jsonl").open("a") as raw:
        raw.write('{"kind": "guest", "t": 40.0, "at": "", "workload": "memory", "rate": 2400.0, "unit": "MiB/s"}\n')
    after = words_of(run)
    assert ("end" in before.split(), "end" in after.split()) == (False, True)
    assert ("20" in before.split(), "20" in after.split()) == (False, True)  # the axis: a third of the 17 s more
    assert "25" not in after.split()


def test_the_curve_of_a_report_ends_where_the_picture_of_the_run_does(tmp_path: Path) -> None:
    run = recorded(tmp_path, "guest-post-copy")
    with (run.folder / "raw.jsonl").open("a") as raw:
        for t in (20.0, 40.0):
            raw.write(f'{{"kind": "guest", "t": {t}, "at": "", "rate": 2400.0, "unit": "MiB/s"}}\n')
    curve = curve_of(run)
    assert curve is not None
    assert curve.guest[-1] == (20.0, 2400.0)


def test_a_silence_after_what_is_shown_is_not_drawn_backwards() -> None:
    after = [Event(30.0, "", GUEST, {"rate": 1.0}), Event(40.0, "", GUEST, {"silent_s": 10.0, "why": "no route"})]
    silent = picture._silent(Timeline([*in_recording("guest-post-copy"), *after]))
    assert silent
    assert all(begin <= end for begin, end in silent)


def test_odd_text_stays_text(tmp_path: Path) -> None:
    run = recorded(tmp_path, "pre-copy-idle", vm={"name": "a<b>$x$&"})
    assert "a<b>$x$&" in words_of(run)


def test_without_what_it_needs_one_sentence_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = recorded(tmp_path, "")
    with pytest.raises(Failure, match="A picture shows one run: 2 are chosen"):
        picture_of([run, run], SVG)
    with pytest.raises(Failure, match="can't be read"):
        picture_of([run], SVG)
    (run.folder / "raw.jsonl").write_text("")
    with pytest.raises(Failure, match="its log has no samples"):
        picture_of([run], SVG)
    monkeypatch.setattr(picture, "find_spec", lambda _: None)
    with pytest.raises(Failure, match=r"A picture of a run needs matplotlib: not installed. .*vmlm-tui\[report\]"):
        picture_of([run], SVG)
