"""firewalld as Debian has it, in the way of NFS and of a migration: told, opened for the hosts alone, closed again."""

from pathlib import Path

from tests.nfs.machine import Machine
from tests.nfs.machines import Machines
from tests.nfs.room import hosts_room, nfs_room

ZONES = "firewall-cmd --list-all-zones; firewall-cmd --permanent --list-all-zones"


def zones(machine: Machine) -> str:
    return machine.ssh("sh", "-c", ZONES)


async def test_the_firewall_lets_both_hosts_reach_nfs_until_the_undo(firewalled: Machines, tmp_path: Path) -> None:
    storage = firewalled.storage
    for each in ("--add-port=2049/udp", "--add-source-port=2049/tcp"):  # which open nothing to NFS 4
        storage.ssh("firewall-cmd", each)
    before = zones(storage)
    async with nfs_room(firewalled, tmp_path / "changes.jsonl") as app:
        await app.look()
        closed = (
            "failed: source and destination can't reach tcp 2049: no rule in firewalld for 10.77.49.2 and 10.77.49.3"
        )
        assert app.bad()["storage.firewall"] == closed
        assert app.bad()["source.port"] == "failed: storage does not respond on tcp 2049"
        await app.apply("storage.firewall")
        found = app.items["storage.firewall"].finding
        assert found is not None
        assert found.found == "both hosts reach tcp 2049 through firewalld"
        assert {"storage.firewall", "source.port", "destination.port"}.isdisjoint(app.bad())
        assert 'source address="10.77.49.2" port port="2049" protocol="tcp" accept' in zones(storage)
        await app.undo_all()
        assert {"storage.firewall", "source.port", "destination.port"} <= app.bad().keys()
    assert zones(storage) == before


async def test_the_firewall_lets_the_source_reach_the_migration_ports_until_the_undo(
    firewalled: Machines, tmp_path: Path
) -> None:
    destination = firewalled.destination
    before = zones(destination)
    async with hosts_room(firewalled, tmp_path / "changes.jsonl") as app:
        await app.look()
        assert app.bad()["destination.ports"].startswith("failed: at 10.77.49.3 49152-")
        await app.apply("destination.ports")
        found = app.items["destination.ports"].finding
        assert found is not None
        assert found.found == "source reached 64 ports at 10.77.49.3"
        destination.ssh("firewall-cmd", "--reload")
        await app.look()
        assert "destination.ports" not in app.bad()
        await app.undo_all()
        assert "destination.ports" in app.bad()
    assert zones(destination) == before
