"""The contents of run.toml, computed from values."""

from tests.unit.fakes import recording
from tui.core.plan import POST_COPY_MANUAL, Plan
from tui.core.vm import Vm
from tui.migration.backend.run_summary import summary
from tui.migration.model.timeline import Timeline

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
