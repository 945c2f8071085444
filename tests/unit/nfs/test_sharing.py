"""The findings on the proof, on libvirt's view of the folder and on the VM's image, for each outcome."""

from dataclasses import replace
from typing import Any

import pytest

from tests.unit.nfs.nfs_world import SHARED
from tui.checklist.model.check import FAILED, NOT_NEEDED, OK, UNKNOWN, WARNING, Finding
from tui.core.failure import Failure
from tui.core.settings import DESTINATION, SOURCE, STORAGE
from tui.core.vm import Vm
from tui.linux.folder import FOLDER, Folder
from tui.linux.mounts import Mount, parse_mountinfo
from tui.linux.packages import Package
from tui.linux.qemu_conf import QemuConf
from tui.nfs.model.checks.image import image_paths, parse_images
from tui.nfs.model.checks.sharing import proof_why_not
from tui.nfs.model.facts import ClientRead, ImageRead, NfsFacts, QemuUser, ServerRead, VmsRead
from tui.nfs.model.proof import ROOT, USER, Proof
from tui.nfs.model.steps import all_steps
from tui.vm.model.domain import Disk

STEPS = {step.id: step for step in all_steps(SHARED)}
PATH = "/srv/images"
ROOT_MOUNT = "20 1 8:1 / / rw - ext4 /dev/sda1 rw"
NFS_MOUNT = "21 20 0:50 / /srv/images rw - nfs4 storage:/srv/images rw,vers=4.2"
LAB_MOUNT = "21 20 8:1 /lab/images /srv/images rw - ext4 /dev/sda1 rw"
GOOD = Proof(ROOT, write_error="", read_error="", seen_error="", lock_error="", refused=True)
IMAGE = ImageRead(f"{PATH}/vm1.qcow2", f"{PATH}/vm1.qcow2", True, "root:root", "600")
DECLARED = QemuConf(shared_filesystems=(PATH,))


def mounts(line: str) -> tuple[Mount, ...]:
    return parse_mountinfo(f"{ROOT_MOUNT}\n{line}")


def folder(*entries: tuple[str, int]) -> Folder:
    return Folder(PATH, FOLDER, PATH, entries=tuple(("f", name, size) for name, size in entries))


def world(line: str = NFS_MOUNT, **client: Any) -> NfsFacts:
    """Three hosts that are completely read and without a problem."""
    server = ServerRead(STORAGE, Package("nfs-kernel-server"), folder(), images=folder())
    known = {"mounts": mounts(line), "qemu": QemuUser("libvirt-qemu", 64055), **client}
    clients = {role: ClientRead(role, Package("nfs-common"), folder(), **known) for role in (SOURCE, DESTINATION)}
    vm = Vm("vm1", "uuid", "shut off")
    vms = {SOURCE: VmsRead((vm,), {"vm1": (Disk("vda", IMAGE.path),)}), DESTINATION: VmsRead()}
    return NfsFacts(
        SHARED,
        {STORAGE: server, **clients},
        vms,
        {SOURCE: (IMAGE,), DESTINATION: (IMAGE,)},
        GOOD,
    )


def found(facts: NfsFacts, step: str) -> Finding:
    finding = STEPS[step].check(facts)
    assert finding is not None
    return finding


DENIED = "sh: 6: cannot create /srv/images/.vmlm-proof-1f: Permission denied"
GONE = "cat: /srv/images/.vmlm-proof-1f: No such file or directory"


@pytest.mark.parametrize(
    ("proof", "step", "state", "words"),
    [
        (GOOD, "source.write", OK, "libvirt-qemu (64055)"),
        (GOOD, "destination.lock", OK, "refused the same"),
        (replace(GOOD, creator=USER), "source.write", WARNING, "root is squashed"),
        (replace(GOOD, left=("/srv/images/x on source",)), "source.write", WARNING, "could not be removed"),
        (Proof(write_error=DENIED), "source.write", FAILED, "Permission denied"),
        (Proof(write_error=DENIED), "destination.read", UNKNOWN, "not tried: the source could not write"),
        (Proof(write_error=DENIED), "storage.seen", UNKNOWN, "not tried: the source could not write"),
        (replace(GOOD, read_error=GONE), "destination.read", FAILED, "does not have the source's file"),
        (replace(GOOD, seen_error=GONE), "storage.seen", FAILED, "the storage server does not have"),
        (replace(GOOD, seen_error="the file has other content"), "storage.seen", FAILED, "has other content"),
        (replace(GOOD, lock_error="No locks available", refused=None), "destination.lock", FAILED, "No locks"),
        (replace(GOOD, refused=False), "destination.lock", FAILED, "got a lock that the source holds"),
        (replace(GOOD, refused=None, refusal_error="x: No locks available"), "destination.lock", UNKNOWN, "No locks"),
        (Proof(why_not="the folder is gone"), "source.write", UNKNOWN, "not tried: the folder is gone"),
    ],
)
def test_each_result_of_the_proof_has_its_sentence(proof: Proof, step: str, state: str, words: str) -> None:
    finding = found(replace(world(), proof=proof), step)
    assert (finding.state, words in finding.found) == (state, True), finding
    assert ".vmlm-proof" not in finding.found


@pytest.mark.parametrize(
    ("error", "hint"),
    [
        ("dd: fsync failed for 'x': No space left on device", "free space"),
        ("Disk quota exceeded", "quota"),
        ("Read-only file system", "read-only"),
        ("no reply within seconds", "up to 90 s"),
    ],
)
def test_a_failed_write_has_a_hint(error: str, hint: str) -> None:
    assert hint in found(replace(world(), proof=Proof(write_error=error)), "source.write").hint


def test_different_user_ids_are_named_if_the_destination_cannot_read() -> None:
    facts = replace(world(), proof=replace(GOOD, read_error="cat: Permission denied"))
    other = replace(facts.hosts[DESTINATION], qemu=QemuUser("qemu", 107))  # type: ignore[call-arg]
    facts = replace(facts, hosts={**facts.hosts, DESTINATION: other})
    assert "libvirt-qemu is 64055 and qemu is 107" in found(facts, "destination.read").hint


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        (world(), ""),
        (world(LAB_MOUNT), "the folder is not correctly mounted on source yet"),
        (world(LAB_MOUNT, qemu_conf=DECLARED, libvirt_version=(11, 3, 0)), ""),
        (world(NFS_MOUNT.replace(" rw - ", " ro - ")), "the folder is not correctly mounted on source yet"),
        (world(NFS_MOUNT.replace("storage:", "other:")), "the folder is not correctly mounted on source yet"),
        (world(qemu=None), "source has no user for QEMU"),
        (world(qemu=None, qemu_conf=QemuConf("tester")), "source has no user tester, which qemu.conf sets"),
    ],
)
def test_the_proof_runs_only_if_both_hosts_have_the_folder(facts: NfsFacts, why: str) -> None:
    assert proof_why_not(facts) == why


@pytest.mark.parametrize(
    ("line", "conf", "version", "state", "words"),
    [
        (NFS_MOUNT, QemuConf(), (8, 0, 0), OK, "libvirt treats nfs4 as shared"),
        (NFS_MOUNT.replace("nfs4 storage:", "fuse.glusterfs storage:"), QemuConf(), (8, 0, 0), OK, "fuse.glusterfs"),
        (LAB_MOUNT, DECLARED, (10, 8, 0), OK, "declares /srv/images"),
        (LAB_MOUNT, DECLARED, (10, 7, 0), FAILED, "libvirt 10.7.0 does not support shared_filesystems"),
        (LAB_MOUNT, DECLARED, (), FAILED, "of unknown version"),
        (LAB_MOUNT, QemuConf(), (11, 3, 0), FAILED, "is on ext4, which libvirt treats as local"),
    ],
)
def test_whether_libvirt_treats_the_folder_as_shared_depends_on_its_version(
    line: str, conf: QemuConf, version: tuple[int, ...], state: str, words: str
) -> None:
    finding = found(world(line, qemu_conf=conf, libvirt_version=version), "source.libvirt")
    assert (finding.state, words in finding.found) == (state, True), finding


def test_a_folder_that_both_hosts_declare_and_mount_needs_no_nfs() -> None:
    facts = world(LAB_MOUNT, qemu_conf=DECLARED, libvirt_version=(11, 3, 0))
    for step in ("storage.package", "storage.exports", "source.mount", "destination.port"):
        assert (found(facts, step).state, "qemu.conf declares" in found(facts, step).found) == (NOT_NEEDED, True)
    plain = replace(facts.hosts[DESTINATION], mounts=parse_mountinfo(ROOT_MOUNT))
    facts = replace(facts, hosts={**facts.hosts, DESTINATION: plain})  # declared, but on its own disk
    assert found(facts, "source.mount").state == FAILED


@pytest.mark.parametrize(
    ("changed", "state", "words"),
    [
        ({}, OK, "QEMU can open vm1.qcow2"),
        ({"exists": False}, FAILED, "does not exist"),
        ({"real": "/home/vm1.qcow2"}, FAILED, "is outside the shared folder"),
        ({"readable": True, "writable": True, "owner": "libvirt-qemu:kvm"}, OK, "QEMU can open"),
    ],
)
def test_the_finding_on_an_image_depends_on_its_path_and_its_permissions(
    changed: dict[str, object], state: str, words: str
) -> None:
    images = (replace(IMAGE, **changed),)  # type: ignore[arg-type]
    finding = found(replace(world(), images={SOURCE: images}), "source.image")
    assert (finding.state, words in finding.found) == (state, True), finding


@pytest.mark.parametrize(
    ("proof", "conf", "state"),
    [
        (GOOD, QemuConf(), OK),
        (replace(GOOD, creator=USER), QemuConf(), FAILED),
        (GOOD, QemuConf(dynamic_ownership=False), FAILED),
        (None, QemuConf(), UNKNOWN),
    ],
)
def test_qemu_can_open_an_image_of_root_only_if_libvirt_can_change_its_owner(
    proof: Proof | None, conf: QemuConf, state: str
) -> None:
    assert found(replace(world(qemu_conf=conf), proof=proof), "source.image").state == state


def active(role: str, *vms: Vm) -> dict[str, VmsRead]:
    disk = (Disk("vda", IMAGE.path),)
    return {role: VmsRead(vms, {vm.name: disk for vm in vms})}


RUNNING, PAUSED, OTHER = Vm("vm1", "u", "running"), Vm("vm1", "u", "paused", "migrating"), Vm("vm2", "v", "running")


@pytest.mark.parametrize(
    ("source", "destination", "state", "words"),
    [
        ((RUNNING,), (), OK, "only vm1 on source has it open"),
        ((RUNNING,), (PAUSED,), OK, "has it open"),
        ((RUNNING,), (RUNNING,), FAILED, "vm1 on source and vm1 on destination"),
        ((RUNNING,), (OTHER,), FAILED, "vm1 on source and vm2 on destination"),
        ((), (), WARNING, "no VM vm1 on either host"),
    ],
)
def test_two_running_vms_with_one_image_are_a_failure(
    source: tuple[Vm, ...], destination: tuple[Vm, ...], state: str, words: str
) -> None:
    vms = {**active(SOURCE, *source), **active(DESTINATION, *destination)}
    finding = found(replace(world(), vms=vms), "source.single")
    assert (finding.state, words in finding.found) == (state, True), finding


def test_an_image_that_another_program_locks_is_a_warning_unless_a_libvirt_did_not_reply() -> None:
    locked = replace(world(), images={SOURCE: (replace(IMAGE, locked=True),)})
    assert "no VM of these hosts uses it" in found(locked, "source.single").found
    failed = replace(locked, vms={**locked.vms, DESTINATION: Failure("libvirt did not answer")})
    assert found(failed, "source.single").state == UNKNOWN


def test_locks_that_no_host_can_read_are_a_warning() -> None:
    unread = replace(IMAGE, no_perl=True)
    facts = replace(world(), images={SOURCE: (unread,), DESTINATION: (unread,)})
    finding = found(facts, "source.single")
    assert (finding.state, "Perl is not installed" in finding.found) == (WARNING, True)
    one_reads = replace(facts, images={SOURCE: (unread,), DESTINATION: (replace(IMAGE, locked=False),)})
    assert found(one_reads, "source.single").state == OK


def test_if_perl_is_missing_for_the_proof_the_hint_names_the_package() -> None:
    finding = found(replace(world(), proof=Proof(why_not="Perl is not installed on source")), "source.write")
    assert (finding.state, "perl-base" in finding.hint) == (UNKNOWN, True)


def test_files_on_one_host_only_are_named_and_sizes_may_differ() -> None:
    def listed(*entries: tuple[str, int]) -> Finding:
        facts = world()
        here = replace(facts.hosts[SOURCE], folder=folder(*entries))
        server = replace(facts.hosts[STORAGE], images=folder(("a", 1), ("b", 2)))  # type: ignore[call-arg]
        return found(replace(facts, hosts={**facts.hosts, SOURCE: here, STORAGE: server}), "source.listing")

    assert listed(("a", 1), ("b", 2)).state == OK
    assert (listed(("a", 1), ("b", 3)).state, listed(("a", 1)).state) == (WARNING, FAILED)
    assert listed(("a", 1)).found == "only on the storage server: b"
    assert listed(("a", 1), ("b", 2), ("c", 3)).found == "only on this host: c"


def test_disks_on_the_network_need_no_shared_folder() -> None:
    vms = {SOURCE: VmsRead((RUNNING,), {"vm1": (Disk("vda", "pool/vm1", "network"),)}), DESTINATION: VmsRead()}
    facts = replace(world(), vms=vms, images={SOURCE: ()})
    assert image_paths(facts) == ()
    assert found(facts, "source.image") == Finding(OK, "the disks of vm1 are on the network")


def test_the_output_of_the_script_about_an_image_is_parsed() -> None:
    output = "cmVhbCAvc3J2L2ltYWdlcy92bTEKbW9kZSA2MDAKb3duZXIgcm9vdDpkb21haW4gdXNlcnMKcmVhZGFibGUKbG9ja2VkCg=="
    found, lost = parse_images((PATH, "/x"), f"image.0 0 {output}\nimage.1 124 \n")
    assert (found.real, found.exists, found.owner, found.mode) == ("/srv/images/vm1", True, "root:domain users", "600")
    assert (found.readable, found.writable, found.locked) == (True, False, True)
    assert (lost.exists, lost.locked) == (False, None)
