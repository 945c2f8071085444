"""After a real move: what is left of the VM, its announcement on the wire, its clock, and no host that waits for it."""

import asyncio
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.lab_backend import LIMIT_S, LabBackend, bring_home, end_of, seen
from tui.core.failure import Failure
from tui.core.plan import POST_COPY_MANUAL, PRE_COPY, Plan
from tui.core.protocols import BY_MONITOR
from tui.hosts.backend.reading import HostReading
from tui.lab.inventory import GUEST
from tui.lab.lab import Lab
from tui.linux.sudo import Sudo
from tui.migration.backend.after.after_move import AfterMove
from tui.migration.model.timeline import COMPLETED, PASS, POST_COPY, Timeline
from tui.vm.backend.vms import Vms
from tui.vm.model.domain import Domain
from tui.vm.model.xml_tree import tree_of

VM = GUEST.name
SLOW_MIB_S = 10
NOTE = "http://example.org/note"

# Is ready once the announcements of the migration itself have ended: two seconds without a packet of the protocol RARP.
# Then prints the source address of the next one.
SNIFF = """
import socket, time
packets = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
packets.settimeout(0.2)
def announced():
    try:
        packet = packets.recv(2048)
    except TimeoutError:
        return ""
    return packet[6:12].hex(":") if packet[12:14] == b"\\x80\\x35" else ""
quiet = time.monotonic()
while time.monotonic() - quiet < 2:
    if announced():
        quiet = time.monotonic()
print("ready", flush=True)
while not (address := announced()):
    pass
print(address, flush=True)
"""


@pytest.fixture
def backend(lab: Lab, tmp_path: Path) -> Iterator[LabBackend]:
    backend = LabBackend(lab, tmp_path)
    bring_home(backend)
    yield backend
    bring_home(backend)
    backend.virsh("source", "autostart", "--disable", VM)


async def moved(backend: LabBackend, plan: Plan) -> Timeline:
    timeline = await end_of(await backend.migrations.start(plan))
    assert timeline.phase == COMPLETED, dict(timeline.error)
    return timeline


def definition(backend: LabBackend, host: str) -> str:
    """As it will start next; libvirt orders the controllers of a definition that has moved, so devices are sorted."""
    root = tree_of(backend.virsh(host, "dumpxml", "--inactive", "--security-info", VM), VM)
    devices = root.find("devices")
    assert devices is not None
    devices[:] = sorted(devices, key=ET.tostring)
    ET.indent(root)
    return ET.canonicalize(ET.tostring(root), strip_text=True)


async def test_there_and_back_leaves_the_vm_as_it_was(backend: LabBackend) -> None:
    backend.virsh("source", "autostart", VM)
    words = ["metadata", VM, "--config", "--live", "--uri", NOTE, "--key", "n", "--set", "<note>kept</note>"]
    backend.virsh("source", *words)
    before = definition(backend, "source")
    assert "kept" in before

    there = await moved(backend, Plan(VM, PRE_COPY))
    assert there.autostart == {"host": "destination"}
    assert definition(backend, "destination") == before
    assert backend.virsh("destination", "list", "--all", "--autostart", "--name").split() == [VM]

    back = await moved(backend, Plan(VM, PRE_COPY))
    assert back.autostart == {"host": "source"}
    assert definition(backend, "source") == before
    assert backend.virsh("source", "list", "--all", "--autostart", "--name").split() == [VM]
    assert backend.virsh("destination", "list", "--all", "--autostart", "--name").split() == []
    assert backend.virsh("source", "snapshot-list", VM, "--name").split() == []
    assert backend.states() == {"source": "running", "destination": ""}
    backend.virsh("source", "metadata", VM, "--config", "--live", "--uri", NOTE, "--remove")


async def test_the_vm_is_announced_on_the_wire_and_libvirt_has_it_as_tainted(backend: LabBackend) -> None:
    await moved(backend, Plan(VM, PRE_COPY))
    after_move = AfterMove(backend.connections)
    how = await after_move.announcing(VM)
    assert (how.host, how.by, how.why_not) == ("destination", BY_MONITOR, "")
    argv = backend.lab.machine("destination").argv(["python3", "-c", SNIFF])
    sniffing = await asyncio.create_subprocess_exec(*argv, stdout=asyncio.subprocess.PIPE)
    try:
        assert sniffing.stdout is not None
        assert await asyncio.wait_for(sniffing.stdout.readline(), LIMIT_S) == b"ready\n"
        await after_move.announce(how)
        address = (await asyncio.wait_for(sniffing.stdout.readline(), LIMIT_S)).decode().strip()
    except BaseException:
        sniffing.kill()
        raise
    finally:
        await sniffing.wait()
    assert address
    assert address in definition(backend, "destination")
    assert "tainted: custom monitor control commands issued" in backend.virsh("destination", "dominfo", VM)


async def test_the_guests_clock_is_compared_and_set_through_its_agent(backend: LabBackend) -> None:
    await moved(backend, Plan(VM, PRE_COPY))
    after_move = AfterMove(backend.connections)
    backend.guest("date -s @$(($(date +%s) - 90))")
    behind = await after_move.clock(VM)
    assert (behind.host, behind.agrees) == ("destination", False)
    assert -95_000 < behind.ahead_ms < -80_000
    done = await after_move.set_clock(VM)
    assert abs(done.after.ahead_ms) < abs(done.before.ahead_ms) / 2, done


async def runs_on(backend: LabBackend, host: str) -> None:
    while (vm := await backend.connections.query(host, lambda each: each.vm(VM))) is None or not vm.running:
        pass


@pytest.mark.parametrize(
    ("plan", "phase", "sentence"),
    [
        (Plan(VM, PRE_COPY, bandwidth_mib_s=SLOW_MIB_S), PASS, "running on source, arriving on destination"),
        (
            Plan(VM, POST_COPY_MANUAL, bandwidth_mib_s=SLOW_MIB_S, postcopy_bandwidth_mib_s=SLOW_MIB_S),
            POST_COPY,
            "running (post-copy) on destination, arriving from source",
        ),
    ],
    ids=["pre-copy", "post-copy"],
)
async def test_no_host_waits_for_a_vm_that_arrives(backend: LabBackend, plan: Plan, phase: str, sentence: str) -> None:
    """All of it is answered while the migration is still under way."""
    migration = await backend.migrations.start(plan)
    await seen(migration, lambda timeline: timeline.iteration > 0)
    if phase == POST_COPY:
        migration.controls.send("post-copy")
        await seen(migration, lambda timeline: timeline.phase == POST_COPY)
        await runs_on(backend, "destination")
    sudo = Sudo(backend.connections.shell)
    listing, reading = await asyncio.gather(
        Vms(backend.connections, sudo).listing(),
        HostReading(backend.connections, sudo).libvirt("destination"),
    )
    assert not migration.timeline.over
    assert not any(isinstance(each, Failure) for each in listing.answers.values())
    where = listing.where(VM)
    assert (where.arrival, where.sentence) == ("arriving from source", sentence)
    assert isinstance(listing.domain(VM), Domain)
    assert [each.name for each in reading.vms] == [VM]
    assert migration.timeline.phase == phase
    timeline = await end_of(migration)
    assert timeline.phase == COMPLETED, dict(timeline.error)
