"""Damaged plans, logs and marks of queues: each is read as far as it goes, or refused with a sentence."""

import json
import sys
from pathlib import Path

from tests.fuzz.inputs import files, reads, trees
from tests.unit.app.configurations import MINIMAL
from tests.unit.queue.plans import cost, entry, failed, moved, plan, running
from tui.app.config import check
from tui.migration.backend.recording.progress_log import PROGRESS
from tui.queue.backend import store
from tui.queue.backend.requests import Wish, wish_of
from tui.queue.backend.summary import tables_of
from tui.queue.model.estimate import estimate
from tui.queue.model.plan import plan_of
from tui.queue.model.progress import progress_of
from tui.queue.model.scheduler import Situation, decide
from tui.queue.model.status import status_fields
from tui.vm.backend.maintenance import Maintenance
from tui.vm.model.maintenance import why_not

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PLAN = plan(entry(1, cost=cost(100)), entry(2, "c"), entry(3, "", targets=(), cannot="why"))
LOG = [
    *moved(1),
    *failed(2, "c", again=True),
    *running(2),
    {"do": "limits", "limits": PLAN.limits.fields},
    {"do": "stopped", "why": "x"},
]
HEAD = {"config": "/config.toml", "began": "2026-11-29T10:00:00.000Z", "plan": PLAN.fields}


def test_a_damaged_plan_is_refused_with_a_sentence() -> None:
    reads(trees(PLAN.fields), lambda values: estimate(plan_of(values), progress_of([])).text)


def test_a_damaged_wish_is_refused_with_a_sentence() -> None:
    reads(trees(Wish(host="a").fields), lambda values: wish_of(values) if isinstance(values, dict) else None)


def test_a_damaged_log_is_read_as_far_as_it_goes() -> None:
    def shown(entries: object) -> None:
        progress = progress_of(each for each in entries if isinstance(each, dict))  # type: ignore[attr-defined]
        decide(PLAN, progress, Situation())
        status_fields(PLAN, progress, estimate(PLAN, progress), {})

    reads(trees(LOG).filter(lambda entries: isinstance(entries, list)), shown)


def test_a_damaged_folder_is_read_or_refused(tmp_path: Path) -> None:
    log = "".join(f"{json.dumps(each)}\n" for each in LOG)
    for damaged, sample in ((store.PLAN, json.dumps(HEAD)), (PROGRESS, log)):
        (tmp_path / store.PLAN).write_text(json.dumps(HEAD))
        (tmp_path / PROGRESS).write_text(log)

        def load(data: bytes, damaged: str = damaged) -> None:
            (tmp_path / damaged).write_bytes(data)
            store.config_of(tmp_path)
            queue = store.load(tmp_path)
            store.silent_s(queue)
            tables_of(queue)

        reads(files(sample), load)


def test_damaged_marks_are_read_or_refused(tmp_path: Path) -> None:
    config, problems = check(tomllib.loads(MINIMAL))
    assert config, problems
    path = tmp_path / "maintenance.json"
    known = Maintenance(config, path)

    def load(data: bytes) -> None:
        path.write_bytes(data)
        for host in known.marks():
            assert why_not(host, known.marks())

    sample = json.dumps({config.hosts[host].libvirt: {"since": "2026", "queue": "x"} for host in config.hypervisors})
    reads(files(sample), load)
