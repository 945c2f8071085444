"""Deletes recorded runs: only folders of runs, never one that is written to, and nothing outside their folder."""

import fcntl
import os
import shutil
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from tui.core.failure import Failure
from tui.core.quantity import size
from tui.core.regular_file import open_regular
from tui.migration.backend.recording.recorder import RAW, SUMMARY, TEXT

OURS = (SUMMARY, RAW, TEXT)


def check_deletable(runs: Path, folder: Path) -> None:
    """Failure if this folder is no run in the folder of the runs, or if its migration is under way."""
    what = f"{folder} was not deleted"
    if folder.is_symlink():
        raise Failure(what, "it is a link to another folder", "Remove the link itself.")
    if folder.parent.resolve() != runs.resolve():
        raise Failure(what, f"it is not in the folder of the runs, {runs}", "Delete it by hand.")
    try:
        names = os.listdir(folder)  # noqa: PTH208  # of one folder, and only names
        with ExitStack() as stack:
            _lock(folder, stack)
    except OSError as error:
        raise Failure(what, error.strerror or str(error), detail=str(error)) from error
    if names and not any(name in names for name in OURS):
        raise Failure(what, f"it is not a run: it has none of {', '.join(OURS)}", "Delete it by hand.")


def delete_run(runs: Path, folder: Path) -> None:
    """Delete the folder of a run with all its files; Failure as check_deletable, or if something can't be deleted."""
    check_deletable(runs, folder)
    try:
        with ExitStack() as stack:
            _lock(folder, stack)
            shutil.rmtree(folder)  # does not follow links
    except OSError as error:
        what = f"{folder} could not be deleted completely"
        raise Failure(what, error.strerror or str(error), detail=str(error)) from error


@dataclass(frozen=True)
class Contents:
    """What would be deleted: the number of files in a folder, and their bytes."""

    folder: Path
    files: int
    size: int

    @property
    def words(self) -> str:
        """ "2 files, 1.2 MiB"."""
        return f"{self.files} file{'' if self.files == 1 else 's'}, {size(self.size)}"


def contents(folder: Path) -> Contents:
    """The files in the folder of a run; links are not followed. Failure if a file can't be examined."""
    sizes = []
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                sizes.append(os.lstat(os.path.join(place, name)).st_size)  # noqa: PTH118  # os.walk returns texts
            except FileNotFoundError:
                continue  # removed since
            except OSError as error:
                raise Failure(f"{folder} can't be read", error.strerror or str(error), detail=str(error)) from error
    return Contents(folder, len(sizes), sum(sizes))


def _lock(folder: Path, stack: ExitStack) -> None:
    """Hold the lock of the run's log, so that no process begins to write to it; Failure if one writes."""
    try:
        raw = stack.enter_context(open_regular(folder / RAW))
    except FileNotFoundError:
        return
    try:
        fcntl.flock(raw, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        hint = "Wait until it is over."
        raise Failure(f"{folder} was not deleted", "its migration is under way", hint) from error
