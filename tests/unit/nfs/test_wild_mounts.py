"""Mounts and lines of fstab as clients have them: automounts, NFS 3 without locks, VMs that start with the host."""

import subprocess
from pathlib import Path

import pytest

from tests.unit.nfs.nfs_world import NFS, STEPS, but, folder, found, mounted, planned, world
from tui.checklist.model.check import FAILED, OK, WARNING
from tui.core.settings import SOURCE, STORAGE
from tui.linux.folder import HUNG, SCRIPT
from tui.nfs.model.facts import NfsFacts
from tui.nfs.model.script import CLIENT_SCRIPT

# mountinfo of Debian 12: an automount of systemd before and after its first use, and one of autofs(5) with a map.
SYSTEMD = "30 20 0:40 / /srv/images rw,relatime shared:9 - autofs systemd-1 rw,fd=48,pgrp=1,timeout=0,direct"
AUTOFS = "30 20 0:40 / /srv rw,relatime shared:9 - autofs /etc/auto.srv rw,fd=5,pgrp=9,timeout=300,indirect"
ON_TOP = NFS.format("rw").replace("21 20 ", "31 30 ")
FSTAB = "192.0.2.3:/srv/images /srv/images nfs noauto,x-systemd.automount,_netdev 0 0\n"
OTHER = "192.0.2.3:/home /home nfs noauto,x-systemd.automount 0 0\n"


def client(*lines: str, fstab: str = FSTAB, **changed: object) -> NfsFacts:
    return but(world(), SOURCE, mounts=mounted(*lines), fstab=fstab, **changed)


@pytest.mark.parametrize("options", ["noauto,x-systemd.automount", "x-systemd.automount", "comment=systemd.automount"])
def test_a_folder_that_systemd_mounts_at_its_first_use_is_right(options: str) -> None:
    facts = client(SYSTEMD, ON_TOP, fstab=f"192.0.2.3:/srv/images /srv/images nfs {options}\n")
    finding = found(facts, "source.mount")
    what = "192.0.2.3:/srv/images is mounted (NFS 4.2), at its first use (line 1 of /etc/fstab)"
    assert (finding.state, finding.found) == (OK, what)
    assert planned(facts, "source.mount") == []


def test_a_folder_that_autofs_mounts_needs_no_line_in_fstab() -> None:
    facts = client(AUTOFS, ON_TOP, fstab=OTHER)
    finding = found(facts, "source.mount")
    assert finding.state == OK
    assert finding.found == "192.0.2.3:/srv/images is mounted (NFS 4.2), at its first use by /etc/auto.srv"
    assert planned(facts, "source.mount") == []


def test_a_line_with_noauto_alone_is_still_reported() -> None:
    fstab = "192.0.2.3:/srv/images /srv/images nfs noauto,_netdev 0 0\n"
    finding = found(client(NFS.format("rw"), fstab=fstab), "source.mount")
    assert (finding.state, finding.found) == (WARNING, "it is mounted, but line 1 of /etc/fstab has noauto")


def test_an_automount_that_fails_is_named_and_nobody_is_told_to_unmount_it() -> None:
    facts = client(SYSTEMD)
    finding = found(facts, "source.mount")
    assert finding.state == FAILED
    assert finding.found == "systemd-1 mounts the folder at its first use, but that did not succeed"
    assert finding.hint == "Read why with: systemctl status autofs /srv/images"
    assert STEPS["source.mount"].change(facts) == finding.found
    hangs = but(facts, SOURCE, folder=folder("/srv/images", HUNG))
    assert "its server is down or unreachable" in found(hangs, "source.mount").found


def test_the_bind_mount_of_the_server_may_be_an_automount() -> None:
    line = "21 20 8:1 /data/images /srv/images rw - ext4 /dev/sda1 rw"
    fstab = "/data/images /srv/images none bind,noauto,x-systemd.automount\n"
    assert found(but(world(), STORAGE, mounts=mounted(line), fstab=fstab), "storage.bind").state == OK


def test_the_folder_is_used_before_it_is_described_and_before_the_mounts_are_read() -> None:
    assert SCRIPT.index('"$p/."') < SCRIPT.index("stat -L")
    assert CLIENT_SCRIPT.index("part folder") < CLIENT_SCRIPT.index("part mounts")


def test_the_script_reports_a_missing_folder_and_one_that_exists(tmp_path: Path) -> None:
    def run(path: Path) -> str:
        return subprocess.run(["sh", "-c", SCRIPT, "sh", str(path)], capture_output=True, text=True, check=False).stdout

    assert run(tmp_path / "a" / "b").splitlines()[:2] == [f"missing {tmp_path}/a/b", f"missing {tmp_path}/a"]
    assert f"real {tmp_path.resolve()}" in run(tmp_path).splitlines()
