"""The hosts' list on real machines: what a bare Debian lacks is made, kept over a restart, and undone to the byte."""

from pathlib import Path

import pytest

from tests.nfs.machines import Machines
from tests.nfs.room import hosts_room
from tui.core.failure import Failure

# The way back is made in the lab as well; here each look at the emulated machines takes ten seconds and more.
WAY_THERE = (
    "source.key",
    "source.known_hosts",
    "destination.authorized_keys",
    "destination.ports",
    "destination.userfaultfd",
)
# What this list changes besides files of /etc.
OWN = (
    "cd /root && find .ssh -type f -exec sha256sum {} + -exec stat -c '%n %a %U' {} + | sort;"
    "sysctl vm.unprivileged_userfaultfd; ufw status"
)


def traces(machines: Machines) -> dict[str, dict[str, str]]:
    """All that setting up and undoing may leave behind, by machine."""
    return {machine.name: machine.files() | {"own": machine.ssh("sh", "-c", OWN)} for machine in machines}


async def test_what_bare_machines_lack_is_made_kept_over_a_restart_and_undone(bare: Machines, tmp_path: Path) -> None:
    bare.destination.ssh("ufw", "allow", "ssh")
    bare.destination.ssh("ufw", "--force", "enable")
    before = traces(bare)
    async with hosts_room(bare, tmp_path / "changes.jsonl") as app:
        await app.look()
        assert traces(bare) == before  # a look changes nothing
        found = app.bad()
        assert {*WAY_THERE, "source.peer"} <= found.keys()
        silent = "failed: at 10.77.49.3 49152-49215: no reply; a firewall may drop the packets"
        assert found["destination.ports"] == silent
        assert "source.ports" not in found  # no firewall is active there
        for id in WAY_THERE:
            await app.apply(id)
        assert not set(WAY_THERE) & app.bad().keys()
        with pytest.raises(Failure, match="there is nothing to do"):
            await app.apply(WAY_THERE[0])
    bare.destination.reboot()
    async with hosts_room(bare, tmp_path / "changes.jsonl") as app:  # the app, too, was started anew
        await app.look()
        assert not set(WAY_THERE) & app.bad().keys()
        await app.undo_all()
    assert traces(bare) == before


async def test_without_the_password_of_sudo_the_list_says_what_it_could_not_look_at(
    bare: Machines, tmp_path: Path
) -> None:
    async with hosts_room(bare, tmp_path / "changes.jsonl", user="op") as app:
        await app.look()
        found = app.bad()
        assert found["destination.root"].startswith("failed: sudo on destination wants a password")
        assert found["source.key"].startswith("unknown: sudo on source wants a password")
        assert "destination.login" not in found
        for machine in bare:
            app.checklist.sudo.give_password(machine.name, "op-secret")
        await app.look()
        found = app.bad()
        assert "destination.root" not in found
        assert found["source.key"] == "failed: root has no key"
