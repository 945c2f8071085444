"""Mounts and lines of fstab as clients have them: automounts, NFS 3 without locks, VMs that start with the host."""

import subprocess
from pathlib import Path

import pytest

from tests.fake_hosts import answered
from tests.unit.nfs.nfs_world import NFS, ROLES, STEPS, but, folder, found, mounted, planned, world
from tui.checklist.model.check import FAILED, OK, WARNING
from tui.core.settings import SOURCE, STORAGE
from tui.linux.change import AddLines, Change, Command, RemoveLines
from tui.linux.folder import HUNG, SCRIPT
from tui.linux.fstab import FSTAB as FSTAB_PATH
from tui.linux.managed_block import with_lines, without_lines
from tui.nfs.model.checks.mount import FORMER_OPTIONS, NOTE
from tui.nfs.model.facts import NfsFacts, Shared
from tui.nfs.model.script import CLIENT_SCRIPT, parse_client

# mountinfo of Debian 12: an automount of systemd before and after its first use, and one of autofs(5) with a map.
SYSTEMD = "30 20 0:40 / /srv/images rw,relatime shared:9 - autofs systemd-1 rw,fd=48,pgrp=1,timeout=0,direct"
AUTOFS = "30 20 0:40 / /srv rw,relatime shared:9 - autofs /etc/auto.srv rw,fd=5,pgrp=9,timeout=300,indirect"
ON_TOP = NFS.format("rw").replace("21 20 ", "31 30 ")
FSTAB = "192.0.2.3:/srv/images /srv/images nfs noauto,x-systemd.automount,_netdev 0 0\n"
OTHER = "192.0.2.3:/home /home nfs noauto,x-systemd.automount 0 0\n"

SHARED = Shared(ROLES, "storage", "/data", "/srv/images", "vm1")


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


# /proc/self/mountinfo of a client with the line `vers=3,nolock`.
V3 = (
    "21 20 0:50 / /srv/images rw,relatime shared:99 - nfs 192.0.2.3:/srv/images rw,vers=3,rsize=1048576,hard,nolock,"
    "proto=tcp,timeo=600,retrans=2,sec=sys,mountaddr=192.0.2.3,mountvers=3,local_lock={},addr=192.0.2.3"
)
V3_FSTAB = "192.0.2.3:/srv/images /srv/images nfs vers=3,{},_netdev 0 0\n"


@pytest.mark.parametrize(
    ("line", "option"),
    [
        (V3.format("all"), "nolock"),
        (V3.format("all").replace("nolock,", ""), "local_lock=all"),
        (V3.format("posix").replace("nolock,", ""), "local_lock=posix"),
    ],
)
def test_a_mount_whose_locks_no_other_host_sees_is_a_warning(line: str, option: str) -> None:
    finding = found(client(line, fstab=V3_FSTAB.format(option)), "source.mount")
    assert finding.state == WARNING
    assert finding.found == (
        f"/srv/images is mounted with {option}: its locks hold on this host only, so two hosts can write to one image"
    )
    assert finding.hint == (
        f"Remove {option}, or use vers=4, which includes locks; then mount it again while no VM uses it."
    )
    assert found(client(AUTOFS, line.replace("21 20 ", "31 30 "), fstab=OTHER), "source.mount").state == WARNING


@pytest.mark.parametrize("lock", ["none", "flock"])  # QEMU does not use flock(2)
def test_nfs_3_with_locks_on_the_server_is_right(lock: str) -> None:
    line = V3.format(lock).replace("nolock,", "")
    finding = found(client(line, fstab=V3_FSTAB.format(f"local_lock={lock}")), "source.mount")
    assert (finding.state, "NFS 3" in finding.found) == (OK, True)


@pytest.mark.parametrize("option", ["nolock", "local_lock=all", "soft", "ro"])
def test_an_option_of_fstab_that_counts_after_a_restart_is_a_warning(option: str) -> None:
    facts = client(NFS.format("rw"), fstab=f"# theirs\n{V3_FSTAB.format(option)}")
    finding = found(facts, "source.mount")
    assert (finding.state, finding.found) == (
        WARNING,
        f"it is mounted as VMs need it, but line 2 of /etc/fstab has {option}, which counts after a restart",
    )
    assert STEPS["source.mount"].change(facts) == Change((), NOTE)  # the line is not the app's


@pytest.mark.parametrize("line", ["nfs4 nolock", "nfs vers=4.2,nolock", "nfs nfsvers=4,local_lock=all"])
def test_nfs_4_has_no_locks_of_its_own(line: str) -> None:
    facts = client(NFS.format("rw"), fstab=f"192.0.2.3:/srv/images /srv/images {line} 0 0\n")
    assert found(facts, "source.mount").state == OK


AUTOSTARTED = {"autostarted": ("guest1",)}
FORMER = f"192.0.2.3:/srv/images /srv/images nfs {FORMER_OPTIONS} 0 0"


def test_vms_that_start_with_the_host_are_read_from_the_links_of_libvirt() -> None:
    text = answered(autostart="/etc/libvirt/qemu/autostart/guest1.xml\n/etc/libvirt/qemu/autostart/a b.xml\n")
    assert parse_client(text, SHARED, SOURCE).autostarted == ("guest1", "a b")
    assert parse_client(answered(), SHARED, SOURCE).autostarted == ()


def test_a_line_of_version_0_1_is_replaced_if_vms_start_with_the_host_and_the_undo_restores_it() -> None:
    fstab = with_lines("# theirs\n", (FORMER,))
    facts = client(NFS.format("rw"), fstab=fstab, **AUTOSTARTED)
    finding = found(facts, "source.mount")
    where = "before line 3 of /etc/fstab has mounted the folder"
    assert (finding.state, finding.found) == (FAILED, f"guest1 may start with the host {where}")
    (remove, add_again), (add, undo), reload = planned(facts, "source.mount")
    assert (remove, add_again) == (
        RemoveLines(SOURCE, FSTAB_PATH, (FORMER,)),
        (AddLines(SOURCE, FSTAB_PATH, (FORMER,)),),
    )
    assert isinstance(add, AddLines)
    assert undo[0] == RemoveLines(SOURCE, FSTAB_PATH, add.lines)
    assert reload == (Command(SOURCE, ("systemctl", "daemon-reload")), ())
    new = with_lines(without_lines(fstab, (FORMER,)), add.lines)
    assert found(client(NFS.format("rw"), fstab=new, **AUTOSTARTED), "source.mount").state == OK
    assert with_lines(without_lines(new, add.lines), (FORMER,)) == fstab


def test_a_line_of_others_that_vms_do_not_wait_for_is_a_warning_with_the_options_to_add() -> None:
    fstab = "192.0.2.3:/srv/images /srv/images nfs defaults,nofail 0 0\n"
    facts = client(NFS.format("rw"), fstab=fstab, **AUTOSTARTED)
    finding = found(facts, "source.mount")
    assert finding.state == WARNING
    assert "x-systemd.before=libvirtd.service,x-systemd.before=virtqemud.service" in finding.hint
    assert found(but(facts, SOURCE, systemd=False), "source.mount").state == OK
    assert found(but(facts, SOURCE, autostarted=()), "source.mount").state == OK


@pytest.mark.parametrize(
    "options",
    ["defaults,_netdev", "nofail,x-systemd.before=libvirtd.service", "nofail,x-systemd.automount",
     "nofail,x-systemd.before=remote-fs.target", "nofail,x-systemd.before=virtqemud.service"],
)  # fmt: skip
def test_libvirt_waits_for_a_line_that_is_ordered_before_it(options: str) -> None:
    fstab = f"192.0.2.3:/srv/images /srv/images nfs {options} 0 0\n"
    assert found(client(NFS.format("rw"), fstab=fstab, **AUTOSTARTED), "source.mount").state == OK


def test_a_line_of_the_app_that_a_person_has_edited_is_not_replaced() -> None:
    edited = FORMER.replace("hard", "hard,ro")
    facts = client(fstab=with_lines("", (edited,)), **AUTOSTARTED)
    assert [type(action).__name__ for action, _ in planned(facts, "source.mount")] == ["Command"]  # only the mount


def test_a_line_of_the_app_with_the_path_of_nfs_3_is_replaced_below_a_pseudo_root() -> None:
    facts = client(fstab=with_lines("", (FORMER,)))
    facts = but(facts, STORAGE, exports={"/etc/exports": "/srv *(rw,fsid=0)\n"})
    _, (add, _), *_ = planned(facts, "source.mount")
    assert isinstance(add, AddLines)
    assert add.lines[0].startswith("192.0.2.3:/images /srv/images ")


# `systemctl show` for srv-images.mount, without an automount; a generated unit is that of a line of fstab.
UNITS = """\
Id=srv-images.mount
LoadState=loaded
ActiveState=active
UnitFileState={}

Id=srv-images.automount
LoadState=not-found
ActiveState=inactive
UnitFileState=
"""


@pytest.mark.parametrize(("state", "enough"), [("enabled", True), ("disabled", False), ("generated", False)])
def test_an_enabled_unit_of_systemd_replaces_the_line_of_fstab(state: str, enough: bool) -> None:
    units = parse_client(answered(folder_units=UNITS.format(state)), SHARED, SOURCE).folder_units
    facts = client(NFS.format("rw"), fstab="", folder_units=units)
    finding = found(facts, "source.mount")
    assert finding.state == (OK if enough else FAILED)
    assert finding.found.endswith("also after a restart (srv-images.mount)") == enough
    assert (planned(facts, "source.mount") == []) == enough
    bind = "21 20 8:1 /data/images /srv/images rw - ext4 /dev/sda1 rw"
    served = but(world(), STORAGE, mounts=mounted(bind), folder_units=units)
    assert found(served, "storage.bind").state == (OK if enough else FAILED)
    assert (planned(served, "storage.bind") == []) == enough


def test_a_folder_of_an_enabled_unit_that_is_not_mounted_is_only_mounted() -> None:
    units = parse_client(answered(folder_units=UNITS.format("enabled")), SHARED, SOURCE).folder_units
    ((mount, _),) = planned(client(fstab="", folder_units=units), "source.mount")
    assert isinstance(mount, Command)
    assert "mount" in mount.argv


def test_vms_that_start_with_the_host_are_found_although_another_link_is_broken(tmp_path: Path) -> None:
    (tmp_path / "vm 1.xml").write_text("<source file='/srv/images/a.qcow2'/>")
    (tmp_path / "vm2.xml").write_text("<source file='/srv/images-2/a.qcow2'/>")
    (tmp_path / "gone.xml").symlink_to(tmp_path / "nowhere")
    part = next(line for line in CLIENT_SCRIPT.split("part ") if line.startswith("autostart "))
    script = part.removeprefix("autostart 5 ").replace("/etc/libvirt/qemu/autostart", str(tmp_path))
    command = ["sh", "-c", f"export_folder=/srv/images; {script}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert parse_client(answered(autostart=done.stdout), SHARED, SOURCE).autostarted == ("vm 1",)
