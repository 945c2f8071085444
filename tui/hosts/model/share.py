"""Whether two hosts see the same folder of images, from what each of them sees."""

from dataclasses import dataclass

from tui.checklist.model.check import OK, WARNING, Finding

# $1 is the folder. Limits, because a file system blocks whose server is gone. %i of the folder is its inode; with -f,
# it is the ID of the file system and %T its type.
SCRIPT = r"""
echo "inode $(timeout -s KILL 3 stat -L -c %i -- "$1" 2>/dev/null)"
echo "filesystem $(timeout -s KILL 3 stat -L -f -c '%T %i' -- "$1" 2>/dev/null)"
:
"""
OVER_NETWORK = ("nfs", "ceph", "gfs", "ocfs2", "fuse", "cifs", "smb")  # the ID of such a file system is the mount's
HINT = "Mount it on both from the same server, as the NFS page does; else the disks of a VM have to be copied."


@dataclass(frozen=True)
class Share:
    """The folder of the images as one host sees it: inode, type and ID of its file system; "" if it is missing."""

    inode: str = ""
    kind: str = ""
    filesystem: str = ""

    @property
    def over_network(self) -> bool:
        """Whether another machine may have the same file system."""
        return self.kind.startswith(OVER_NETWORK)


def parse_share(text: str) -> Share:
    """Parse the output of SCRIPT."""
    found = {name: words for name, *words in (line.split() for line in text.splitlines() if line.strip())}
    inode, filesystem = found.get("inode", []), found.get("filesystem", [])
    return Share(inode[0], *filesystem[:2]) if inode and len(filesystem) >= 2 else Share()


def shared(folder: str, one: tuple[str, Share], other: tuple[str, Share]) -> Finding:
    """Whether both hosts, each with what it sees, have the same folder; a WARNING, because disks can be copied."""
    wanted = f"{folder} on both, from the same server"
    for host, seen in (one, other):
        if not seen.inode:
            return Finding(WARNING, f"{folder} can't be read on {host}", wanted, HINT)
    here, there = one[1], other[1]
    local = next((host for host, seen in (one, other) if not seen.over_network), "")
    same = here.inode == there.inode and (not local or here.filesystem == there.filesystem)
    if same:
        return Finding(OK, f"both have it on {here.kind}")
    if local:
        return Finding(WARNING, f"{folder} on {local} is on its own disk", wanted, HINT)
    return Finding(WARNING, f"{folder} is not the same folder on both", wanted, HINT)
