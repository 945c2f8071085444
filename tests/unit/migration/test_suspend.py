"""The suspension of the VM after a timeout, so that its migration ends: as `virsh migrate --timeout-suspend`."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.fakes import Stage, recording
from tests.unit.migration.forecast_inputs import INPUTS
from tests.unit.migration.watched import Watched, begin, iteration
from tui.core.failure import Failure
from tui.core.plan import SUSPEND_TIMEOUT, Plan, refuse
from tui.core.protocols import LIFECYCLE
from tui.forecast.model.forecast import PRE_COPY, after_timeout, forecast
from tui.forecast.model.steered import techniques_of
from tui.migration.model.record import Record, Sample
from tui.migration.model.timeline import COMPLETED, PASS
from tui.migration.model.verdict import sentence

pytestmark = pytest.mark.usefixtures("no_thread_raises")


async def suspended(tmp_path: Path, *refusals: Failure) -> Watched:
    """A migration in its first pass, whose timeout has passed."""
    stage = Stage(recording("pre-copy-idle"))
    stage.standing = True
    stage.refusals["suspend"] += refusals
    watched = begin(stage, tmp_path, Plan(stage.vm.name, SUSPEND_TIMEOUT, timeout_s=0.05))
    await watched.until(lambda: "migrate" in stage.calls)
    stage.play(in_pass)
    await watched.until(lambda: "suspend" in stage.calls)
    return watched


def stop(stage: Stage) -> None:
    """The daemon has suspended the VM."""
    stage.job = replace(stage.job, state="paused (migrating)")
    stage.emit(stage.origin, LIFECYCLE, event="suspended", detail="migrated")


def in_pass(each: Record) -> bool:
    return isinstance(each, Sample) and each.number("memory_iteration") > 0


async def test_the_timeout_suspends_the_vm_once_and_its_passes_go_on(tmp_path: Path) -> None:
    watched = await suspended(tmp_path)
    stage, timeline = watched.stage, watched.migration.timeline
    await watched.until(lambda: watched.actions("suspend"))
    stop(stage)
    await watched.until(lambda: timeline.suspended)
    await watched.until(lambda: any(mark.sign == "S" for mark in timeline.marks))
    assert timeline.phase == PASS
    assert [mark.text for mark in timeline.marks if mark.sign == "S"] == ["suspended"]
    text = sentence(timeline, watched.migration.elapsed()).text
    assert text.startswith("The VM is suspended since the timeout, and continues on destination once the rest is there")
    stage.standing = False
    await watched.ended()
    assert timeline.phase == COMPLETED
    assert stage.calls.count("suspend") == 1
    assert "start_post_copy" not in stage.calls
    assert watched.summary["options"]["technique"] == SUSPEND_TIMEOUT


async def test_before_the_first_pass_it_waits(tmp_path: Path) -> None:
    stage = Stage(recording("pre-copy-idle"))
    stage.standing = True
    watched = begin(stage, tmp_path, Plan(stage.vm.name, SUSPEND_TIMEOUT, timeout_s=0.01))
    await watched.until(lambda: watched.migration._steering.timeout_at is None and watched.migration.elapsed() > 0.1)
    assert "suspend" not in stage.calls
    stage.play(iteration(1))
    await watched.until(lambda: "suspend" in stage.calls)
    stage.standing = False
    await watched.ended()


async def test_one_that_libvirt_refuses_is_an_error_and_the_switchover_is_no_suspension(tmp_path: Path) -> None:
    watched = await suspended(tmp_path, Failure("guest1 could not be suspended", "it is locked"))
    await watched.until(watched.errors)
    assert not watched.migration.timeline.suspend_sent
    watched.stage.standing = False
    await watched.ended()
    assert [mark.text for mark in watched.migration.timeline.marks if mark.sign == "S"] == ["switchover"]


def test_its_forecast_always_ends_and_has_the_pause_that_the_rest_takes() -> None:
    given = replace(INPUTS, timeout_s=8.0, suspended=True, post_copy_refused="QEMU may not use userfaultfd")
    assert not forecast(PRE_COPY, given).converges
    found = after_timeout(given, 8.0)
    assert found.technique == "suspended after 8 s"
    assert found.converges
    rest_s = found.total_s.likely - 8.0
    assert rest_s > 1
    assert found.downtime_s.likely == pytest.approx(rest_s)
    assert found in techniques_of(given)


def test_its_timeout_must_be_above_0_s() -> None:
    failure = refuse(Plan("x", SUSPEND_TIMEOUT, timeout_s=0.0), (10, 0, 0))
    assert failure is not None
    assert str(failure) == "The timeout for the suspension must be above 0 s. Choose one such as 25 s."
