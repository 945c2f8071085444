"""The hosts' list on real machines: what a bare Debian lacks is made, kept over a restart, and undone to the byte."""

from pathlib import Path

import pytest

from tests.nfs.machines import Machines
from tests.nfs.room import bad, hosts_list, say
from tui.model.failure import Failure

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
    async with hosts_list(bare, tmp_path / "changes.jsonl") as steps:
        await steps.look_once()
        assert traces(bare) == before  # a look changes nothing
        found = bad(steps)
        assert {*WAY_THERE, "source.peer"} <= found.keys()
        silent = "failed: at 10.77.49.3 49152-49215: no answer, as where a firewall drops what comes in"
        assert found["destination.ports"] == silent
        assert "source.ports" not in found  # no firewall is active there
        for id in WAY_THERE:
            await steps.apply(id, say)
        assert not set(WAY_THERE) & bad(steps).keys()
        with pytest.raises(Failure, match="there is nothing to do"):
            await steps.apply(WAY_THERE[0], say)
    bare.destination.reboot()
    async with hosts_list(bare, tmp_path / "changes.jsonl") as steps:  # the app, too, was started anew
        await steps.look_once()
        assert not set(WAY_THERE) & bad(steps).keys()
        await steps.undo_all(say)
    assert traces(bare) == before


async def test_without_the_password_of_sudo_the_list_says_what_it_could_not_look_at(
    bare: Machines, tmp_path: Path
) -> None:
    async with hosts_list(bare, tmp_path / "changes.jsonl", "op") as steps:
        await steps.look_once()
        found = bad(steps)
        assert found["destination.root"].startswith("failed: sudo on destination wants a password")
        assert found["source.key"].startswith("unknown: sudo on source wants a password")
        assert "destination.login" not in found
        for machine in bare:
            steps.root.give_password(machine.name, "op-secret")
        await steps.look_once()
        found = bad(steps)
        assert "destination.root" not in found
        assert found["source.key"] == "failed: none"
