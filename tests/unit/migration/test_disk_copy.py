"""The progress of a copy of disks: in the phases, the sentence, the tiles, the result and run.toml."""

from pathlib import Path
from typing import Any

from tui.app.commands.lines import figures as progress
from tui.core.plan import PRE_COPY, Plan
from tui.migration.backend.recording.run_summary import figures
from tui.migration.model.call.migrate_call import Call
from tui.migration.model.call.script import planned
from tui.migration.model.ending.outcome import facts
from tui.migration.model.record import END, START, Event, Sample
from tui.migration.model.timeline import CANCELLED, COMPLETED, PASS, SETUP, Timeline
from tui.migration.model.verdict import sentence
from tui.migration.widgets.curves import nothing_sent
from tui.migration.widgets.phase_line import phase_line
from tui.migration.widgets.tiles import tiles

GIB = 1 << 30


def sample(t: float, left: int, **memory: int) -> Sample:
    disks = {"disk_total": 4 * GIB, "disk_processed": 4 * GIB - left, "disk_remaining": left}
    return Sample(t, "", {"type": 2, "memory_total": 0, **disks, **memory}, "running")


def copying() -> Timeline:
    start: dict[str, Any] = {"technique": "pre-copy", "copy_storage_all": True, "target": "destination"}
    return Timeline([Event(0.0, "", START, start), sample(1.0, 4 * GIB), sample(2.0, 3 * GIB)])


def shown(timeline: Timeline, width: int = 80) -> str:
    lines = [phase_line(timeline, timeline.now, width), *tiles(timeline, timeline.now, width)]
    assert all(line.cell_length <= width for line in lines)
    return "\n".join(line.plain for line in lines)


def test_the_disks_are_copied_before_the_memory() -> None:
    timeline = copying()
    assert timeline.phase == SETUP
    assert sentence(timeline, 2.0).text == (
        "Copying the disks: 3.0 GiB of 4.0 GiB left, 3.0 s at this rate. The memory follows."
    )
    assert "[disks 25 %]" in shown(timeline)
    assert "disks left 3.0 GiB of 4.0 GiB" in shown(timeline)
    assert "rate 1.0 GiB/s" in shown(timeline)
    assert "time left 3.0 s" in shown(timeline)
    assert shown(timeline).count("disks left") == 1
    assert shown(timeline, 120).count("\n") == 2
    assert "3.0 GiB of the disks left  1.0 GiB/s" in progress(timeline, 2.0)


def test_the_chart_of_the_memory_has_a_bar_of_the_disks_until_the_memory_follows() -> None:
    timeline = copying()
    assert nothing_sent(timeline) == "The disks are copied first  #####---------------  25 %"
    timeline.add(Event(4.0, "", END, {"outcome": CANCELLED}))
    assert nothing_sent(timeline) == "Nothing has been sent."


def test_the_commands_of_virsh_name_the_images_that_the_app_makes_first() -> None:
    plan = Plan("guest1", PRE_COPY, copy_storage_all=True)
    text = planned(plan, Call(1 << 6, {}), "qemu:///system", "qemu+ssh://b/system").virsh
    assert "# the app makes the images that the destination lacks first, by qemu-img create" in text
    assert "--copy-storage-all" in text


def test_what_the_vm_writes_meanwhile_is_beside_the_memory() -> None:
    timeline = copying()
    memory = {"memory_total": GIB, "memory_remaining": GIB, "memory_processed": 0, "memory_iteration": 1}
    timeline.add(sample(3.0, 1 << 20, **memory))
    assert timeline.phase == PASS
    assert " disks 100 % " in shown(timeline)
    assert "disks left 1.0 MiB" in shown(timeline)


def test_the_result_has_the_size_of_the_copy() -> None:
    timeline = copying()
    timeline.add(Event(4.0, "", "job-completed", {"stats": {"disk_processed": 5 * GIB, "time_elapsed": 4000}}))
    timeline.add(Event(5.0, "", END, {"outcome": COMPLETED}))
    assert ("disks", "5.0 GiB copied") in [(each.label, each.text) for each in facts(timeline, Path("/run"), "source")]
    assert figures(timeline)["disk_copied_bytes"] == 5 * GIB


def test_a_migration_without_a_copy_has_no_disks() -> None:
    start = Event(0.0, "", START, {"technique": "pre-copy"})
    timeline = Timeline([start, Sample(1.0, "", {"type": 2, "disk_total": 0, "memory_total": 0})])
    assert "setup" in shown(timeline)
    assert "disks" not in shown(timeline)
    assert figures(timeline)["disk_copied_bytes"] is None
