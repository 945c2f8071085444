"""The workload that a client knows, for a run that begins while the guest does not reply."""

from dataclasses import asdict
from typing import Any

import pytest

from tests.unit.migration.runners import BY_HAND, Make, passes
from tests.unit.migration.stages import PARAMETERS, stage_of
from tui.core.failure import Failure
from tui.core.plan import UNKNOWN
from tui.guest.model.workload import Workload
from tui.migration.backend.messages import FIND, START


async def silent(_vm: str, known: Workload | None) -> Workload:
    """The runner's own look at a guest that does not reply."""
    return known or Workload(UNKNOWN)


async def test_a_run_is_named_after_the_workload_that_the_client_saw_last(make: Make) -> None:
    runner = make(stage_of("post-copy-by-hand"))
    runner.workload = silent
    await runner.start()
    client = runner.client(known={"guest1": Workload("memory", PARAMETERS)}.get)
    migration = await client.start(BY_HAND)
    await passes(migration)
    assert "-guest1-memory-" in migration.folder.name
    assert migration.timeline.options["workload_parameters"] == PARAMETERS


async def test_a_client_that_knows_no_workload_starts_a_run_of_an_unknown_one(make: Make) -> None:
    runner = make(stage_of("post-copy-by-hand"))
    runner.workload = silent
    await runner.start()
    assert "-guest1-unknown-" in (await runner.client().start(BY_HAND)).folder.name


async def test_no_migration_is_requested_while_the_client_starts_a_workload(make: Make) -> None:
    def starting(_vm: str) -> Workload:
        raise Failure("The workload memory is still starting")

    runner = make(stage_of("post-copy-by-hand"))
    await runner.start()
    client = runner.client(known=starting)
    with pytest.raises(Failure, match="memory is still starting"):
        await client.start(BY_HAND)
    assert await client._client.call(FIND) == []


@pytest.mark.parametrize(
    "wrong", ["memory", {"name": 1, "parameters": {}}, {"name": "memory"}, {"name": "memory", "parameters": {"a": []}}]
)
async def test_a_malformed_workload_is_refused(make: Make, wrong: Any) -> None:
    runner = make(stage_of("post-copy-by-hand"))
    await runner.start()
    client = runner.client()
    with pytest.raises(Failure, match="A Workload of the runner's protocol is malformed"):
        await client._client.call(START, plan=asdict(BY_HAND), workload=wrong)
