"""Reads recorded runs with what a study has measured after their end."""

from pathlib import Path

import tomli_w

from tests.unit.runs.recorded import tables, write
from tui.runs.backend.reading import RunReader
from tui.runs.model.run import GuestWork

BEFORE = {"guest": {"rate_before": 100.0, "unit": "MiB/s"}}


def test_what_a_study_measured_after_the_end_belongs_to_the_run(tmp_path: Path) -> None:
    run, reader = write(tmp_path, "a-run", tables(**BEFORE)), RunReader(tmp_path)
    assert reader.read(run).guest == GuestWork(100.0, None, "MiB/s")
    after = {"rate_before": 100.0, "rate_after": 80.0, "unit": "MiB/s", "lost_s": 1.5, "lost_at_least": ""}
    (run / "study.toml").write_text(tomli_w.dumps({"guest": after, "error": "2 pages are wrong"}))
    assert reader.read(run).guest == GuestWork(100.0, 80.0, "MiB/s", 1.5, error="2 pages are wrong")


def test_a_damaged_study_file_is_a_problem_and_the_run_stays(tmp_path: Path) -> None:
    run = write(tmp_path, "a-run", tables(**BEFORE))
    (run / "study.toml").write_text("guest = [[[")
    found = RunReader(tmp_path).read(run)
    assert (found.outcome, found.guest.rate_before) == ("completed", 100.0)
    assert found.problem.startswith("Its study.toml can't be read: ")
