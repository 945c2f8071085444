"""Real migrations between real daemons: every way to start, control and end one, without a lost page."""

import asyncio
import re
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.lab.lab_backend import LabBackend, bring_home, end_of, seen
from tui.core.failure import Failure
from tui.core.plan import POST_COPY_MANUAL, POST_COPY_TIMEOUT, PRE_COPY, SUSPEND_TIMEOUT, Plan
from tui.core.protocols import JOB_CANCELLED, QEMU_STATUS
from tui.lab.lab import Lab
from tui.migration.backend.before.preflight import Refused
from tui.migration.backend.recording.run_files import read_records
from tui.migration.backend.running.actor import MigrationActor
from tui.migration.model import record
from tui.migration.model.domjobinfo import text
from tui.migration.model.record import Event, Sample
from tui.migration.model.timeline import CANCELLED, COMPLETED, FAILED, POST_COPY

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

VM = "guest1"
DIRTY = "setsid /tmp/memory_intensive -t 2 -m 150 > /tmp/memory.log 2>&1 < /dev/null & exec sleep 0.1"


@pytest.fixture
def lab_backend(lab: Lab, tmp_path: Path) -> LabBackend:
    lab_backend = LabBackend(lab, tmp_path / "runs")
    bring_home(lab_backend)
    return lab_backend


@pytest.fixture
def dirtying(lab_backend: LabBackend) -> Iterator[LabBackend]:
    """A workload dirties memory faster than the link transfers it; at the end no page may be wrong."""
    source = (Path(__file__).parents[2] / "workloads/memory_intensive.c").read_text()
    machine = lab_backend.lab.machine("source")
    machine.run(["ssh", VM, "cat > /tmp/m.c && cc -O2 -o /tmp/memory_intensive /tmp/m.c -lm -lpthread"], stdin=source)
    lab_backend.guest(DIRTY)
    lab_backend.guest("until grep -q state=dirtying /tmp/memory.log; do sleep 0.1; done")
    lab_backend.workload = "memory"
    yield lab_backend
    # at its end it checks every page once more, on the host where the VM is now
    lab_backend.guest("kill $(pidof memory_intensive); while pidof memory_intensive > /dev/null; do sleep 0.1; done")
    last = lab_backend.guest("tail -n 1 /tmp/memory.log")
    assert "state=done" in last
    assert "wrong_pages=0" in last


async def test_an_idle_vm_migrates_both_ways_by_pre_copy(lab_backend: LabBackend) -> None:
    there = await lab_backend.migrations.start(Plan(VM, PRE_COPY))
    assert (there.origin, there.target) == ("source", "destination")
    timeline = await end_of(there)
    assert timeline.phase == COMPLETED
    assert timeline.verified == (True, f"{VM} runs on destination and is gone from source.")
    assert lab_backend.states() == {"source": "", "destination": "running"}
    assert lab_backend.virsh("destination", "dominfo", VM).count("Persistent:     yes") == 1

    back = await lab_backend.migrations.start(Plan(VM, PRE_COPY))
    assert (back.origin, back.target) == ("destination", "source")
    assert (await end_of(back)).phase == COMPLETED
    assert lab_backend.states() == {"source": "running", "destination": ""}

    with (there.folder / "run.toml").open("rb") as file:
        summary = tomllib.load(file)
    assert summary["outcome"] == COMPLETED
    assert summary["figures"]["from_libvirt"] is True
    assert summary["figures"]["downtime_ms"] == timeline.final["downtime"]
    assert summary["hosts"]["source"]["hostname"] == "source"


async def test_post_copy_ends_a_migration_that_does_not_converge(dirtying: LabBackend) -> None:
    migration = await dirtying.migrations.start(Plan(VM, POST_COPY_MANUAL))
    await seen(migration, lambda timeline: len(timeline.passes) >= 3)
    assert migration.timeline.post_copy_at is None
    migration.controls.switch_to_post_copy()
    await seen(migration, lambda timeline: timeline.phase == POST_COPY)
    timeline = await end_of(migration)
    assert timeline.phase == COMPLETED
    assert timeline.final["memory_postcopy_requests"] > 0
    assert dirtying.states() == {"source": "", "destination": "running"}

    records = read_records(migration.folder / "raw.jsonl")
    moments = [each.t for each in records if isinstance(each, Sample) and each.late is not None]
    assert [round(t) for t in moments] == list(range(round(moments[0]), round(moments[-1]) + 1))  # every second


async def test_post_copy_requested_before_the_first_pass_waits_until_qemu_accepts_it(dirtying: LabBackend) -> None:
    migration = await dirtying.migrations.start(Plan(VM, POST_COPY_MANUAL))
    migration.controls.switch_to_post_copy()
    timeline = await end_of(migration)
    assert timeline.phase == COMPLETED
    assert timeline.post_copy_at is not None
    keys = [each.data for each in read_records(migration.folder / "raw.jsonl") if each_is(each, record.KEY)]
    assert [data["held"] for data in keys] == [True]


async def test_the_timeout_switches_to_post_copy(dirtying: LabBackend) -> None:
    migration = await dirtying.migrations.start(Plan(VM, POST_COPY_TIMEOUT, timeout_s=6))
    timeline = await end_of(migration)
    assert timeline.phase == COMPLETED
    assert timeline.post_copy_at is not None
    assert timeline.post_copy_at >= 6


async def test_the_timeout_suspends_the_vm_which_continues_on_the_other_host(dirtying: LabBackend) -> None:
    migration = await dirtying.migrations.start(Plan(VM, SUSPEND_TIMEOUT, timeout_s=6))
    timeline = await end_of(migration)
    assert timeline.phase == COMPLETED
    assert timeline.post_copy_at is None
    assert timeline.total_s is not None
    assert timeline.total_s > 6
    assert timeline.final["downtime"] > 300  # the limit, which the last pass would not have kept
    assert dirtying.states() == {"source": "", "destination": "running"}


async def test_downtime_and_bandwidth_are_changed_while_it_runs_and_cancelling_leaves_the_vm_where_it_was(
    dirtying: LabBackend,
) -> None:
    migration = await dirtying.migrations.start(Plan(VM, PRE_COPY, downtime_ms=120))
    await seen(migration, lambda timeline: timeline.iteration >= 1)
    assert dirtying.virsh("source", "migrate-getmaxdowntime", VM).split() == ["120"]
    migration.controls.set_max_downtime(110)
    migration.controls.set_bandwidth(50)
    await seen(migration, lambda timeline: timeline.max_downtime_ms == 110 and timeline.bandwidth_mib_s == 50)
    assert dirtying.virsh("source", "migrate-getmaxdowntime", VM).split() == ["110"]
    assert dirtying.virsh("source", "migrate-getspeed", VM).split() == ["50"]
    migration.controls.set_bandwidth(0)
    await seen(migration, lambda timeline: timeline.bandwidth_mib_s == 0 and timeline.marks[-1].sign in "b|")
    migration.controls.cancel()
    timeline = await end_of(migration)
    assert timeline.phase == CANCELLED
    assert timeline.verified == (True, f"{VM} runs on source.")
    assert dirtying.states() == {"source": "running", "destination": ""}


async def test_a_killed_destination_qemu_fails_the_migration_with_a_reason_and_the_vm_stays(
    dirtying: LabBackend,
) -> None:
    migration = await dirtying.migrations.start(Plan(VM, PRE_COPY))
    await seen(migration, lambda timeline: timeline.points and timeline.points[-1].transferred > 50 * 2**20)
    dirtying.lab.machine("destination").run(["sh", "-c", f"kill -9 $(cat /run/libvirt/qemu/{VM}.pid)"])
    timeline = await end_of(migration)
    assert timeline.phase == "failed"
    # whichever notices first: a QEMU, one of the daemons, or the connection between them, which hides the reason
    assert timeline.error["why"].startswith((
        "the migration stream to destination broke",
        "QEMU on destination ended",
        "QEMU on destination could not start, or ended",
    ))  # fmt: skip
    assert timeline.error["detail"]
    assert timeline.verified == (True, f"{VM} runs on source.")
    with (migration.folder / "run.toml").open("rb") as file:
        assert tomllib.load(file)["outcome"] == "failed"


async def test_a_running_migration_is_found_and_recorded_in_the_same_folder(dirtying: LabBackend) -> None:
    migration = await dirtying.migrations.start(Plan(VM, POST_COPY_MANUAL))
    await seen(migration, lambda timeline: timeline.points)
    await dirtying.migrations.close()

    later = LabBackend(dirtying.lab, dirtying.runs)
    found = await later.migrations.attach()
    assert found is not None
    assert found.folder == migration.folder
    await seen(found, lambda timeline: timeline.passes)
    found.controls.switch_to_post_copy()
    timeline = await end_of(found)
    assert timeline.phase == COMPLETED
    assert timeline.final, "the figures come with libvirt's last event"
    kinds = [each.kind for each in read_records(found.folder / "raw.jsonl") if isinstance(each, Event)]
    assert kinds.count(record.GAP) == 1
    assert kinds[-1] == record.END


async def test_a_migration_that_ended_unobserved_is_recorded_from_libvirts_statistics(
    lab_backend: LabBackend,
) -> None:
    migration = await lab_backend.migrations.start(Plan(VM, PRE_COPY))
    await seen(migration, lambda timeline: timeline.points)
    await lab_backend.migrations.close()
    await asyncio.wait_for(moved(lab_backend), 240)

    found = await LabBackend(lab_backend.lab, lab_backend.runs).migrations.attach()
    assert found is not None
    assert found.folder == migration.folder
    assert found.timeline.phase == COMPLETED
    assert found.timeline.final["downtime"] > 0
    assert (found.folder / "run.toml").read_text().count('outcome = "completed"') == 1
    assert await LabBackend(lab_backend.lab, lab_backend.runs).migrations.attach() is None


async def attached(lab_backend: LabBackend) -> MigrationActor:
    while True:
        found = await lab_backend.migrations.attach()
        if found is not None:
            return found


async def moved(lab_backend: LabBackend) -> None:
    while await asyncio.to_thread(lab_backend.states) != {"source": "", "destination": "running"}:
        pass


@asynccontextmanager
async def virsh_migrates(lab_backend: LabBackend) -> AsyncIterator[asyncio.subprocess.Process]:
    """virsh on the source migrates the VM to the destination."""
    flags = ["--live", "--p2p", "--persistent", "--undefinesource", "--postcopy"]
    words = ["virsh", "migrate", *flags, VM, "qemu+ssh://root@destination/system"]
    virsh = await asyncio.create_subprocess_exec(*lab_backend.lab.machine("source").argv(words))
    try:
        yield virsh
    finally:
        if virsh.returncode is None:
            virsh.kill()


async def test_a_migration_that_virsh_started_is_followed(dirtying: LabBackend) -> None:
    async with virsh_migrates(dirtying) as virsh:
        found = await asyncio.wait_for(attached(dirtying), 60)
        await seen(found, lambda timeline: timeline.points and timeline.target)
        found.controls.switch_to_post_copy()
        timeline = await end_of(found)
        assert timeline.phase == COMPLETED
        assert (timeline.target, timeline.verified) == (
            "destination",
            (True, f"{VM} runs on destination and is gone from source."),
        )
        assert await virsh.wait() == 0


async def test_a_migration_of_virsh_to_a_host_that_is_not_configured_has_an_unknown_target(
    dirtying: LabBackend,
) -> None:
    other = LabBackend(dirtying.lab, dirtying.runs, destination="test:///default")  # a daemon that is not involved
    async with virsh_migrates(dirtying) as virsh:
        found = await asyncio.wait_for(attached(other), 60)
        await seen(found, lambda timeline: timeline.passes)
        assert found.target == ""
        found.controls.switch_to_post_copy()
        timeline = await end_of(found)
        assert await virsh.wait() == 0
    assert timeline.phase == COMPLETED
    assert timeline.verified is not None
    assert timeline.verified[1].startswith(f"{VM} is no longer on source; its destination is not one of the configured")
    assert dirtying.states() == {"source": "", "destination": "running"}
    with (found.folder / "run.toml").open("rb") as file:
        summary = tomllib.load(file)
    assert "target" not in summary["hosts"]
    assert summary["options"] == {"technique": "unknown"}


async def test_a_migration_that_virsh_started_and_cancelled_is_recorded_as_cancelled(dirtying: LabBackend) -> None:
    async with virsh_migrates(dirtying):
        found = await asyncio.wait_for(attached(dirtying), 60)
        await seen(found, lambda timeline: timeline.passes)
        await asyncio.to_thread(dirtying.virsh, "source", "domjobabort", VM)
        timeline = await end_of(found)
    # QEMU reports each change, so no sample has to be taken at the right moment; but it may call the cancel a failure.
    here = [each.data for each in timeline.events if each.kind == QEMU_STATUS and each.data["host"] == "source"]
    statuses = {str(each["status"]) for each in here}
    assert statuses & {"cancelling", "failed"}
    types = {each.number("type") for each in read_records(found.folder / "raw.jsonl") if isinstance(each, Sample)}
    if "cancelling" in statuses or JOB_CANCELLED in types:
        assert timeline.phase == CANCELLED
        assert timeline.error["what"] == f"Another program cancelled the migration of {VM}"
    else:
        assert timeline.phase == FAILED
        assert "only to the program that waits for the migration" in timeline.error["why"]
    assert timeline.verified == (True, f"{VM} runs on source.")


async def test_the_log_agrees_with_virsh_domjobinfo_at_the_same_time(dirtying: LabBackend) -> None:
    migration = await dirtying.migrations.start(Plan(VM, POST_COPY_MANUAL))
    await seen(migration, lambda timeline: timeline.passes)
    before = migration.timeline.last
    printed = await asyncio.to_thread(dirtying.virsh, "source", "domjobinfo", VM)
    count = len(migration.timeline.points)
    await seen(migration, lambda timeline: len(timeline.points) > count)
    after = migration.timeline.last
    migration.controls.switch_to_post_copy()
    await end_of(migration)

    assert before is not None
    assert after is not None
    first, second, third = text(before.stats), printed, text(after.stats)
    assert labels(first) == labels(second) == labels(third)
    for name in ("Time elapsed:", "Data processed:", "Iteration:", "Normal pages:"):
        assert number(first, name) <= number(second, name) <= number(third, name), name
    for name in ("Job type:", "Operation:", "Memory total:", "Page size:", "Setup time:"):
        assert line(first, name) == line(second, name) == line(third, name)
    log = (migration.folder / "domjobinfo.txt").read_text()
    assert first in log
    assert third in log


async def test_an_impossible_migration_is_refused_before_it_starts(lab_backend: LabBackend) -> None:
    with pytest.raises(Failure, match="There is no VM 'nobody'"):
        await lab_backend.migrations.start(Plan("nobody"))
    with pytest.raises(Refused, match="parallel"):
        await lab_backend.migrations.start(Plan(VM, POST_COPY_MANUAL, parallel=2))
    lab_backend.virsh("source", "suspend", VM)
    try:
        with pytest.raises(Refused) as paused:
            await lab_backend.migrations.start(Plan(VM))
    finally:
        lab_backend.virsh("source", "resume", VM)
    assert [each.why for each in paused.value.failures] == ["it is paused on source"]

    xml = re.sub(r"<uuid>.*</uuid>", "", lab_backend.virsh("source", "dumpxml", "--inactive", VM))
    lab_backend.lab.machine("destination").run(["sh", "-c", "cat > x.xml && virsh define x.xml"], stdin=xml)
    try:
        with pytest.raises(Refused) as taken:
            await lab_backend.migrations.start(Plan(VM))
    finally:
        lab_backend.virsh("destination", "undefine", VM)
    assert [each.what for each in taken.value.failures] == [f"The name {VM} is taken on destination"]


def each_is(each: object, kind: str) -> bool:
    return isinstance(each, Event) and each.kind == kind


def labels(printed: str) -> list[str]:
    return [line.partition(":")[0] for line in printed.splitlines() if line]


def line(printed: str, name: str) -> str:
    return next(line for line in printed.splitlines() if line.startswith(name))


def number(printed: str, name: str) -> float:
    words = line(printed, name).removeprefix(name).split()
    return float(words[0]) * {"KiB": 2**10, "MiB": 2**20, "GiB": 2**30}.get([*words, ""][1], 1)
