"""Whether the folders exist and have free space; creates missing ones."""

from pathlib import PurePosixPath

from tui.checklist.model.check import FAILED, OK, WARNING, Finding
from tui.core.quantity import size
from tui.linux.change import Change, Command, Move
from tui.linux.folder import ABSENT, FOLDER, HUNG, OTHER, STALE, Folder

FULL_BYTES, SCARCE_BYTES = 1 << 20, 1 << 30
SCARCE_INODES = 100

# Removes the folders that mkdir made, unless they are not empty or already removed.
UNDO = 'for each; do [ ! -d "$each" ] || rmdir -- "$each" || echo "$each stays: it is not empty"; done'


def check_folder(folder: Folder) -> Finding:
    """Whether the folder exists; another step checks what is mounted at it."""
    path, wanted = folder.path, "a folder"
    if folder.state == FOLDER:
        return Finding(OK, f"{path} exists, {folder.owner} {folder.mode}")
    if folder.state == ABSENT:
        return Finding(FAILED, f"{path} does not exist", wanted)
    if folder.state in (HUNG, STALE):
        return Finding(OK, f"{path} is a mount point whose file system does not respond now")
    if folder.state == OTHER:
        return Finding(FAILED, f"{path} is not a folder: {folder.output}", wanted, "Move it away.")
    return Finding(FAILED, f"{path} can't be read", wanted, detail=folder.output)


def change_folder(role: str, folder: Folder) -> Change | str:
    """Creates the folder and its missing parents."""
    if folder.state != ABSENT:
        return "the path exists, and the app does not change it"
    missing = folder.missing
    if not missing or missing[-1] != str(PurePosixPath(folder.path)):
        return "the missing parents of the folder are unknown"
    make = Command(role, ("mkdir", "-m", "755", "--", *missing))
    return Change((Move(make, (Command(role, ("sh", "-c", UNDO, "sh", *reversed(missing))),)),))


def check_space(folder: Folder) -> Finding:
    """Whether the folder's file system has free space and inodes."""
    free, path = size(folder.free_bytes), folder.path
    hint = "Free space on the storage server, or enlarge its file system."
    if not folder.is_folder:
        return Finding(FAILED, f"{path} does not exist", "space for images")
    if folder.free_bytes < FULL_BYTES:
        return Finding(FAILED, f"the file system of {path} is full", "space for images", hint)
    if folder.free_inodes == 0:
        return Finding(FAILED, f"the file system of {path} has no free inode", "inodes for new files", hint)
    if folder.free_bytes < SCARCE_BYTES or 0 < folder.free_inodes < SCARCE_INODES:
        return Finding(WARNING, f"{free} free in {path}", "more than 1 GiB", hint)
    return Finding(OK, f"{free} free in {path}")
