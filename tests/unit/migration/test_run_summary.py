"""The contents of run.toml, computed from values."""

import sys

import tomli_w

from tests.unit.fakes import recording
from tui.core.plan import POST_COPY_MANUAL, Plan
from tui.core.vm import Vm
from tui.migration.backend.recording.recorder import without_none
from tui.migration.backend.recording.run_summary import summary
from tui.migration.model.record import Event
from tui.migration.model.timeline import Timeline

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

GUEST = Vm("guest1", "0054f024", "running", "", 2, 1 << 30)


def test_a_summary_is_computed_from_values_alone() -> None:
    timeline = Timeline()
    for each in recording("post-copy-by-hand"):
        timeline.add(each)
    plan = Plan("guest1", POST_COPY_MANUAL, bandwidth_mib_s=80)
    kept = summary(plan, GUEST, {"workload": {"name": "cpu"}}, "2026-11-23T04:00:13.932Z", timeline, "completed")
    assert kept["vm"] == {"name": "guest1", "uuid": "0054f024", "vcpus": 2, "memory_bytes": 1 << 30}
    assert kept["options"] == {
        "technique": "post-copy-manual",
        "timeout_s": 25.0,
        "bandwidth_mib_s": 80,
        "downtime_ms": 300,
        "auto_converge": False,
        "parallel": 0,
    }
    assert (kept["began"], kept["workload"], kept["outcome"]) == (
        "2026-11-23T04:00:13.932Z",
        {"name": "cpu"},
        "completed",
    )
    assert kept["figures"]["post_copy_faults"] == 2213
    assert kept["verified"] == "guest1 runs on source and is gone from destination."


def test_a_migration_under_way_has_no_figures_yet() -> None:
    kept = summary(Plan("guest1"), GUEST, {}, "2026-11-23T04:00:13.932Z", Timeline(), "running")
    assert (kept["figures"], kept["ended"], kept["error"]) == ({}, None, None)


def test_figures_and_reasons_of_other_types_are_written_without_them() -> None:
    timeline = Timeline()
    stats = {"memory_processed": {"x": 1}, "downtime": [13], "time_elapsed": 10**30, "memory_total": 7, "errmsg": "x"}
    timeline.add(Event(1.0, "", "job-completed", {"stats": stats}))
    timeline.add(Event(1.0, "", "error", {"action": "migrate", "why": [None, {"x": None}]}))
    timeline.add(Event(1.0, "", "end", {"outcome": "failed"}))
    kept = without_none(summary(Plan("guest1"), GUEST, {}, "2026-11-23T04:00:13.932Z", timeline, "failed"))
    figures = {"memory_total_bytes": 7, "passes": 0, "samples": 0, "from_libvirt": True}
    assert tomllib.loads(tomli_w.dumps(kept))["figures"] == figures
    assert kept["error"] == {"action": "migrate", "why": [{}]}
