"""The rate at which the workload in a guest writes memory, for the forecast of a migration."""

import pytest

from tests.fake_hosts import FakeHosts
from tui.app.wiring import forecaster_of, launch_of
from tui.core.quantity import MIB

LINES = "".join(
    f"line seconds={second}.000 state=dirtying threads=2 working_set_mib=300 mib_per_s={rate} dirtied_mib=9.5\n"
    for second, rate in enumerate((812.0, 30.5, 29.0, 30.0, 31.0))
)


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        (f"name memory\n{LINES}", 30.0 * MIB),  # the median of those before the newest; the first one may be cut
        (f"name memory\n{LINES.splitlines()[0]}\n", None),  # it has just begun
        (f"name stress\n{LINES}", None),  # what its rate counts is unknown
        ("", None),
    ],
)
async def test_only_our_memory_workload_reports_what_it_writes(output: str, expected: float | None) -> None:
    world = FakeHosts()
    world.guest.answers = {"tail -c 4000 log": output}
    launch = launch_of(world.connections, world.changes.sudo)
    assert await launch.workloads.written_per_s("guest1") == expected
    assert await forecaster_of(world.connections, launch)._rate("guest1") == expected
