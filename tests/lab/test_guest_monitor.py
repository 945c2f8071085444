"""The effect of real migrations on the guest: its rate during the run, and three consistent downtimes."""

import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.lab.test_launch import on_source, result_of, states
from tui.core.plan import POST_COPY_TIMEOUT, PRE_COPY
from tui.lab.inventory import GUEST
from tui.lab.lab import Lab
from tui.migration.backend.recording.run_files import read_records
from tui.migration.model import record
from tui.migration.model.observed_downtime import ObservedDowntime
from tui.migration.model.record import Event, Record

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

# SLOW lets pre-copy converge over the lab's link, but still makes it send pages again.
SLOW, FLAT_OUT = ("2", "40", "30"), ("2", "150", "0")


@pytest.fixture
def loaded(lab: Lab, request: pytest.FixtureRequest) -> Lab:
    """The guest runs the memory workload of the test's parameter; at the end no page may be wrong."""
    if "running" not in states(lab).values():
        result_of(lab, "boot")
    result_of(lab, "stop")
    result_of(lab, "start", "memory", *request.param)
    yield lab
    ended = result_of(lab, "stop")
    assert (ended["exit_status"], ended["error"], ended["values"]["wrong_pages"]) == (0, "", "0")


def events(records: list[Record], kind: str) -> list[Event]:
    return [each for each in records if isinstance(each, Event) and each.kind == kind]


def ended(found: dict[str, Any]) -> tuple[dict[str, Any], list[Record]]:
    """The run.toml and the records of a completed migration."""
    folder = Path(found["folder"])
    assert found["phase"] == "completed"
    return tomllib.loads((folder / "run.toml").read_text()), read_records(folder / "raw.jsonl")


@pytest.mark.parametrize(
    ("loaded", "technique"), [(SLOW, PRE_COPY), (FLAT_OUT, POST_COPY_TIMEOUT)], indirect=["loaded"]
)
def test_three_downtimes_and_the_guests_rate_through_the_whole_run(loaded: Lab, technique: str, tmp_path: Path) -> None:
    summary, records = ended(result_of(loaded, "migrate", str(tmp_path), technique))
    observed, libvirt_ms = summary["felt"], summary["figures"]["downtime_ms"]
    assert ObservedDowntime.of(observed).data == observed
    # A paused VM sends no reply, so the network sees libvirt's downtime, except for its resolution.
    assert observed["network_ms"] >= libvirt_ms - observed["network_resolution_ms"]
    assert observed["guest_resolution_ms"] == 10
    assert observed["guest_ms"] > 0
    # The guest was paused at least that long, by its own clock plus the time that clock lost.
    assert observed["guest_ms"] + observed["clock_lost_ms"] + observed["clock_error_ms"] >= libvirt_ms - 2 * 10
    assert {"network_why", "guest_why", "clock_why", "unwatched_s"}.isdisjoint(observed)

    rates = [each for each in events(records, record.GUEST) if "rate" in each.data]
    assert {(each.data["workload"], each.data["unit"]) for each in rates} == {("memory", "MiB/s")}
    # From the first rate to the end there is always a rate, or a report of how long there has been none.
    reported = [each.t for each in events(records, record.GUEST)] + [events(records, record.END)[0].t]
    assert all(later - before < 5 for before, later in pairwise(reported)), reported
    probe_answers = events(records, record.UDP_PROBE)
    assert sum(each.data["answered"] for each in probe_answers) <= sum(each.data["sent"] for each in probe_answers)
    after_end = records[records.index(events(records, record.END)[0]) + 1 :]
    assert all(isinstance(each, Event) and each.kind == record.GUEST for each in after_end)


@pytest.mark.parametrize("loaded", [FLAT_OUT], indirect=True)
def test_after_a_killed_app_the_next_one_reports_how_long_nothing_probed(loaded: Lab, tmp_path: Path) -> None:
    status, _ = on_source(loaded, "migrate_and_die", str(tmp_path))
    assert status not in (0, 1)
    summary, records = ended(result_of(loaded, "follow", str(tmp_path)))
    observed = summary["felt"]
    assert observed["unwatched_s"] > 0
    assert observed["network_ms"] >= summary["figures"]["downtime_ms"] - observed["network_resolution_ms"]
    assert "was not running" in observed["clock_why"]
    assert "clock_lost_ms" not in observed
    gap = events(records, record.GAP)[0].t
    probe_answers = events(records, record.UDP_PROBE)
    assert min(each.t for each in probe_answers) < gap < max(each.t for each in probe_answers)
    assert len({each.data["since_ns"] for each in probe_answers}) == 2  # before and after the switchover


def test_without_a_heartbeat_the_migration_does_not_wait_and_unknown_figures_have_a_reason(
    lab: Lab, tmp_path: Path
) -> None:
    if "running" not in states(lab).values():
        result_of(lab, "boot")
    result_of(lab, "stop")
    source = lab.machine("source")
    source.run(
        ["ssh", GUEST.name, "kill $(pidof heartbeat); rm -rf .cache/vmlm; while pidof heartbeat; do sleep 0.1; done"]
    )
    summary, records = ended(result_of(lab, "migrate", str(tmp_path), PRE_COPY))
    assert summary["workload"]["name"] == "idle"
    assert not events(records, record.GUEST)  # no workload runs, so there is no rate
    observed = ObservedDowntime.of(summary["felt"])
    assert observed.network_ms is not None or observed.network_why
    assert observed.guest_ms is not None or observed.guest_why
