"""What is known of a VM that has moved, and what can be done for it."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.fake_agent import FakeAgent
from tests.fake_hosts import FakeHosts, guest1, guest_xml
from tests.unit.fakes import recording
from tests.unit.migration.stages import app, end_of, runs_in, stage_of, summary
from tests.unit.migration.test_run_log import end, open_log
from tests.unit.until import until
from tui.core import actions
from tui.core.failure import Failure
from tui.core.plan import Plan
from tui.core.protocols import BY_LIBVIRT, BY_MONITOR, JOB_COMPLETED
from tui.core.threads import on_thread
from tui.guest.backend.clock import GuestClocks
from tui.guest.backend.guest import Guest
from tui.guest.backend.heartbeats import Heartbeats
from tui.migration.backend.after.after_move import AfterMove
from tui.migration.backend.guest.monitor import GuestAccess, GuestMonitor
from tui.migration.backend.recording.recorder import RAW, Recorder
from tui.migration.backend.recording.run_files import read_records
from tui.migration.model import record
from tui.migration.model.after_move import Announcing, silence, why_not_after
from tui.migration.model.ending.outcome import facts
from tui.migration.model.record import Event
from tui.migration.model.timeline import Timeline
from tui.migration.model.verdict import WARNING


def timeline_of(*events: tuple[str, dict[str, Any]], outcome: str = "completed") -> Timeline:
    start = {"vm": "guest1", "origin": "source", "target": "destination"}
    given = [(record.START, start), *events, (record.END, {"outcome": outcome})]
    return Timeline(Event(float(number), "", kind, data) for number, (kind, data) in enumerate(given))


def silent(network_ms: float, **observed: object) -> Timeline:
    return timeline_of(
        (JOB_COMPLETED, {"stats": {"downtime": 300}}), (record.OBSERVED, {"network_ms": network_ms, **observed})
    )


def shown(timeline: Timeline) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for each in facts(timeline, Path("/runs/1"), "source"):
        found.setdefault(each.label, []).append(actions.without_keys(each.text))
    return found


# -- a silent network --


@pytest.mark.parametrize(
    ("timeline", "said"),
    [
        (silent(1200), ""),  # no more than a pause on a slow host
        (silent(12_300), "12.0 s longer than the VM was paused"),
        (silent(12_300, guest_ms=12_000.0), ""),  # the guest itself stood still
        (silent(12_300, guest_ms=1000.0, clock_lost_ms=9000.0, clock_error_ms=1.0), "2.3 s longer"),
        (silent(3400, network_open=True), "for 3.1 s since the VM continued, and still"),
        (timeline_of(), ""),
        (timeline_of((record.OBSERVED, {"network_why": "no heartbeat"})), ""),
        (timeline_of((record.OBSERVED, {"network_ms": 9e3, "network_open": True}), outcome="failed"), ""),
    ],
)
def test_a_network_that_is_silent_for_longer_than_the_vm_was_paused_is_explained(timeline: Timeline, said: str) -> None:
    text = silence(timeline, "source")
    assert text.startswith(said)
    assert bool(text) == bool(said)


def test_the_result_names_the_key_that_announces_the_vm() -> None:
    lines = facts(silent(3400, network_open=True), Path("/runs/1"), "source")
    line = next(each for each in lines if each.label == "silence")
    assert actions.ANNOUNCE in line.text
    assert line.tone == WARNING


# -- the clock and the autostart of a record --


def test_the_result_has_the_clock_and_the_autostart() -> None:
    clock = {"host": "destination", "ahead_ms": -312.0, "error_ms": 3.0}
    found = shown(timeline_of((record.CLOCK, clock), (record.AUTOSTART, {"host": "destination"})))
    assert found["clock"] == ["the guest's is 312 ms behind destination's (±3.0 ms); the Migrate page sets it"]
    assert found["autostart"] == ["destination starts it with its host, as source did"]


def test_the_result_has_nothing_of_them_if_nothing_is_known() -> None:
    assert {"clock", "autostart"}.isdisjoint(shown(timeline_of()))


def test_an_autostart_that_was_not_set_has_its_reason() -> None:
    found = shown(timeline_of((record.AUTOSTART, {"host": "destination", "why": "it is transient"})))
    assert found["autostart"] == ["destination does not start it with its host, as source did: it is transient"]


async def moved(tmp_path: Path, *, keeps_source: bool = False, refusals: Sequence[Failure] = ()) -> tuple[Any, Any]:
    """The stage, and the records of a migration of a VM that the source starts with itself."""
    stage = stage_of()
    stage.autostarts = {"source"}
    stage.refusals["set_autostart"] = list(refusals)
    finish = stage.finish

    def finish_and_keep(outcome: str) -> None:
        finish(outcome)
        stage.vms["source"] = {stage.vm.name: replace(stage.vm, state="shut off")} if keeps_source else {}

    stage.finish = finish_and_keep  # type: ignore[method-assign]
    await end_of(await app(stage, tmp_path).start(Plan("guest1")))
    (run,) = runs_in(tmp_path)
    return stage, read_records(run / RAW)


def autostarts(records: list[Any]) -> list[dict[str, Any]]:
    return [dict(each.data) for each in records if isinstance(each, Event) and each.kind == record.AUTOSTART]


async def test_the_autostart_moves_with_the_vm(tmp_path: Path) -> None:
    stage, records = await moved(tmp_path)
    assert "destination" in stage.autostarts
    assert records[0].data["autostart"] is True
    assert autostarts(records) == [{"host": "destination"}]
    assert summary(runs_in(tmp_path)[0])["vm"]["autostart"] is True


async def test_two_hosts_do_not_start_one_vm(tmp_path: Path) -> None:
    stage, records = await moved(tmp_path, keeps_source=True)
    assert (stage.autostarts, autostarts(records)) == ({"source"}, [])


async def test_an_autostart_that_is_refused_ends_no_migration(tmp_path: Path) -> None:
    why = "cannot set autostart for transient domain"
    stage, records = await moved(tmp_path, refusals=[Failure("The autostart of guest1 could not be set", why)])
    assert "destination" not in stage.autostarts
    assert autostarts(records)[0]["why"].endswith(why)
    assert records[-1].data["outcome"] == "completed"


async def test_a_vm_without_autostart_gets_none(tmp_path: Path) -> None:
    stage = stage_of()
    await end_of(await app(stage, tmp_path).start(Plan("guest1")))
    assert (stage.autostarts, "set_autostart" in stage.calls) == (set(), False)


# -- when it can be done --


@pytest.mark.parametrize(
    ("timeline", "reason"),
    [
        (None, "No migration has ended here yet."),
        (Timeline(), "No migration has ended here yet."),
        (Timeline(recording("pre-copy-idle")[:4]), "The migration is under way; at its end QEMU announces the VM"),
        (timeline_of(outcome="failed"), "The VM has not moved."),
        (timeline_of(outcome="cancelled"), "The VM has not moved."),
        (timeline_of((record.TARGET, {"target": ""})), "The VM is on a host that is not configured."),
    ],
)
def test_nothing_can_be_done_for_a_vm_that_has_not_moved(timeline: Timeline | None, reason: str) -> None:
    assert why_not_after(timeline).startswith(reason)


def test_a_vm_that_has_moved_can_be_announced() -> None:
    assert why_not_after(timeline_of()) == ""
    assert why_not_after(timeline_of(outcome="lost")) == ""  # it may have


# -- on the hosts --


@pytest.fixture
def world() -> FakeHosts:
    world = FakeHosts()
    world.source.known, world.destination.known = {}, {"guest1": guest1("running")}
    world.destination.definitions["guest1"] = guest_xml(guest1("running"))
    return world


@pytest.fixture
def after_move(world: FakeHosts) -> AfterMove:
    return AfterMove(world.connections)


async def test_the_vm_is_announced_where_it_runs(world: FakeHosts, after_move: AfterMove) -> None:
    world.destination.announces, world.destination.versions = BY_LIBVIRT, ((12, 8, 0), (11, 1, 3))
    how = await after_move.announcing("guest1")
    assert how == Announcing("guest1", "destination", BY_LIBVIRT, "12.8.0")
    assert (how.taints, how.taint) == (False, "")
    said = await after_move.announce(how)
    assert said == "guest1 announces its network addresses on destination again, by libvirt: five times in 1.2 s."
    assert (world.source.announced, world.destination.announced) == ([], [("guest1", BY_LIBVIRT)])


async def test_the_monitor_is_said_to_taint_the_vm(world: FakeHosts, after_move: AfterMove) -> None:
    how = await after_move.announcing("guest1")
    assert how.taint.startswith("libvirt 11.3.0 on destination has no call for it, which came with 12.5")
    assert "tainted (custom monitor commands)" in how.taint
    assert "QEMU's announce-self" in await after_move.announce(how)
    assert world.destination.announced == [("guest1", BY_MONITOR)]


async def test_a_host_that_can_do_neither_has_a_reason(world: FakeHosts, after_move: AfterMove) -> None:
    world.destination.announces = ""
    how = await after_move.announcing("guest1")
    assert how.why_not == "libvirt 11.3.0 on destination can't announce a VM, and neither can its hypervisor."
    with pytest.raises(Failure, match="can't announce a VM"):
        await after_move.announce(how)


async def test_a_vm_without_a_network_card_has_nothing_to_announce(world: FakeHosts, after_move: AfterMove) -> None:
    world.destination.definitions["guest1"] = "<domain type='kvm'><name>guest1</name></domain>"
    assert (await after_move.announcing("guest1")).why_not == "guest1 has no network card to announce."


async def test_a_vm_that_is_off_is_not_announced(world: FakeHosts, after_move: AfterMove) -> None:
    world.destination.known["guest1"] = guest1("shut off")
    assert (await after_move.announcing("guest1")).why_not == "guest1 can't be announced: shut off on destination."


async def test_the_clock_is_compared_with_the_host_where_the_vm_runs(world: FakeHosts, after_move: AfterMove) -> None:
    agent = FakeAgent()
    world.destination.agents["guest1"] = agent
    world.shells["root@destination"].answers = {"date": "1700000000.000000000\n"}
    agent.ahead_ns = 0
    assert (await after_move.clock("guest1")).host == "destination"


# -- the clock in the record --


async def concluded(tmp_path: Path, world: FakeHosts, *, completed: bool) -> list[Any]:
    """The records of the clock at the end of a migration."""

    def no_guest(_vm: str, _place: str) -> Guest:
        raise Failure("It has no heartbeat")

    access = GuestAccess(no_guest, Heartbeats(no_guest, 4711), GuestClocks(world.connections))
    async with open_log(Recorder.create(tmp_path, "run")) as (run_log, _reader):
        monitor = GuestMonitor("guest1", access, run_log)
        monitor.begin()
        await on_thread(lambda: monitor.conclude(completed=completed))
        monitor.stop()
        end(run_log)
        await until(lambda: run_log.done)
        records = read_records(run_log.folder / RAW)
    return [dict(each.data) for each in records if isinstance(each, Event) and each.kind == record.CLOCK]


async def test_the_record_has_the_clock_of_a_guest_that_has_moved(tmp_path: Path, world: FakeHosts) -> None:
    world.destination.agents["guest1"] = FakeAgent()
    world.shells["root@destination"].answers = {"date": "1700000000.000000000\n"}
    (clock,) = await concluded(tmp_path, world, completed=True)
    assert clock["host"] == "destination"
    assert clock["ahead_ms"] > clock["error_ms"]


@pytest.mark.parametrize("completed", [True, False])
async def test_the_record_has_no_clock_without_an_agent_or_a_move(
    tmp_path: Path, world: FakeHosts, completed: bool
) -> None:
    if not completed:
        world.destination.agents["guest1"] = FakeAgent()
    assert await concluded(tmp_path, world, completed=completed) == []
