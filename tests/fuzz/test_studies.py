"""The files of a study: the plan that a person writes, and the order and the progress that the app writes."""

import json
import sys
from dataclasses import asdict
from pathlib import Path

from tests.fuzz.inputs import files, reads, trees
from tui.core.plain_text import CONTROLS
from tui.migration.backend.recording.progress_log import PROGRESS
from tui.study.backend import store
from tui.study.backend.plan_file import example, read, text_of
from tui.study.model.cell import cells_of, check_size
from tui.study.model.estimate import estimate
from tui.study.model.plan import check
from tui.study.model.progress import Done, progress_of
from tui.study.model.schedule import schedule, to_line
from tui.study.model.status import cell_fields, counts, newest_fields

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

LAB, ORIGINAL = example("lab"), example("original")
PLAN, CELLS = read(LAB, "guest1", "lab")
STEPS = schedule(PLAN, CELLS, 7)
DONE = asdict(Done(1, "completed", "out", "/runs/1", "", 4.4, 20.0))
LOG = [
    {"do": "begun", "at": "2026-11-29T00:00:00.000Z"},
    {"do": "migrating", "number": 1, "run": "/runs/1", "direction": "out"},
    {"do": "ended", **DONE},
    {"do": "ended", **DONE, "number": 2, "result": "failed", "why": "no guest", "total_s": None},
    {"do": "stopped", "why": "enough"},
]
SCHEDULE = [{"seed": 7, "config": "/config.toml"}, *map(to_line, STEPS[:3])]
SMALL = 'name = "small"\nworkload.idle = {}\nmigration.a = {technique = "pre-copy"}\n'


def lines(entries: object) -> str:
    return "".join(f"{json.dumps(each)}\n" for each in entries)  # type: ignore[attr-defined]


def test_a_damaged_plan_is_read_or_refused(tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"

    def load(data: bytes) -> None:
        path.write_bytes(data)
        plan, cells = read(text_of(path), "guest1", "plan")
        steps = schedule(plan, cells, 7)
        assert estimate(plan, steps, steps, {}, {"guest1": 1 << 30}).text

    reads(files(LAB, ORIGINAL), load)


def test_odd_values_in_a_plan_are_read_or_refused() -> None:
    def checked(tables: object) -> None:
        plan, problems = check(tables)  # type: ignore[arg-type]
        assert (plan is None) == bool(problems)
        for each in problems:
            assert each.place.isprintable()
            assert CONTROLS.search(each.why) is None
        if plan is not None:
            check_size(plan, cells_of(plan, "guest1"))

    reads(trees(tomllib.loads(LAB), tomllib.loads(ORIGINAL)), checked)


def test_a_damaged_log_is_read_as_far_as_it_goes() -> None:
    def shown(entries: object) -> None:
        progress = progress_of(each for each in entries if isinstance(each, dict))  # type: ignore[attr-defined]
        counts(STEPS, progress)
        cell_fields(STEPS, progress, PLAN.limit_s)
        newest_fields(STEPS, progress)
        assert progress.failures_in_a_row <= len(progress.done)
        left = [each for each in STEPS if each.number not in progress.done]
        assert estimate(PLAN, STEPS, left, progress.done, {}).text

    reads(trees(LOG).filter(lambda entries: isinstance(entries, list)), shown)


def test_a_damaged_folder_is_read_or_refused(tmp_path: Path) -> None:
    (tmp_path / store.PLAN).write_text(SMALL)
    for damaged, sample in ((store.SCHEDULE, lines(SCHEDULE)), (PROGRESS, lines(LOG))):
        (tmp_path / store.SCHEDULE).write_text(lines(SCHEDULE))
        (tmp_path / PROGRESS).write_text(lines(LOG))

        def load(data: bytes, damaged: str = damaged) -> None:
            (tmp_path / damaged).write_bytes(data)
            store.load(tmp_path)
            store.config_of(tmp_path)

        reads(files(sample), load)
