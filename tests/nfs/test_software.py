"""libvirt and QEMU put on a machine that has neither, asked by the app as soon as they are there, and taken away."""

from pathlib import Path

import pytest

from tests.nfs.machine import Machine
from tests.nfs.machines import Machines
from tests.nfs.room import hosts_room
from tui.core.failure import Failure

LINES = ("packages", "daemon", "libvirt")


def left_behind(machine: Machine) -> dict[str, str]:
    """Traces, without what passwd's tools keep of the version before."""
    backups = tuple(f"/etc/{name}-" for name in ("passwd", "shadow", "group", "gshadow"))
    return {name: what for name, what in machine.files().items() if not name.endswith(backups)}


async def test_a_machine_with_nothing_comes_to_a_libvirt_that_answers_and_is_bare_again(
    bare: Machines, tmp_path: Path
) -> None:
    machine = bare.destination
    machine.ssh("sh", "-ec", "userdel libvirt-qemu; groupdel libvirt-qemu; echo kept > /var/lib/libvirt/mine")
    before = left_behind(machine)
    async with hosts_room(bare, tmp_path / "changes.jsonl", real="destination") as app:
        await app.look()
        found = app.bad()
        assert found["destination.packages"] == "failed: not installed: libvirt's daemon, QEMU (qemu-system-x86_64)"
        assert {f"destination.{line}" for line in LINES} <= found.keys()

        await app.apply("destination.packages")
        await app.look_until_good(*(f"destination.{line}" for line in LINES))
        assert app.items["destination.daemon"].finding.found == "libvirtd.socket is active and starts at boot"  # type: ignore[union-attr]
        assert app.items["destination.libvirt"].finding.found.startswith("libvirt 9.0.0, QEMU 7.2.")  # type: ignore[union-attr]

        machine.ssh("sh", "-c", "echo '<domain/>' > /etc/libvirt/qemu/vm1.xml")
        with pytest.raises(Failure, match="vm1 is a VM of this host: libvirt and QEMU stay"):
            await app.undo_all()
        machine.ssh("rm", "/etc/libvirt/qemu/vm1.xml")
        await app.undo_all()
        assert app.bad()["destination.packages"].startswith("failed: not installed")
    assert left_behind(machine) == before
