"""What a report has of a study: the plan, and what became of each run."""

import pytest

from tests.unit.study.plans import changed
from tui.study.model.cell import cells_of
from tui.study.model.overview import Overview, overview, state_of
from tui.study.model.plan import check
from tui.study.model.progress import DONE_CANCELLED, DONE_CENSORED, DONE_FAILED, DONE_OK, Done, Progress
from tui.study.model.schedule import schedule


def found(ends: list[str], seed: int | None = 7, **keys: object) -> Overview:
    """The overview after runs that ended like this."""
    plan, problems = check(changed(**keys))
    assert plan, problems
    steps = schedule(plan, cells_of(plan, "guest1"), 7)
    done = {
        n: Done(n, end, "out", f"/runs/run{n}", "a reason" if end != DONE_OK else "") for n, end in enumerate(ends, 1)
    }
    return overview(plan, steps, Progress(done), seed, "It is complete.")


def test_the_plan_is_in_words() -> None:
    facts = dict(found([], warm_up=2, settle="10 s").facts)
    assert facts == {
        "VMs": "guest1",
        "workloads": "idle, memory",
        "techniques": "plain, late",
        "matrix": "5 settings, each there and back: 10 runs a repeat",
        "repeats": "2, each a block in the random order of seed 7",
        "warm-up": "the first 2 runs of each VM, which are dropped",
        "one run": "10 s for the workload to settle, 0 s to measure its rate, "
        "0 s after the migration to measure it again, 0 s of rest",
        "limit": "1 min: a longer pre-copy is cancelled; a longer total time is a lower bound",
        "stops after": "2 failures in a row",
        "runs": "0 of 20 done; 0 of 2 more to warm up done, and dropped",
        "state": "It is complete.",
    }


def test_runs_are_counted_by_their_end_and_the_warm_up_by_itself() -> None:
    ends = [DONE_FAILED, DONE_OK, DONE_OK, DONE_CENSORED, DONE_CANCELLED, DONE_FAILED]
    facts = dict(found(ends, warm_up=1).facts)
    assert facts["runs"] == (
        "5 of 20 done: 2 completed, 1 over the limit, 1 cancelled, 1 failed; 1 of 1 more to warm up done, and dropped"
    )
    assert dict(found([], seed=None, stop_after=1).facts)["repeats"] == "2, each a block in random order"
    assert dict(found([], stop_after=1).facts)["stops after"] == "1 failure"


def test_each_setting_is_a_row_with_its_ends() -> None:
    head, *rows = found([DONE_OK, DONE_CENSORED, DONE_OK, DONE_OK]).cells
    assert head == ("setting", "all of it", "planned", "done", "completed", "over the limit", "cancelled", "failed")
    assert len(rows) == 5
    assert sorted(row[2:] for row in rows) == [
        *(("4", "0", "0", "0", "0", "0") for _ in range(3)),
        ("4", "2", "1", "1", "0", "0"),
        ("4", "2", "2", "0", "0", "0"),
    ]


def test_only_runs_without_a_result_are_listed_with_their_reasons() -> None:
    head, *rows = found([DONE_FAILED, DONE_OK, DONE_CENSORED, DONE_CANCELLED], warm_up=1).bad
    assert head == ("run", "setting", "repeat", "direction", "result", "why", "folder")
    assert [(row[0], *row[2:]) for row in rows] == [
        ("1", "warm-up", "out", "failed", "a reason", "run1"),
        ("4", "1", "out", "cancelled", "a reason", "run4"),
    ]
    assert found([DONE_OK]).bad == ()


@pytest.mark.parametrize(
    ("left", "in_use", "stopped", "sentence"),
    [
        (0, False, "", "It is complete."),
        (3, True, "", "It is under way: 3 runs are left."),
        (1, False, "2 runs failed in a row.", "It was stopped: 2 runs failed in a row. 1 run is left."),
        (2, False, "", "It was interrupted. 2 runs are left."),
    ],
)
def test_the_state_is_a_sentence(left: int, in_use: bool, stopped: str, sentence: str) -> None:
    assert state_of(Progress(stopped=stopped), left, in_use=in_use) == sentence
