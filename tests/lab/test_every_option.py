"""The options of virsh in migrations of the lab, found in the call as the source's daemon logs it."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.lab.lab_backend import LabBackend, bring_home, end_of
from tests.lab.option_trials import REFUSED, RENAMED, SHARED, VM, Trial
from tests.lab.test_virsh import Log
from tui.core.plan import PRE_COPY, Plan
from tui.core.virsh_options import BY_NAME, Option, separated
from tui.migration.backend.before.preflight import Refused
from tui.migration.model.call.migrate_call import FLAGS
from tui.migration.model.timeline import COMPLETED

ADDRESSES = {"source": "10.77.0.1", "destination": "10.77.0.2"}


@pytest.fixture
def logs(lab_backend: LabBackend) -> Iterator[dict[str, Log]]:
    logs = {host: Log(lab_backend, host) for host in ADDRESSES}
    for log in logs.values():
        log.start()
    yield logs
    for log in logs.values():
        log.stop()


async def host_of(backend: LabBackend, vm: str) -> str:
    found = (await backend.migrations.vms()).origin(vm)
    assert found is not None
    return found.host


async def tried(backend: LabBackend, logs: dict[str, Log], trial: Trial, vm: str) -> None:
    """Migrate with the options of the trial, and find each in the call."""
    origin = await host_of(backend, vm)
    target = ADDRESSES["destination" if origin == "source" else "source"]
    file = backend.virsh(origin, "dumpxml", "--migratable", vm)
    given = trial.plan(target, file)
    logs[origin].clear()
    migration = await backend.migrations.start(Plan(vm, PRE_COPY, **given))
    timeline = await end_of(migration)
    assert timeline.phase == COMPLETED or not trial.completes, dict(timeline.error)
    call = logs[origin].calls()
    assert [name for name, value in given.items() if name in BY_NAME and not logged(BY_NAME[name], value, call)] == []


def logged(option: Option, value: Any, call: dict[str, Any]) -> bool:
    """Whether the call has the option, with its value; the log has the first line of a text."""
    if option.is_flag:
        return (FLAGS[int(option.libvirt)].constant in call["flags"]) is value
    text = call["parameters"].get(str(option.libvirt), "")
    values = separated(value) if option.is_list else (str(value).split("\n")[0],)
    return any(re.fullmatch(rf"\(\w+\){re.escape(each)}", text) for each in values)


async def test_each_option_is_part_of_the_call(lab_backend: LabBackend, logs: dict[str, Log]) -> None:
    for trial in SHARED:
        await tried(lab_backend, logs, trial, trial.vm)
        if trial.given.get("suspend"):
            lab_backend.virsh(await host_of(lab_backend, RENAMED), "resume", RENAMED)
    bring_home(lab_backend)
    assert re.search(r"Persistent: +yes", lab_backend.virsh("source", "dominfo", VM))


@pytest.mark.parametrize(("given", "sentence"), REFUSED, ids=["mt", "rdma"])
async def test_what_this_lab_cannot_do_is_refused_before_the_start(
    lab_backend: LabBackend, given: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(Refused, match=re.escape(sentence)):
        await lab_backend.migrations.start(Plan(VM, PRE_COPY, **given))
    assert lab_backend.states() == {"source": "running", "destination": ""}
