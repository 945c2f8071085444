"""Messages about disks, their locks, the shared folder, AppArmor and SELinux."""

from tui.vm.model.reasons.row import Row

SHARED = "If it lies on the shared folder, mount that at the same path; the NFS page does."
REFUSED_BY_MODULE = (
    "If its owner and mode allow it, AppArmor or SELinux refused it: look for DENIED or avc in `journalctl -k` on that "
    "host. The NFS page checks owner and mode."
)
QUOTED = r"[\u2018'\"]?(/[^\u2018\u2019'\"\n]*?)[\u2019'\"]?"  # GLib quotes with typographic ones

ROWS = (
    Row(
        rf"Cannot access backing file {QUOTED} of storage file[^\n]*: ([\w /-]+)",
        "the file {1}, on which a disk is based, cannot be opened {on}: {2}",
        f"{SHARED} The whole chain must be there: `qemu-img info --backing-chain -U` shows it.",
    ),
    Row(
        rf"could not open disk image {QUOTED}: [^\n]*Permission denied",
        "QEMU may not open {1} {on}",
        REFUSED_BY_MODULE,
    ),
    Row(
        r"Unable to get device ID '?(/[^\s':]+)'?: No such file",
        "the block device {1} does not exist {on}",
        "Connect the same LUN, volume group or multipath device there, under the same name.",
    ),
    Row(
        r"Failed to acquire lock|Lockspace resource \S+ is locked",
        "libvirt's lock manager (sanlock or lockd) did not get the lock of a disk",
        "Both hosts must use the same lock manager, and no other VM the disk.",
    ),
    Row(
        r"(?:The (\w+)(?: \(rw\))? format|Block format '(\w+)') used by node '[^']+' does not support[^\n]*migration",
        "QEMU cannot move a disk in the format {1}{2}",
        "Shut the VM down and convert the image: `qemu-img convert -O qcow2`. A folder as a FAT disk (vvfat) must go.",
    ),
    Row(
        r"(?:invalid argument: disk(?: target)?|disk target) '?(\w+)'? not found",
        "the VM has no disk {1}",
        "`virsh domblklist` shows the names of its disks.",
    ),
    Row(
        r"Source and target image have different sizes",
        "the image on the destination has another size than the disk that is copied",
        "Make it with the same size: `qemu-img info` shows it.",
    ),
    # "No space left" and "Permission denied" of a cgroup are not about disks.
    Row(r"cgroup(?! namespace)|controller \w+ for group", ""),
    Row(
        r"Failed to get (?:shared )?\"(?:write|consistent read|resize)\" lock"
        r"(?:\s*Is another process using the image \[([^\]\n]+)\])?",
        "another QEMU has the disk image open, or a host that died still holds its lock: {1}",
        "Find the VM that uses the image: `lsof` on both hosts. With NFSv3 the server keeps the locks of a dead host "
        "until that host is up again; with NFSv4 it frees them after about 90 s.",
    ),
    Row(
        r"Failed to lock byte \d+|No locks available",
        "file locks do not work on the shared folder",
        "Mount it with NFSv4, or with NFSv3 without nolock and local_lock; the NFS page proves that locks work.",
    ),
    Row(
        r"Stale (?:NFS )?file handle",
        "the NFS mount of the shared folder is stale: the server exports another folder now",
        "Unmount it and mount it again; the NFS page shows which side differs.",
    ),
    Row(
        rf"(?:Cannot access storage file|Could not open(?: backing file)?:?|Failed to open(?: file)?|unable to stat:?|"
        rf"could not open kernel file|unable to set user and group to '?[\d:]+'? on) "
        rf"{QUOTED}(?: \(as uid:[^)]*\))?: No such file or directory",
        "the file {1} does not exist {on}",
        f"{SHARED} A CD-ROM's medium can be ejected instead; other files must be copied there.",
    ),
    Row(
        rf"(?:Cannot access storage file|Could not open|Failed to open(?: file)?) {QUOTED}(?: \(as uid:[^)]*\))?: "
        r"Permission denied",
        "QEMU may not open {1} {on}",
        REFUSED_BY_MODULE,
    ),
    Row(
        rf"(?:Cannot access storage file|Could not (?:re)?open) {QUOTED}(?: \(as uid:[^)]*\))?: ([\w /-]+)",
        "QEMU cannot open {1} {on}: {2}",
        SHARED,
    ),
    Row(
        r"Cannot access storage file",
        "the VM's disk cannot be opened {on}",
        "Mount the shared folder at the same path there, and make it readable for QEMU's user; the NFS page does both.",
    ),
    Row(
        rf"unable to set user and group to '?[\d:]+'? on {QUOTED}: (?:Operation not permitted|Permission denied)",
        "libvirt may not change the owner of {1} {on}",
        "The NFS export squashes root. Give the image to QEMU's user on the server, or export with no_root_squash; the "
        "NFS page checks both.",
    ),
    Row(
        r"Setting different (?:SELinux label|DAC user or group) on (\S+)",
        "{1} has the label or the owner of another VM that uses it",
        "Only one VM may use the file, unless its definition has <shareable/>.",
    ),
    Row(
        rf"unable to set (?:security context|selinux)[^\n]*? on {QUOTED}: ([\w /-]+)",
        "SELinux: libvirt cannot label {1} {on}: {2}",
        "For NFS set `setsebool -P virt_use_nfs 1` there; the file system must not be read-only.",
    ),
    Row(
        r"virt-aa-helper|error calling aa_change_profile|cannot load AppArmor profile|AppArmor profile",
        "libvirt could not make the VM's AppArmor profile {on}",
        "Look for DENIED in `journalctl -k` there. For a disk of a storage pool, "
        "virt-aa-helper knows the image only if "
        "the definition names its file.",
    ),
    Row(
        r"cache other than none or directsync",
        "a disk's cache mode is unsafe for a migration",
        "Set cache='none' on that disk (`virsh edit`), and restart the VM.",
    ),
    Row(
        r"without shared storage is unsafe",
        "libvirt considers the VM's disk not shared",
        "Put the disk on the NFS folder; the NFS page sets it up. If both hosts share it through a file system that "
        "libvirt does not know, name its folder in shared_filesystems in qemu.conf (libvirt 10.8 and later).",
    ),
    Row(
        r"Unsafe migration",
        "libvirt considers the VM's disk not shared, or its cache mode unsafe",
        "Put the disk on the NFS folder and set cache='none'.",
    ),
    Row(
        r"no storage pool with matching (?:name|uuid|path) '([^']+)'",
        "the storage pool {1} of a disk is missing {on}",
        "Define and start a pool of the same name, with the same path, there.",
    ),
    Row(
        r"storage pool '([^']+)' is not active",
        "the storage pool {1} of a disk is not active {on}",
        "Start it there: virsh pool-start {1}.",
    ),
    Row(
        r"no storage vol with matching (?:name|path|key) '?([^']+)",
        "the volume {1} of a disk is missing {on}",
        "The pool there must be the same shared folder, and be refreshed (`virsh pool-refresh`).",
    ),
    Row(
        r"Cannot migrate empty or read-only disk '?(\w+)",
        "the disk {1} is empty or read-only, and such a disk cannot be copied",
        "Leave it out of the disks to copy; its file must exist on the destination.",
    ),
    Row(
        r"pre-creation of storage targets?[^\n]*not supported|non-shared storage migration into",
        "libvirt cannot make the image for the copied disk on the destination",
        "Create an image of the same size at the same path there, then start again.",
    ),
    Row(
        r"migration of disk (\w+) failed: (?!No space)([^\n]+)",
        "the copy of the disk {1} failed: {2}",
        "The ports of the copy are those of migrations, which the Hosts page tries; the image there must be as large.",
    ),
    Row(
        r"Could not (?:read|open|reopen)[^\n]*: Input/output error",
        "the storage of a disk reports an I/O error {on}",
        "The image may be fine: look at the share, the LUN or the disk below it (`journalctl -k`).",
    ),
    Row(
        r"Could not read qcow2 header|Image is not in qcow2 format|Image is corrupt",
        "a disk image is damaged, or has another format than the definition names",
        "Check it on the host whose VM is off: `qemu-img check`.",
    ),
    Row(
        r"bdrv_inactivate_all\(\) failed|Block inactivate failed|Failed to inactivate|"
        r"Error in migration completion: Bad address",
        "QEMU could not let go of a disk at the switchover",
        "Its log has the reason: often a file was removed under QEMU, such as one in /tmp.",
    ),
    Row(
        r"migrated partially|Bitmap '[^']*' is inconsistent|Bitmap migration",
        "the dirty bitmap of a disk could not be moved",
        "Delete the checkpoints of the VM (`virsh checkpoint-list`), then start again.",
    ),
    Row(
        r"failed to (?:open|write)[^\n]*master key file for (?:write|domain)(?![^\n]*Permission)",
        "libvirt cannot write its own files {on}: the disk is probably full",
        "Free some space on the disk with /var/lib/libvirt there: `df -h /var/lib/libvirt`.",
    ),
    Row(r"No space left on device|Disk quota exceeded", "a disk is full {on}", "Free some space there: `df -h`."),
    Row(
        r"Read-only file system",
        "a file system is read-only {on}",
        "Mount it with rw. If it is the shared folder, the NFS page checks its export and its mount.",
    ),
)
