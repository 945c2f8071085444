"""The folders: made where they are missing, only as far as they are missing."""

from pathlib import PurePosixPath

from tui.checklist.model.check import FAILED, OK, WARNING, Finding
from tui.core.quantity import size
from tui.linux.change import Change, Command, Move
from tui.linux.folder import ABSENT, FOLDER, HUNG, OTHER, STALE, Folder

FULL_BYTES, SCARCE_BYTES = 1 << 20, 1 << 30
SCARCE_INODES = 100

# Removes what mkdir has made; what somebody has put something into stays, and what is gone is gone.
UNDO = 'for each; do [ ! -d "$each" ] || rmdir -- "$each" || echo "$each stays: it is not empty"; done'


def check_folder(folder: Folder) -> Finding:
    """Whether it is there and is a folder; what is mounted on it is another step's."""
    path, wanted = folder.path, "a folder"
    if folder.state == FOLDER:
        return Finding(OK, f"{path} is there, {folder.owner} {folder.mode}")
    if folder.state == ABSENT:
        return Finding(FAILED, f"{path} does not exist", wanted)
    if folder.state in (HUNG, STALE):
        return Finding(OK, f"{path} is a mount point whose file system does not answer now")
    if folder.state == OTHER:
        return Finding(FAILED, f"{path} is no folder but a {folder.said}", wanted, "Move it away.")
    return Finding(FAILED, f"{path} can't be looked at", wanted, detail=folder.said)


def change_folder(role: str, folder: Folder) -> Change | str:
    if folder.state != ABSENT:
        return "something else is there, which the app does not touch"
    missing = folder.missing
    over = PurePosixPath(folder.path)
    if not missing or missing[-1] != str(over):
        return "it can't be told what is missing of it"
    make = Command(role, ("mkdir", "-m", "755", "--", *missing))
    return Change((Move(make, (Command(role, ("sh", "-c", UNDO, "sh", *reversed(missing))),)),))


def check_space(folder: Folder) -> Finding:
    """Whether something can still be written there."""
    room, path = size(folder.free_bytes), folder.path
    hint = "Make room on the storage server, or give it a larger file system."
    if not folder.is_folder:
        return Finding(FAILED, f"{path} is not there", "room for images")
    if folder.free_bytes < FULL_BYTES:
        return Finding(FAILED, f"the file system of {path} is full", "room for images", hint)
    if folder.free_inodes == 0:
        return Finding(FAILED, f"the file system of {path} has no inode left", "room for new files", hint)
    if folder.free_bytes < SCARCE_BYTES or 0 < folder.free_inodes < SCARCE_INODES:
        return Finding(WARNING, f"{room} free in {path}", "more than 1 GiB", hint)
    return Finding(OK, f"{room} free in {path}")
