"""The Hosts list on real machines: it fixes what a bare Debian lacks; a restart keeps that, the undo reverts it."""

import re
from pathlib import Path

import pytest

from tests.nfs.machines import Machines
from tests.nfs.room import hosts_room
from tests.nfs.traces import differences
from tui.core.failure import Failure

# The lab tests cover the opposite direction, because each reading of the emulated machines takes ten seconds and more.
WAY_THERE = (
    "source.key",
    "source.known_hosts",
    "destination.authorized_keys",
    "destination.ports",
    "destination.userfaultfd",
)
# The other things that this list changes.
OWN = (
    "cd /root && find .ssh -type f -exec sha256sum {} + -exec stat -c '%n %a %U' {} + | sort;"
    "sysctl vm.unprivileged_userfaultfd; ufw status"
)


def traces(machines: Machines) -> dict[str, dict[str, str]]:
    """The traces of setup and undo, by machine."""
    found = machines.files()
    return {machine.name: found[machine.name] | {"own": machine.ssh("sh", "-c", OWN)} for machine in machines}


async def test_fixes_of_bare_machines_survive_a_restart_and_can_be_undone(bare: Machines, tmp_path: Path) -> None:
    bare.destination.ssh("ufw", "allow", "ssh")
    bare.destination.ssh("ufw", "--force", "enable")
    before = traces(bare)
    async with hosts_room(bare, tmp_path / "changes.jsonl") as app:
        await app.look()
        assert differences(before, traces(bare)) == ""  # reading changes nothing
        found = app.bad()
        assert {*WAY_THERE, "source.peer"} <= found.keys()
        # Connections of the destination itself may use a port of the range meanwhile: it is listed as in use.
        assert re.match("failed: at 10.77.49.3 49152-.*: no reply; a firewall may drop", found["destination.ports"])
        assert "source.ports" not in found  # no firewall is active there
        for id in WAY_THERE:
            await app.apply(id)
        assert not set(WAY_THERE) & app.bad().keys()
        with pytest.raises(Failure, match="there is nothing to fix"):
            await app.apply(WAY_THERE[0])
    bare.destination.reboot()
    async with hosts_room(bare, tmp_path / "changes.jsonl") as app:  # a new session of the app
        await app.look()
        assert not set(WAY_THERE) & app.bad().keys()
        await app.undo_all()
    assert differences(before, traces(bare)) == ""


async def test_without_the_password_for_sudo_the_list_reports_what_it_could_not_read(
    bare: Machines, tmp_path: Path
) -> None:
    async with hosts_room(bare, tmp_path / "changes.jsonl", user="op") as app:
        await app.look()
        found = app.bad()
        assert found["destination.root"].startswith("failed: sudo on destination requires a password")
        assert found["source.key"].startswith("unknown: sudo on source requires a password")
        assert "destination.login" not in found
        for machine in bare:
            app.checklist.sudo.give_password(machine.name, "op-secret")
        await app.look()
        found = app.bad()
        assert "destination.root" not in found
        assert found["source.key"] == "failed: root has no key"
