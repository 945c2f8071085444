"""The mounts of a host, from /proc/self/mountinfo: which one a path is on, and which ones are hidden."""

from dataclasses import dataclass
from pathlib import PurePosixPath

from tui.core.quantity import whole
from tui.linux.escapes import unescaped

NFS = ("nfs", "nfs4")
AUTOFS = "autofs"  # of systemd and of autofs(5): it mounts another file system at first use
# The types that libvirt's virFileIsSharedFS treats as shared without configuration (libvirt 11.3, src/util/virfile.c).
SHARED_TYPES = (
    *NFS, "gfs2", "ocfs2", "afs", "smb3", "cifs", "ceph", "gpfs", "fuse.quobyte", "acfs", "fuse.glusterfs", "beegfs",
)  # fmt: skip

KNOWN_SINCE = {"beegfs": (9, 6, 0)}  # the first libvirt that knows a type, where hosts still have an older one
# Network and cluster file systems that no libvirt knows; those of FUSE are found by the start of their type.
UNKNOWN_SHARED = ("lustre", "virtiofs", "9p", "juicefs", "wekafs", "pvfs2", "vboxsf", "vmhgfs")
FUSE = "fuse."

# Options of nfs(5) that keep locks of byte ranges on the client, as QEMU takes them; flock(2) is something else.
OWN_LOCKS = ("nolock", "local_lock=all", "local_lock=posix")


@dataclass(frozen=True)
class Mount:
    """One mount: `root` is the folder of the file system that is mounted at `target`; `source` the device or server."""

    id: int
    parent: int
    device: str  # major:minor, the same for all mounts of one file system
    root: str
    target: str
    options: tuple[str, ...]
    type: str
    source: str
    super_options: tuple[str, ...] = ()

    @property
    def nfs(self) -> bool:
        """Whether its type is NFS."""
        return self.type in NFS

    @property
    def read_only(self) -> bool:
        """Whether the mount or its file system is read-only."""
        return "ro" in self.options or "ro" in self.super_options

    def option(self, name: str) -> str:
        """The value of an option of the file system, such as option("addr"); empty if it has none."""
        return next((each.partition("=")[2] for each in self.super_options if each.startswith(f"{name}=")), "")

    @property
    def maybe_shared(self) -> bool:
        """Whether other hosts may see the same files, although libvirt does not know the type."""
        return self.type in UNKNOWN_SHARED or (self.type.startswith(FUSE) and self.type not in SHARED_TYPES)

    def known_to(self, libvirt: tuple[int, ...]) -> bool:
        """Whether this version of libvirt treats the type as shared; an unknown version is taken for a new one."""
        return self.type in SHARED_TYPES and (not libvirt or libvirt >= KNOWN_SINCE.get(self.type, ()))


def parse_mountinfo(text: str) -> tuple[Mount, ...]:
    """All mounts in the kernel's order; proc(5) describes the fields."""
    found = []
    for line in text.split("\n"):
        before, _, after = line.partition(" - ")
        fields, rest = before.split(" "), after.split(" ")
        if len(fields) < 6 or len(rest) < 3:
            continue
        id, parent = whole(fields[0]), whole(fields[1])
        if id is None or parent is None:
            continue
        found.append(
            Mount(
                id=id,
                parent=parent,
                device=fields[2],
                root=unescaped(fields[3]),
                target=unescaped(fields[4]),
                options=tuple(fields[5].split(",")),
                type=rest[0],
                source=unescaped(rest[1]),
                super_options=tuple(rest[2].split(",")),
            )
        )
    return tuple(found)


def mount_of(mounts: tuple[Mount, ...], path: str) -> Mount | None:
    """The mount that a path without symbolic links is on; its target is the path or a parent."""
    ids = {mount.id for mount in mounts}
    roots = [mount for mount in mounts if mount.target == "/" and (mount.parent not in ids or mount.parent == mount.id)]
    if not roots:
        return None
    current = roots[-1]
    pure = _absolute(path)
    for step in (*reversed([str(each) for each in pure.parents]), str(pure)):
        while (above := _on(mounts, current, step)) is not None:
            current = above
    return current


def mount_at(mounts: tuple[Mount, ...], path: str) -> Mount | None:
    """The visible mount whose target is the path."""
    mount = mount_of(mounts, path)
    return mount if mount is not None and mount.target == path else None


def hidden(mounts: tuple[Mount, ...], path: str) -> tuple[Mount, ...]:
    """The mounts at a path that another mount hides."""
    visible = mount_at(mounts, path)
    return tuple(mount for mount in mounts if mount.target == path and mount is not visible)


def automount_of(mounts: tuple[Mount, ...], mount: Mount) -> Mount | None:
    """The automount, at the same path or above, that made this mount at its first use."""
    return next((each for each in mounts if each.id == mount.parent and each.type == AUTOFS), None)


def device_folder(mounts: tuple[Mount, ...], path: str) -> tuple[str, str] | None:
    """The device of a path and the folder in its file system; equal for two paths to the same folder."""
    mount = mount_of(mounts, path)
    if mount is None:
        return None
    inside = _absolute(path).relative_to(mount.target)
    return mount.device, str(PurePosixPath(mount.root) / inside)


def _absolute(path: str) -> PurePosixPath:
    """The path from one slash: POSIX gives two of them a meaning of their own, and Linux does not."""
    return PurePosixPath(f"/{path.lstrip('/')}")


def _on(mounts: tuple[Mount, ...], below: Mount, target: str) -> Mount | None:
    """The mount at `target` whose parent is `below`."""
    above = (each for each in mounts if each.parent == below.id and each.id != below.id)
    return next((each for each in above if each.target == target), None)
