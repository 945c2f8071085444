"""Options of virsh in real migrations: what QEMU and libvirt were told, and what is left on both hosts."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.lab.conftest import NAME
from tests.lab.lab_backend import LabBackend, bring_home, end_of
from tui.core.plan import AUTOMATIC, PRE_COPY, Plan
from tui.lab.lab import Lab
from tui.migration.backend.before.preflight import Refused
from tui.migration.model.timeline import COMPLETED

VM = "guest1"
RENAMED = "guest1-moved"
LOG = f"/tmp/libvirt-options-{NAME}.log"  # of this lab: its hosts share /tmp with the machine


@pytest.fixture
def backend(lab: Lab, tmp_path: Path) -> Iterator[LabBackend]:
    """A guest on the source, and a daemon there that logs what it sends to QEMU."""
    backend = LabBackend(lab, tmp_path / "runs")
    bring_home(backend)
    admin = ["virt-admin", "-c", "libvirtd:///system"]
    machine = lab.machine("source")
    machine.run([*admin, "daemon-log-outputs", f"1:file:{LOG}"])
    machine.run([*admin, "daemon-log-filters", "1:qemu.qemu_monitor 1:qemu.qemu_migration 4:*"])
    machine.run(["truncate", "-s", "0", LOG])
    yield backend
    machine.run([*admin, "daemon-log-filters", "4:*"])


def logged(backend: LabBackend) -> str:
    return backend.lab.machine("source").run(["cat", LOG])


async def moved(backend: LabBackend, plan: Plan) -> Any:
    """The timeline of a migration that has to succeed."""
    migration = await backend.migrations.start(plan)
    timeline = await end_of(migration)
    assert timeline.phase == COMPLETED, dict(timeline.error)
    return timeline


# Each option, and what has to be in the log of the source's daemon: QEMU's own names, or libvirt's.
SEEN: list[tuple[dict[str, Any], list[str]]] = [
    (
        {"comp_methods": "xbzrle", "comp_xbzrle_cache_bytes": 32 << 20},
        [r'"capability":"xbzrle","state":true', r'"xbzrle-cache-size":33554432'],
    ),
    (
        {"comp_methods": "zstd", "comp_zstd_level": 5, "parallel": 2},
        [r'"capability":"multifd","state":true', r'"multifd-compression":"zstd"', r'"multifd-zstd-level":5'],
    ),
    (
        {"comp_methods": "zlib", "comp_zlib_level": 0, "parallel": 3},
        [r'"multifd-channels":3', r'"multifd-compression":"zlib"', r'"multifd-zlib-level":0'],
    ),
    (
        {"auto_converge": True, "auto_converge_initial": 31, "auto_converge_increment": 17},
        [r'"cpu-throttle-initial":31', r'"cpu-throttle-increment":17'],
    ),
    (
        {"technique": AUTOMATIC, "postcopy_bandwidth_mib_s": 123},
        [r'"max-postcopy-bandwidth":128974848'],
    ),
    ({"available_switchover_bandwidth_mib_s": 77}, [r'"avail-switchover-bandwidth":80740352']),
    ({"migrateuri": "tcp://10.77.0.2:49170", "listen_address": "10.77.0.2"}, [r"tcp://10\.77\.0\.2:49170"]),
    ({"tunnelled": True}, [r'"uri":"fd:|"type":"fd"']),
    ({"abort_on_error": True, "change_protection": True}, [rf"flags=0x{1 << 12 | 1 << 8 | 0x1B:x}"]),
]


@pytest.mark.parametrize(("given", "expected"), SEEN, ids=[",".join(given) for given, _ in SEEN])
async def test_an_option_is_in_effect(backend: LabBackend, given: dict[str, Any], expected: list[str]) -> None:
    plan = replace(Plan(VM, PRE_COPY), **given)
    timeline = await moved(backend, plan)
    text = logged(backend)
    assert [each for each in expected if not re.search(each, text)] == []
    if plan.comp_xbzrle_cache_bytes:
        assert timeline.final["compression_cache"] == plan.comp_xbzrle_cache_bytes


async def test_a_vm_arrives_paused_under_another_name_and_leaves_its_definition(backend: LabBackend) -> None:
    plan = Plan(VM, PRE_COPY, dname=RENAMED, persistent=False, undefinesource=False, suspend=True)
    timeline = await moved(backend, plan)
    sentence = f"{VM} is paused (by a user) on destination as {RENAMED}; source keeps its definition, shut off."
    assert timeline.verified == (True, sentence)
    there = backend.virsh("destination", "dominfo", RENAMED)
    assert re.search(r"State: +paused", there)
    assert re.search(r"Persistent: +no", there)
    assert re.search(r"State: +shut off", backend.virsh("source", "dominfo", VM))

    backend.virsh("destination", "resume", RENAMED)
    back = await moved(backend, Plan(RENAMED, PRE_COPY, dname=VM))
    assert back.verified == (True, f"{RENAMED} runs on source as {VM} and is gone from destination.")
    assert backend.states() == {"source": "running", "destination": ""}
    assert re.search(r"Persistent: +yes", backend.virsh("source", "dominfo", VM))


async def test_what_these_hosts_refuse_is_known_before_the_start(backend: LabBackend) -> None:
    with pytest.raises(Refused) as refused:
        await backend.migrations.start(Plan(VM, PRE_COPY, comp_methods="mt"))
    assert "QEMU has no compression by mt since 9.1" in str(refused.value)
    assert backend.states() == {"source": "running", "destination": ""}
