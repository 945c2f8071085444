"""Options of an NFS mount that do not suit VMs, in effect now or only after a restart."""

from tui.checklist.model.check import WARNING, Finding
from tui.linux.fstab import FstabEntry
from tui.linux.mounts import OWN_LOCKS, Mount

SUITED = "mounted read-write and hard, with locks on the server"
AGAIN = "then mount it again while no VM uses it"


def weak_mount(mount: Mount, path: str) -> Finding | None:
    """The finding on the options in effect; None if they suit VMs. The proof shows whether locks work."""
    if own := next((each for each in OWN_LOCKS if each in mount.super_options), ""):
        found = f"{path} is mounted with {own}: its locks hold on this host only, so two hosts can write to one image"
        return Finding(WARNING, found, SUITED, f"Remove {own}, or use vers=4, which includes locks; {AGAIN}.")
    if "soft" in mount.super_options:
        found = f"{path} is mounted soft: I/O fails when the server is slow"
        return Finding(WARNING, found, SUITED, f"Use hard in place of soft; {AGAIN}.")
    return None


def weak_entry(entry: FstabEntry) -> Finding | None:
    """The finding on the options that a line of fstab has for the next start; None if they suit VMs."""
    if entry.by_hand:
        return Finding(WARNING, f"it is mounted, but {entry.where} has noauto", "mounted after a restart")
    locks = () if _version_4(entry) else OWN_LOCKS
    if bad := next((each for each in (*locks, "soft", "ro") if each in entry.options), ""):
        found = f"it is mounted as VMs need it, but {entry.where} has {bad}, which counts after a restart"
        return Finding(WARNING, found, SUITED, f"Remove {bad} from that line.")
    return None


def _version_4(entry: FstabEntry) -> bool:
    """Whether it is NFS 4, which knows no local locks."""
    return entry.type == "nfs4" or any(each.startswith(("vers=4", "nfsvers=4")) for each in entry.options)
