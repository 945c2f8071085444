"""Which migrations a process records."""

from pathlib import Path

from tests.unit.migration.stages import app, end_of, stage_of
from tui.core.plan import Plan
from tui.migration.backend.recorded import Recorded

KEY, URIS = ("uuid of the VM", "uuid of the host"), {"source": "test:///source"}


async def test_a_migration_that_is_over_is_not_taken_for_the_next_one_of_the_vm(tmp_path: Path) -> None:
    recorded, earlier = Recorded(), await app(stage_of(waits_for_keys=False), tmp_path).start(Plan("guest1"))
    recorded.add(KEY, earlier, URIS)
    assert recorded.find(KEY, URIS) is earlier
    await end_of(earlier)
    with recorded.claimed(KEY) as first, recorded.claimed(KEY) as second:  # two owners find the next one at once
        assert (first, second) == (True, False)
        assert recorded.find(KEY, URIS) is None
