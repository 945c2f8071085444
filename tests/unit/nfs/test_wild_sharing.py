"""Folders that hosts share in other ways than NFS, and exports by netgroup, wildcard and network."""

from dataclasses import replace

import pytest

from tests.unit.nfs.nfs_world import STEPS, but, found, mounted, world
from tui.checklist.model.check import FAILED, NOT_NEEDED, OK
from tui.core.settings import DESTINATION, SOURCE
from tui.nfs.model.checks.sharing import proof_why_not
from tui.nfs.model.facts import NfsFacts, QemuUser

# mountinfo of hosts with MooseFS, SSHFS, JuiceFS, Lustre, BeeGFS, and of VMs with a folder of their own host.
OTHERS = [
    ("fuse.mfs", "mfsmaster:9421"),
    ("fuse.sshfs", "root@192.0.2.3:/srv/images"),
    ("fuse.juicefs", "JuiceFS:images"),
    ("lustre", "192.0.2.3@tcp:/fs"),
    ("virtiofs", "images"),
]


def on(kind: str, source: str, there: str = "", version: tuple[int, ...] = (11, 3, 0)) -> NfsFacts:
    """Both hosts with this mount at the folder; `there` is another source on the destination."""
    facts = world()
    for role, each in ((SOURCE, source), (DESTINATION, there or source)):
        line = f"21 20 0:50 / /srv/images rw,relatime - {kind} {each} rw,user_id=0,group_id=0,allow_other"
        user = QemuUser("libvirt-qemu", 64055)
        facts = but(facts, role, mounts=mounted(line), libvirt_version=version, qemu=user)
    return facts


@pytest.mark.parametrize(("kind", "source"), OTHERS)
def test_a_shared_file_system_that_libvirt_does_not_know_is_declared_not_replaced(kind: str, source: str) -> None:
    facts = on(kind, source)
    finding = found(facts, "source.libvirt")
    assert (finding.state, finding.found) == (FAILED, f"/srv/images is on {kind}, which libvirt 11.3.0 takes for local")
    assert 'shared_filesystems = [ "/srv/images" ]' in finding.hint
    assert "unsafe" not in finding.hint
    for step in ("storage.package", "storage.exports", "source.mount"):
        assert found(facts, step).state == NOT_NEEDED
        assert f"both hosts mount {source} ({kind})" in found(facts, step).found
    assert proof_why_not(facts) == ""


def test_before_libvirt_10_8_the_hint_names_the_version_it_needs() -> None:
    hint = found(on("fuse.mfs", "mfsmaster:9421", version=(9, 0, 0)), "source.libvirt").hint
    assert hint.startswith("libvirt 10.8 or newer takes it for shared with shared_filesystems")


@pytest.mark.parametrize(("version", "state"), [((9, 0, 0), FAILED), ((9, 6, 0), OK), ((), OK)])
def test_beegfs_is_known_since_libvirt_9_6(version: tuple[int, ...], state: str) -> None:
    finding = found(on("beegfs", "beegfs_nodev", version=version), "source.libvirt")
    assert finding.state == state
    assert ("libvirt 9.6.0 or newer knows beegfs" in finding.hint) == (state == FAILED)


def test_two_hosts_with_another_source_do_not_share_the_folder() -> None:
    facts = on("fuse.sshfs", "root@192.0.2.3:/srv/images", "root@192.0.2.4:/srv/images")
    finding = found(facts, "source.mount")
    assert finding.state == FAILED
    assert "umount" not in finding.hint
    assert "mount the same source at this path on both" in finding.hint
    assert "not correctly mounted" in proof_why_not(facts)


@pytest.mark.parametrize("kind", ["ext4", "overlay", "tmpfs"])
def test_a_local_file_system_is_never_declared(kind: str) -> None:
    finding = found(on(kind, "disk"), "source.libvirt")
    assert (finding.state, "shared_filesystems" in finding.hint) == (FAILED, False)


def test_nothing_is_decided_before_the_second_host_is_read() -> None:
    facts = on("fuse.mfs", "mfsmaster:9421")
    one = replace(facts, hosts={role: host for role, host in facts.hosts.items() if role != DESTINATION})
    assert STEPS["storage.exports"].check(one) is None
