"""A list of steps that is looked at, applied and undone, on hosts on which things are made and unmade."""

import asyncio
from pathlib import Path

import pytest

from tests.list_world import Facts, ListWorld
from tui.checklist.backend.changes import reported_to
from tui.checklist.backend.checklist import Checklist
from tui.checklist.backend.jobs import Job, Jobs
from tui.checklist.model.check import Finding, Item
from tui.checklist.model.step import Step
from tui.core.command import Completed
from tui.core.failure import Failure, PasswordNeeded


@pytest.fixture
def world(tmp_path: Path) -> ListWorld:
    """All is made but the server, what needs it, and a client."""
    made = ListWorld(tmp_path)
    made.make_all()
    made.machines["storage"].made -= {"server", "export"}
    made.machines["destination"].made -= {"client"}
    return made


async def work_of(world: ListWorld, *, go_on: int = 100, only_shown: bool = False) -> tuple[Job, list[Item]]:
    """Fixes all that is missing, at most so many lines of it."""
    await world.checklist.look_once()
    shown = {item.id: item.change for item in world.checklist.items if item.change}
    begun: list[Item] = []

    def begin(item: Item) -> bool:
        begun.append(item)
        return len(begun) <= go_on

    job = Job("all")
    await world.checklist.apply_missing(reported_to(job), shown if only_shown else None, begin)  # type: ignore[arg-type]
    return job, begun


async def test_all_that_is_missing_is_applied_in_the_order_of_its_needs(world: ListWorld) -> None:
    job, begun = await work_of(world)
    assert [item.id for item in begun] == ["storage.server", "storage.export", "destination.client"]
    assert all(item.finding and item.finding.good for item in world.checklist.items)
    assert [line.text for line in job.transcript.lines if line.text != "done"] == [
        "storage: make server", "storage: make export", "destination: make client",
    ]  # fmt: skip


async def test_a_second_time_nothing_is_changed(world: ListWorld) -> None:
    await work_of(world)
    _, begun = await work_of(world)
    assert begun == []


async def test_what_waits_for_what_cannot_be_made_good_is_passed_over(world: ListWorld) -> None:
    world.machines["storage"].unreachable = Failure("storage can't be reached")
    _, begun = await work_of(world)
    assert [item.id for item in begun] == ["destination.client"]


async def test_no_change_is_made_that_was_not_shown(world: ListWorld) -> None:
    await world.checklist.look_once()
    applied = await world.checklist.apply_missing(lambda _: None, {})
    assert applied == ()
    assert world.machines["storage"].commands == []


async def test_it_stops_where_it_is_told_to(world: ListWorld) -> None:
    _, begun = await work_of(world, go_on=1)
    assert len(begun) == 2  # the second was asked for, and answered with no
    assert world.machines["storage"].commands == ["make server"]


async def test_all_is_taken_back_from_the_end(world: ListWorld) -> None:
    await work_of(world)
    await world.checklist.undo_all(lambda _: None)
    assert world.machines["storage"].commands[2:] == ["unmake export", "unmake server"]
    assert not any(item.undo for item in world.checklist.items)


async def test_looks_follow_one_another_and_everybody_who_listens_is_told(world: ListWorld) -> None:
    told: list[bool] = []
    world.checklist.listen(lambda: told.append(world.checklist.looking))
    await asyncio.gather(world.checklist.look_once(), world.checklist.look_once())
    assert told == [True, True, True, True, False] * 2
    assert world.checklist.looked


async def test_the_list_is_evaluated_once_per_change_of_facts(world: ListWorld) -> None:
    evaluated: list[object] = []

    def check(facts: object) -> Finding | None:
        evaluated.append(facts)
        return None

    step: Step[Facts] = Step("storage.counted", "storage", "it is counted", "Counted.", check)
    checklist = Checklist((step,), Facts(), world.read, world.changes)
    checklist.listen(lambda: [checklist.items, checklist["storage.counted"], checklist.items])
    seen = [checklist.facts]
    async for _ in checklist.look():
        seen.append(checklist.facts)
    assert evaluated == seen
    assert len(seen) == 4  # before anything was read, and after each of the three hosts


async def test_a_change_of_the_journal_is_in_the_list_at_once(world: ListWorld) -> None:
    await world.checklist.look_once()
    item = world.checklist["storage.server"]
    assert item.change is not None
    await world.changes.apply(item.id, item.change, lambda _: None)
    assert world.checklist["storage.server"].undo is not None
    await world.changes.undo(item.id, lambda _: None)
    assert world.checklist["storage.server"].undo is None


# -- works --


async def test_one_work_is_done_at_a_time_and_kept(world: ListWorld) -> None:
    jobs, gate = Jobs(), asyncio.Event()

    async def wait(_work: Job) -> str:
        await gate.wait()
        return "It is done."

    first = jobs.begin("the first", wait)
    assert jobs.under_way is first
    with pytest.raises(Failure, match="Nothing was begun"):
        jobs.begin("the second", wait)
    gate.set()
    await jobs.ended()
    assert (jobs.under_way, jobs.current, first.outcome, first.over) == (None, first, "It is done.", True)


async def test_a_work_that_fails_keeps_the_failure_and_what_was_said(world: ListWorld) -> None:
    world.machines["storage"].refuses["server"] = Completed(1, "", "no\n")
    jobs = Jobs()
    await world.checklist.look_once()

    async def fix(job: Job) -> str:
        await world.checklist.apply("storage.server", reported_to(job))
        return "done"

    job = jobs.begin("fix", fix)
    await jobs.ended()
    assert str(job.failure) == "`make server` failed on storage: no."
    assert [line.kind for line in job.transcript.lines] == ["action", "failed"]


async def test_a_work_that_is_left_says_that_it_was_broken_off() -> None:
    jobs = Jobs()

    async def wait(_work: Job) -> str:
        await asyncio.Event().wait()
        return ""

    job = jobs.begin("it", wait)
    await asyncio.sleep(0)
    jobs.leave()
    await jobs.ended()
    assert str(job.failure) == "it: it was broken off."


# -- passwords --


async def test_a_wrong_password_is_tried_once_however_many_ask(world: ListWorld) -> None:
    root, storage = world.changes.sudo, world.machines["storage"]
    storage.password = "secret"
    root.give_password("storage", "wrong")
    answers = await asyncio.gather(*(root.run("storage", ["true"]) for _ in range(5)), return_exceptions=True)
    assert all(isinstance(answer, PasswordNeeded) for answer in answers)
    assert storage.passwords == ["wrong"]
    with pytest.raises(PasswordNeeded):
        await root.run("storage", ["true"])
    assert root.wanted["storage"].why == "it is wrong"  # that stays said until another is given


async def test_hosts_that_want_a_password_are_known_until_they_have_it(world: ListWorld) -> None:
    root, storage = world.changes.sudo, world.machines["storage"]
    storage.password = "secret"
    await world.checklist.look_once()
    assert list(root.wanted) == ["storage"]
    root.give_password("storage", "secret")
    await world.checklist.look_once()
    assert not root.wanted
    assert world.checklist["storage.folder"].state == "ok"
