"""The app installs libvirt and QEMU on a machine that has neither, connects to them, and removes them."""

from pathlib import Path

import pytest

from tests.nfs.machines import Machines
from tests.nfs.room import hosts_room
from tests.nfs.traces import differences
from tui.core.failure import Failure

LINES = ("packages", "daemon", "libvirt")


async def test_a_bare_machine_has_a_reachable_libvirt_until_the_undo_makes_it_bare_again(
    bare: Machines, tmp_path: Path
) -> None:
    machine = bare.destination
    machine.ssh("sh", "-ec", "userdel libvirt-qemu; groupdel libvirt-qemu; echo kept > /var/lib/libvirt/mine")
    before = bare.files()
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
    assert differences(before, bare.files()) == ""
