"""The forecast of a form, while its VM and its options change."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.unit.forecast.fake_forecaster import UNKNOWN, FakeForecaster, measured, progress
from tui.core.failure import Failure
from tui.core.plan import Plan
from tui.core.quantity import MIB
from tui.core.vm import Vm
from tui.forecast.backend.current import CurrentForecast, Subject

PLAN = Plan("guest1")
GUEST = Subject(Vm("guest1", "1", "running"), "source", "destination")
OTHER = Subject(Vm("other", "2", "running"), "destination", "source")


class Opened:
    """A forecast and its forecaster."""

    def __init__(self) -> None:
        self.forecaster = FakeForecaster()
        self.notes: list[str] = []
        self.forecast = CurrentForecast(self.forecaster)
        self._change = asyncio.Event()
        self.forecast.listen(self._note)
        self.forecaster.on_asked = self._change.set

    def _note(self) -> None:
        self.notes.append(self.forecast.note)
        self._change.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for a change after which the condition holds."""

        async def wait() -> None:
            while not condition():
                self._change.clear()
                await self._change.wait()

        await asyncio.wait_for(wait(), 30)

    async def measured(self, workload: int = 1000) -> None:
        self.forecast.measure(GUEST, PLAN)
        self.forecaster.give(measured(workload))
        await self.until(lambda: not self.forecast.measuring)


@pytest.fixture
def opened() -> Opened:
    return Opened()


async def test_each_window_makes_the_forecast_again(opened: Opened) -> None:
    opened.forecast.measure(GUEST, PLAN)
    opened.forecaster.give(progress(0.4), progress(3, measured(windows=2)))
    await opened.until(lambda: opened.forecast.inputs is not None)
    assert opened.forecast.inputs == measured(windows=2)
    assert opened.forecast.note == "Measuring how fast guest1 dirties memory: 3 of 15 s"
    opened.forecaster.give(progress(15, measured()), measured())
    await opened.until(lambda: not opened.forecast.measuring)
    assert (opened.forecast.inputs, opened.forecast.note) == (measured(), "")


async def test_other_options_do_not_measure_again(opened: Opened) -> None:
    await opened.measured()
    opened.forecast.replan(replace(PLAN, downtime_ms=3000, bandwidth_mib_s=50))
    assert opened.forecast.inputs is not None
    assert opened.forecast.inputs.max_downtime_s == 3.0
    assert opened.forecast.inputs.bandwidth.likely == 50 * MIB
    assert len(opened.forecaster.asked) == 1


async def test_options_that_change_during_the_measurement_hold_for_its_result(opened: Opened) -> None:
    opened.forecast.measure(GUEST, PLAN)
    await opened.until(lambda: len(opened.forecaster.asked) == 1)
    opened.forecast.replan(replace(PLAN, downtime_ms=900))
    opened.forecaster.give(measured())
    await opened.until(lambda: not opened.forecast.measuring)
    assert opened.forecast.inputs is not None
    assert opened.forecast.inputs.max_downtime_s == 0.9


async def test_the_same_vm_is_measured_once(opened: Opened) -> None:
    await opened.measured()
    opened.forecast.measure(GUEST, PLAN)
    assert len(opened.forecaster.asked) == 1


async def test_another_vm_is_measured_after_the_measurement_before_has_stopped(opened: Opened) -> None:
    opened.forecaster.interruptible.clear()
    opened.forecast.measure(GUEST, PLAN)
    await opened.until(lambda: len(opened.forecaster.asked) == 1)
    opened.forecast.measure(OTHER, PLAN)
    opened.forecast.measure(replace(OTHER, origin="source"), PLAN)
    await asyncio.sleep(0)
    assert opened.forecaster.asked == [("guest1", "source", "destination")]
    opened.forecaster.interruptible.set()
    await opened.until(lambda: len(opened.forecaster.asked) == 2)
    assert opened.forecaster.asked[-1] == ("other", "source", "source")
    assert opened.forecaster.stopped == ["guest1"]


async def test_what_a_stopped_measurement_still_finds_is_not_of_the_next_vm(opened: Opened) -> None:
    opened.forecast.measure(GUEST, PLAN)
    opened.forecaster.give(progress(1, measured(windows=1)))
    await opened.until(lambda: opened.forecast.inputs is not None)
    opened.forecast.measure(OTHER, PLAN)
    assert opened.forecast.inputs is None
    assert opened.forecast.note == "Measuring how fast other dirties memory ..."


async def test_a_skip_keeps_what_is_known(opened: Opened) -> None:
    opened.forecast.measure(GUEST, PLAN)
    opened.forecaster.give(progress(3, measured(windows=2)))
    await opened.until(lambda: opened.forecast.inputs is not None)
    opened.forecast.skip()
    assert opened.forecast.note == "guest1 was measured for 3 of 15 s."
    opened.forecast.replan(replace(PLAN, downtime_ms=900))
    assert opened.forecast.inputs == replace(measured(windows=2), max_downtime_s=0.9)


async def test_a_skip_before_the_first_window_leaves_no_forecast(opened: Opened) -> None:
    opened.forecast.measure(GUEST, PLAN)
    opened.forecast.skip()
    assert opened.forecast.note == "The measurement of guest1 was skipped: there is no forecast."
    assert opened.forecast.inputs is None


async def test_stop_waits_for_the_window_that_qemu_does_not_interrupt(opened: Opened) -> None:
    opened.forecaster.interruptible.clear()
    opened.forecast.measure(GUEST, PLAN)
    await opened.until(lambda: len(opened.forecaster.asked) == 1)
    stopping = asyncio.ensure_future(opened.forecast.stop())
    await asyncio.sleep(0)
    assert not stopping.done()
    opened.forecaster.interruptible.set()
    await stopping
    assert opened.forecaster.stopped == ["guest1"]


async def test_a_failure_after_some_windows_keeps_their_forecast(opened: Opened) -> None:
    opened.forecast.measure(GUEST, PLAN)
    opened.forecaster.give(progress(3, measured(windows=2)), Failure("The source cannot be reached", "it is off"))
    await opened.until(lambda: not opened.forecast.measuring)
    assert (opened.forecast.note, opened.forecast.failed) == ("The source cannot be reached: it is off.", True)
    assert opened.forecast.inputs == measured(windows=2)


async def test_an_unexpected_error_is_a_failure(opened: Opened) -> None:
    opened.forecast.measure(GUEST, PLAN)
    opened.forecaster.give(ZeroDivisionError("a fault"))
    await opened.until(lambda: not opened.forecast.measuring)
    assert "unexpected error: ZeroDivisionError('a fault')" in opened.forecast.note


async def test_an_unknown_bandwidth_is_probed_on_request(opened: Opened) -> None:
    opened.forecaster.link = None
    opened.forecast.measure(GUEST, PLAN)
    await opened.until(lambda: not opened.forecast.measuring)
    assert (opened.forecast.note, opened.forecast.bandwidth_unknown) == (str(UNKNOWN), True)
    assert opened.forecaster.probes == 0
    opened.forecast.probe()
    opened.forecaster.give(measured())
    await opened.until(lambda: not opened.forecast.measuring)
    assert "Probing the link from source to destination for one second ..." in opened.notes
    assert opened.forecast.inputs == replace(measured(), bandwidth_source="a probe of the link")
    assert not opened.forecast.bandwidth_unknown


async def test_a_probe_that_failed_can_be_repeated(opened: Opened) -> None:
    opened.forecaster.link, opened.forecaster.probe_failure = None, Failure("The port is closed")
    opened.forecast.measure(GUEST, PLAN)
    await opened.until(lambda: not opened.forecast.measuring)
    opened.forecast.probe()
    await opened.until(lambda: not opened.forecast.measuring)
    assert (opened.forecast.note, opened.forecast.bandwidth_unknown) == ("The port is closed.", True)
    opened.forecaster.probe_failure = None
    opened.forecast.probe()
    opened.forecaster.give(measured())
    await opened.until(lambda: opened.forecast.inputs is not None)


async def test_a_limit_is_a_bandwidth_and_its_end_needs_a_probe(opened: Opened) -> None:
    opened.forecaster.link = None
    opened.forecast.measure(GUEST, PLAN)
    await opened.until(lambda: not opened.forecast.measuring)
    opened.forecast.replan(replace(PLAN, downtime_ms=500))
    assert len(opened.forecaster.asked) == 1
    opened.forecast.replan(replace(PLAN, bandwidth_mib_s=50))
    opened.forecaster.give(measured())
    await opened.until(lambda: opened.forecast.inputs is not None)
    opened.forecast.replan(PLAN)
    assert (opened.forecast.inputs, opened.forecast.bandwidth_unknown) == (None, True)
    opened.forecast.probe()
    opened.forecaster.give(measured())
    await opened.until(lambda: opened.forecast.inputs is not None)


async def test_without_a_running_vm_there_is_a_reason_only(opened: Opened) -> None:
    await opened.measured()
    opened.forecast.none("guest1 is shut off.")
    assert (opened.forecast.inputs, opened.forecast.note) == (None, "guest1 is shut off.")
    opened.forecast.replan(replace(PLAN, downtime_ms=900))
    assert opened.forecast.inputs is None
