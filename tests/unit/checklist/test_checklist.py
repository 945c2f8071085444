"""A checklist is read, applied and undone, on simulated hosts with `make` and `unmake`."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from tests.list_world import HOSTS, Facts, ListWorld, step
from tui.checklist.backend import checklist as backend
from tui.checklist.backend.checklist import Checklist
from tui.checklist.backend.jobs import Job, Jobs
from tui.checklist.backend.journal import Journal
from tui.checklist.model.check import FAILED, UNKNOWN, Finding, Item
from tui.checklist.model.step import Step
from tui.core.command import Completed
from tui.core.failure import Failure, PasswordNeeded
from tui.linux.change import Change, Command, Move


@pytest.fixture
def world(tmp_path: Path) -> ListWorld:
    """Everything exists except the server, the export that needs it, and one client."""
    made = ListWorld(tmp_path)
    made.make_all()
    made.machines["storage"].made -= {"server", "export"}
    made.machines["destination"].made -= {"client"}
    return made


async def fix_all(world: ListWorld, *, limit: int = 100, only_shown: bool = False) -> tuple[Job, list[Item]]:
    """Fixes all that is missing, at most `limit` lines of it."""
    await world.checklist.refresh_fully()
    shown = {item.id: item.change for item in world.checklist.items if item.change}
    begun: list[Item] = []

    def begin(item: Item) -> bool:
        begun.append(item)
        return len(begun) <= limit

    job = Job("all")
    await world.checklist.apply_missing(job.record, shown if only_shown else None, begin)  # type: ignore[arg-type]
    return job, begun


async def test_fix_all_applies_what_is_missing_in_the_order_of_its_needs(world: ListWorld) -> None:
    job, begun = await fix_all(world)
    assert [item.id for item in begun] == ["storage.server", "storage.export", "destination.client"]
    assert all(item.finding and item.finding.good for item in world.checklist.items)
    assert [line.text for line in job.transcript.lines if line.text != "done"] == [
        "storage: make server", "storage: make export", "destination: make client",
    ]  # fmt: skip


async def test_a_second_fix_all_changes_nothing(world: ListWorld) -> None:
    await fix_all(world)
    _, begun = await fix_all(world)
    assert begun == []


async def test_a_step_whose_needs_cannot_be_fixed_is_skipped(world: ListWorld) -> None:
    world.machines["storage"].unreachable = Failure("storage can't be reached")
    _, begun = await fix_all(world)
    assert [item.id for item in begun] == ["destination.client"]


async def test_a_change_that_was_not_shown_is_not_applied(world: ListWorld) -> None:
    await world.checklist.refresh_fully()
    applied = await world.checklist.apply_missing(lambda _: None, {})
    assert applied == ()
    assert world.machines["storage"].commands == []


def chained(*compared: str) -> tuple[Step[Facts], ...]:
    """The server; the export, whose fix is planned only once there is a server; the firewall after both.

    In the opposite order of the list, and those in `compared` with something that a person has to compare.
    """

    def link(id: str, after: str) -> Step[Facts]:
        plain = step("storage", id, f"there is a {id}")

        def change(facts: Facts) -> Change | str:
            made, planned = facts.made["storage"], plain.change(facts)
            if isinstance(made, Failure) or (after and after not in made) or isinstance(planned, str):
                return "it can't be planned yet"
            return replace(planned, compare=id in compared)

        return replace(plain, change=change)

    return link("firewall", "export"), link("export", "server"), link("server", "")


@pytest.mark.parametrize(("compared", "made"), [
    ((), ["server", "export", "firewall"]),
    (("export",), ["server"]),
    (("server",), ["server", "export", "firewall"]),  # it was shown, and so compared
])  # fmt: skip
async def test_fixes_that_a_fix_makes_possible_follow_in_the_same_run(
    tmp_path: Path, compared: tuple[str, ...], made: list[str]
) -> None:
    world = ListWorld(tmp_path, chained(*compared))
    await fix_all(world, only_shown=True)
    assert world.machines["storage"].commands == [f"make {each}" for each in made]


@pytest.mark.parametrize(("silent", "good"), [(2, True), (3, False)])
async def test_a_host_that_does_not_reply_after_a_change_is_read_again(tmp_path: Path, silent: int, good: bool) -> None:
    plain = step("storage", "server", "there is a server")
    world = ListWorld(tmp_path)

    def check(facts: Facts) -> Finding | None:
        busy = "make server" in world.machines["storage"].commands and world.reads <= 1 + silent
        return Finding(UNKNOWN, "not tried") if busy else plain.check(facts)

    world = ListWorld(tmp_path, (replace(plain, check=check),))
    await world.checklist.refresh_fully()
    item = await world.checklist.apply("storage.server", Job("one").record)
    assert (item.finding is not None and item.finding.good) is good


async def test_a_step_that_another_fix_breaks_again_is_not_fixed_twice(tmp_path: Path) -> None:
    def exclusive(id: str, other: str) -> Step[Facts]:
        move = Move(Command("storage", ("sh", "-c", "", "make", id)))
        plain = step("storage", id, f"there is a {id}")
        return replace(plain, change=lambda _: Change((move, Move(Command("storage", ("unmake", other))))))

    world = ListWorld(tmp_path, (exclusive("one", "two"), exclusive("two", "one")))
    _, begun = await fix_all(world)
    assert [item.id for item in begun] == ["storage.one", "storage.two"]


async def test_fix_all_stops_when_begin_returns_false(world: ListWorld) -> None:
    _, begun = await fix_all(world, limit=1)
    assert len(begun) == 2  # `begin` refused the second
    assert world.machines["storage"].commands == ["make server"]


async def test_undo_all_starts_at_the_end_of_the_list(world: ListWorld) -> None:
    await fix_all(world)
    await world.checklist.undo_all(lambda _: None)
    assert world.machines["storage"].commands[2:] == ["unmake export", "unmake server"]
    assert not any(item.undo for item in world.checklist.items)


async def test_readings_do_not_overlap_and_every_listener_is_called(world: ListWorld) -> None:
    notified: list[bool] = []
    world.checklist.listen(lambda: notified.append(world.checklist.reading))
    await asyncio.gather(world.checklist.refresh_fully(), world.checklist.refresh_fully())
    assert notified == [True, True, True, True, False] * 2
    assert world.checklist.was_read


async def test_the_list_is_evaluated_once_per_change_of_facts(world: ListWorld) -> None:
    evaluated: list[object] = []

    def check(facts: object) -> Finding | None:
        evaluated.append(facts)
        return None

    step: Step[Facts] = Step("storage.counted", "storage", "it is counted", "Counted.", check)
    checklist = Checklist((step,), Facts(), world.read, world.changes)
    checklist.listen(lambda: [checklist.items, checklist["storage.counted"], checklist.items])
    seen = [checklist.facts]
    async for _ in checklist.refresh():
        seen.append(checklist.facts)
    assert evaluated == seen
    assert len(seen) == 4  # before anything was read, and after each of the three hosts


async def test_the_list_follows_a_change_of_the_journal_at_once(world: ListWorld) -> None:
    await world.checklist.refresh_fully()
    item = world.checklist["storage.server"]
    assert item.change is not None
    await world.changes.apply(item.id, item.change, lambda _: None)
    assert world.checklist["storage.server"].undo is not None
    await world.changes.undo(item.id, lambda _: None)
    assert world.checklist["storage.server"].undo is None


async def test_a_line_that_another_app_writes_during_the_evaluation_is_not_missed(
    world: ListWorld, tmp_path: Path
) -> None:
    move = Move(Command("storage", ("true",)), (Command("storage", ("false",)),))
    other_app = Journal(tmp_path / "changes.jsonl")

    def change(_facts: Facts) -> str:
        if not other_app.entries("storage.first"):
            other_app.begin("storage.first", HOSTS["storage"], move)
        return ""

    def check(_facts: Facts) -> Finding:
        return Finding(FAILED, "it is missing")

    first: Step[Facts] = Step("storage.first", "storage", "it is first", "First.", check)
    second: Step[Facts] = Step("storage.second", "storage", "it is second", "Second.", check, change)
    checklist = Checklist((first, second), Facts(), world.read, world.changes)
    assert checklist["storage.first"].undo is None  # read before the second step wrote
    assert checklist["storage.first"].undo is not None


# -- jobs --


async def test_one_job_runs_at_a_time_and_is_kept(world: ListWorld) -> None:
    jobs, gate = Jobs(), asyncio.Event()

    async def wait(_job: Job) -> str:
        await gate.wait()
        return "It is done."

    first = jobs.begin("the first", wait)
    assert jobs.under_way is first
    with pytest.raises(Failure, match="Nothing was started"):
        jobs.begin("the second", wait)
    gate.set()
    await jobs.wait()
    assert (jobs.under_way, jobs.current, first.outcome, first.over) == (None, first, "It is done.", True)


async def test_a_failed_job_keeps_the_failure_and_the_transcript(world: ListWorld) -> None:
    world.machines["storage"].refuses["server"] = Completed(1, "", "no\n")
    jobs = Jobs()
    await world.checklist.refresh_fully()

    async def fix(job: Job) -> str:
        await world.checklist.apply("storage.server", job.record)
        return "done"

    job = jobs.begin("fix", fix)
    await jobs.wait()
    assert str(job.failure) == "`make server` failed on storage: no."
    assert [line.kind for line in job.transcript.lines] == ["action", "failed"]


async def test_a_cancelled_job_reports_that_it_was_interrupted() -> None:
    jobs = Jobs()

    async def wait(_job: Job) -> str:
        await asyncio.Event().wait()
        return ""

    job = jobs.begin("it", wait)
    await asyncio.sleep(0)
    jobs.cancel()
    await jobs.wait()
    assert str(job.failure) == "it: it was interrupted."


# -- passwords --


async def test_a_wrong_password_is_tried_once_for_any_number_of_callers(world: ListWorld) -> None:
    sudo, storage = world.changes.sudo, world.machines["storage"]
    storage.password = "secret"
    sudo.give_password("storage", "wrong")
    results = await asyncio.gather(*(sudo.run("storage", ["true"]) for _ in range(5)), return_exceptions=True)
    assert all(isinstance(result, PasswordNeeded) for result in results)
    assert storage.passwords == ["wrong"]
    with pytest.raises(PasswordNeeded):
        await sudo.run("storage", ["true"])
    assert sudo.wanted["storage"].why == "it is wrong"  # stays the reason until another password is given


async def test_hosts_that_require_a_password_are_listed_until_they_have_it(world: ListWorld) -> None:
    sudo, storage = world.changes.sudo, world.machines["storage"]
    storage.password = "secret"
    await world.checklist.refresh_fully()
    assert list(sudo.wanted) == ["storage"]
    sudo.give_password("storage", "secret")
    await world.checklist.refresh_fully()
    assert not sudo.wanted
    assert world.checklist["storage.folder"].state == "ok"


async def test_a_long_list_is_not_evaluated_for_a_page_at_each_part_that_is_read(
    world: ListWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backend, "LONG", 1)
    monkeypatch.setattr(backend, "PART", 1e-9)  # a page may have it evaluated once
    first, during = world.checklist.recent, []
    async for items in world.checklist.refresh():
        during.append(items)
        assert world.checklist.recent is items  # a caller that evaluates it shares the result
    world.checklist.facts = replace(world.checklist.facts)
    assert during[0] is not first
    async for _ in world.checklist._refresh():
        assert world.checklist.recent is during[-1]
    assert world.checklist.recent == world.checklist.items
    assert world.checklist.recent is not during[-1]
