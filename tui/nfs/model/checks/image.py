"""The VM's images: in the shared folder, accessible to QEMU, and not in use twice."""

import shlex
from pathlib import PurePosixPath

from tui.checklist.model.check import FAILED, OK, UNKNOWN, WARNING, Finding, from_failure
from tui.core.failure import Failure
from tui.core.host_words import any_of
from tui.core.quantity import whole
from tui.core.vm import Vm
from tui.linux.perl import INSTALL, MISSING
from tui.linux.script_sections import PRELUDE, parse_sections
from tui.nfs.model.checks.owners import NOBODY, idmap_hint
from tui.nfs.model.facts import ClientRead, ImageRead, NfsFacts, VmsRead
from tui.nfs.model.proof import ROOT
from tui.vm.model.domain import Disk

USED_ELSEWHERE = "Does another host mount the folder? Does qemu-img or qemu-nbd use it?"
LOCKED_BY_3 = (
    f"{USED_ELSEWHERE} With NFS 3, a host that has died keeps its locks until it starts again. If it never does:"
    " systemctl restart nfs-server on the storage server; the other hosts take their locks back."
)
LOCKED_BY_4 = (
    f"{USED_ELSEWHERE} A host that has died keeps its locks for up to 90 s. On the storage server,"
    " /proc/fs/nfsd/clients/*/states lists the locks, and the file info beside it the host."
)

ON_A_HOST = ("file", "block")

# $1 QEMU's user, $2 the image, $3 LOCKED.
SCRIPT = """
real=$(readlink -m -- "$2")
printf 'real %s\\n' "$real"
# The NFS client caches attributes for up to a minute; opening the file refreshes them.
true 2> /dev/null < "$real"
[ -e "$real" ] || exit 0
stat -L -c 'mode %a
owner %U:%G
uid %u' -- "$real"
[ -z "$1" ] || ! runuser -u "$1" -- test -r "$real" || echo readable
[ -z "$1" ] || ! runuser -u "$1" -- test -w "$real" || echo writable
if command -v perl > /dev/null; then perl -e "$3" "$real"; else echo no_perl; fi
"""

# Whether a lock as QEMU takes it would be refused. F_OFD_GETLK takes no lock. Prints nothing if the result is unknown.
LOCKED = """
open(F, "<", shift) or exit 1;
my $lock = pack("ssx4qqlx4", 1, 0, 100, 200, 0);
fcntl(F, 36, $lock) or exit 1;
print((unpack("s", $lock))[0] == 2 ? "free\\n" : "locked\\n")
"""

# $1 QEMU's user, then the images.
IMAGES_SCRIPT = f"""{PRELUDE}
script={shlex.quote(SCRIPT)} locked={shlex.quote(LOCKED)}
user=$1
shift
number=0
for image; do
  part "image.$number" 8 sh -c "$script" sh "$user" "$image" "$locked"
  number=$((number + 1))
done
"""


def parse_images(paths: tuple[str, ...], text: str) -> tuple[ImageRead, ...]:
    """The images at these paths, from the output of IMAGES_SCRIPT."""
    sections = parse_sections(text)
    found = []
    for number, path in enumerate(paths):
        part = sections.get(f"image.{number}")
        lines = part.text.splitlines() if part else []
        words = {line.partition(" ")[0]: line.partition(" ")[2] for line in lines}
        found.append(
            ImageRead(
                path,
                words.get("real", path),
                "owner" in words,
                words.get("owner", ""),
                words.get("mode", ""),
                "readable" in words,
                "writable" in words,
                True if "locked" in words else False if "free" in words else None,
                -1 if (uid := whole(words.get("uid", ""))) is None else uid,
                "no_perl" in words,
                part.text if part else "",
            )
        )
    return tuple(found)


def image_paths(facts: NfsFacts) -> tuple[str, ...]:
    """The paths of the configured VM's disks."""
    disks = _disks(facts)
    return tuple(dict.fromkeys(disk.path for disk in disks or () if disk.path))


def check_image(facts: NfsFacts, client: ClientRead) -> Finding | None:
    """Whether every disk of the VM is in the shared folder and QEMU can open it there."""
    if _vms_unread(facts):
        return None
    if failure := _vms_failure(facts):
        return from_failure(failure)
    disks, name = _disks(facts), facts.shared.vm
    wanted = f"the images of {name} in {client.folder.path}, accessible to QEMU"
    if disks is None:
        return Finding(
            WARNING,
            f"no VM {name} on {any_of(facts.shared.clients)}",
            wanted,
            "Define it with its image in that folder.",
        )
    others = [disk for disk in disks if disk.kind not in (*ON_A_HOST, "network")]
    if others:
        return Finding(WARNING, f"{others[0].target} is a {others[0].kind}: the place of its image is unknown", wanted)
    images = facts.images.get(client.role)
    if isinstance(images, Failure):
        return from_failure(images)
    if images is None:
        return Finding(UNKNOWN, "the images have not been read yet", wanted)
    for image in images:
        if bad := _problem(facts, client, image, wanted):
            return bad
    if not images:
        return Finding(OK, f"{name} has no disk on a host" if not disks else f"the disks of {name} are on the network")
    return Finding(OK, f"QEMU can open {', '.join(PurePosixPath(image.path).name for image in images)}")


def check_single(facts: NfsFacts) -> Finding | None:
    """Whether at most one QEMU has the VM's images open."""
    if _vms_unread(facts):
        return None
    if failure := _vms_failure(facts):
        return from_failure(failure)
    name, wanted = facts.shared.vm, "at most one QEMU with its images open"
    disks = _disks(facts)
    if disks is None:
        return Finding(WARNING, f"no VM {name} on {any_of(facts.shared.clients)}", wanted)
    using = _active_users(facts, {disk.path for disk in disks if disk.path})
    running = [(role, vm) for role, vm in using if vm.running]
    if len(running) > 1:
        where = " and ".join(f"{vm.name} on {role}" for role, vm in running)
        hint = "Shut one of them down at once: two VMs that write destroy the image."
        return Finding(FAILED, f"two VMs run with the same image: {where}", wanted, hint)
    if failed := next((each for each in facts.vms.values() if isinstance(each, Failure)), None):
        return from_failure(failed)
    if not using and (other := _locked_by_others(facts, wanted)):
        return other
    if any(role not in facts.images for role in facts.shared.clients):
        return None
    if using:
        return Finding(OK, f"only {using[0][1].name} on {using[0][0]} has it open")
    return Finding(OK, "no VM or program has it open")


def _locked_by_others(facts: NfsFacts, wanted: str) -> Finding | None:
    """The warning that another program locks an image, or that no host can read locks."""
    read = [image for images in facts.images.values() if not isinstance(images, Failure) for image in images]
    locked = next((image.path for image in read if image.locked), "")
    if locked:
        found = f"{PurePosixPath(locked).name} is locked, and no VM of these hosts uses it"
        versions = {client.mount.option("vers") for client in facts.clients if client.mount}
        return Finding(WARNING, found, wanted, LOCKED_BY_3 if "3" in versions else LOCKED_BY_4)
    if any(image.no_perl for image in read) and all(image.locked is None for image in read):
        return Finding(WARNING, f"whether another program has it open is unknown: {MISSING}", wanted, INSTALL)
    return None


def _problem(facts: NfsFacts, client: ClientRead, image: ImageRead, wanted: str) -> Finding | None:
    name = PurePosixPath(image.path).name
    if not image.exists:
        return Finding(FAILED, f"{image.path} does not exist", wanted, detail=image.output)
    if PurePosixPath(client.folder.real) not in PurePosixPath(image.real).parents:
        hint = "Move the image there, and change the disk in the VM's definition."
        return Finding(FAILED, f"{image.path} is outside the shared folder", wanted, hint)
    if image.readable and image.writable:
        return None
    if client.qemu is None:
        return Finding(UNKNOWN, f"whether QEMU can open {name} is unknown: this host has no user for QEMU", wanted)
    if client.qemu_conf.dynamic_ownership and facts.proof is not None and facts.proof.creator == ROOT:
        return None  # libvirt changes the owner to QEMU's user when the VM starts; the proof did the same
    if client.qemu_conf.dynamic_ownership and facts.proof is None:
        return Finding(UNKNOWN, f"{name} belongs to {image.owner}; not tried yet: changing its owner to QEMU's user")
    found = f"{client.qemu.name} can't open {name}, which belongs to {image.owner} with mode {image.mode}"
    if image.uid in NOBODY:
        return Finding(FAILED, found, wanted, idmap_hint(facts, client))
    return Finding(FAILED, found, wanted, f"On the storage server: chown {client.qemu.uid} on the image.")


def _disks(facts: NfsFacts) -> tuple[Disk, ...] | None:
    """The configured VM's disks on the host where it is active, else where it is defined; None if on neither."""
    found: tuple[Disk, ...] | None = None
    for role in facts.shared.clients:
        read = facts.vms.get(role)
        if not isinstance(read, VmsRead) or facts.shared.vm not in read.disks:
            continue
        if found is None or any(vm.name == facts.shared.vm and vm.active for vm in read.vms):
            found = read.disks[facts.shared.vm]
    return found


def _active_users(facts: NfsFacts, paths: set[str]) -> list[tuple[str, Vm]]:
    """The active VMs with one of these images, and their host."""
    return [
        (role, vm)
        for role in facts.shared.clients
        if isinstance(read := facts.vms.get(role), VmsRead)
        for vm in read.vms
        if vm.active and any(disk.path in paths for disk in read.disks.get(vm.name, ()))
    ]


def _vms_unread(facts: NfsFacts) -> bool:
    """Whether a libvirt that may have the VM has neither been read nor failed."""
    return any(role not in facts.vms for role in facts.shared.clients)


def _vms_failure(facts: NfsFacts) -> Failure | None:
    """The Failure to read a libvirt, if no other libvirt has the VM."""
    failures = [each for each in facts.vms.values() if isinstance(each, Failure)]
    return failures[0] if failures and _disks(facts) is None else None
