"""The rate of the workload as a migration records it."""

import asyncio
from pathlib import Path

import pytest

from tests.unit.migration.test_run_log import open_log
from tests.unit.until import until
from tui.core.failure import Failure
from tui.guest.model.rate import NewestOutput
from tui.migration.backend.guest import rate as guest_rate
from tui.migration.backend.guest.rate import GuestRate
from tui.migration.backend.recording.recorder import Recorder
from tui.migration.model import record
from tui.migration.model.record import Event


class WritingGuest:
    """A guest whose workload has run for some seconds, and writes a line before each reply."""

    def __init__(self, ran_s: int) -> None:
        self._seconds = ran_s

    async def newest_output(self) -> NewestOutput:
        self._seconds += 1
        lines = (f"seconds={second}.0 rows_per_s={100 * second}" for second in range(1, self._seconds + 1))
        return NewestOutput("rows", tuple(lines))


class LeavingGuest(WritingGuest):
    """A guest that is reached by the name of its VM until that gets another one."""

    async def newest_output(self) -> NewestOutput:
        if self._seconds >= 3:
            raise Failure("guest1 cannot be found", "neither host has it")
        return await super().newest_output()


async def test_the_guest_of_a_renamed_vm_is_reached_by_its_new_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(guest_rate, "READ_EVERY_S", 0.01)
    before, later = LeavingGuest(0), iter([Failure("the address is unknown"), WritingGuest(10)])

    def open_later() -> WritingGuest:
        found = next(later)
        if isinstance(found, Failure):
            raise found
        return found

    ways = (lambda: before, open_later)
    async with open_log(Recorder.create(tmp_path, "run")) as (run_log, reader):
        following = asyncio.ensure_future(GuestRate(run_log).follow(*ways))  # type: ignore[arg-type]

        def rates() -> list[float]:
            events = (each for each in map(record.from_line, reader.lines) if isinstance(each, Event))
            return [each.data["rate"] for each in events if "rate" in each.data]

        await until(lambda: len(rates()) >= 5)
        following.cancel()
        assert rates()[:2] == [200, 300]
        assert max(rates()) >= 1100


@pytest.mark.parametrize(("ran_s", "before"), [(30, 2650.0), (0, None)])
async def test_the_first_rate_comes_with_the_rate_before_the_start_if_the_workload_ran_then(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, ran_s: int, before: float | None
) -> None:
    monkeypatch.setattr(guest_rate, "READ_EVERY_S", 0.01)
    async with open_log(Recorder.create(tmp_path, "run")) as (run_log, reader):
        following = asyncio.ensure_future(GuestRate(run_log).follow(lambda: WritingGuest(ran_s)))  # type: ignore[arg-type, return-value]

        def found() -> list[Event]:
            records = map(record.from_line, reader.lines)
            return [each for each in records if isinstance(each, Event) and each.kind == record.GUEST]

        await until(lambda: len(found()) >= 2)
        following.cancel()
        assert found()[0].data.get("before") == before
        assert "before" not in found()[1].data
