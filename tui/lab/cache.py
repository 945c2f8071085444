"""A cache of built folders: a folder is complete, or it does not exist."""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from tui.lab.lock import held
from tui.lab.place import CACHE

Build = Callable[[Path, Path], None]  # called with a folder to work in and the folder for the result


def kept(name: str, what: str, build: Build, on_progress: Callable[[str], None]) -> Path:
    """Returns the cached folder of this name and builds it first if it does not exist."""
    finished = CACHE / name
    if finished.is_dir():
        return finished
    CACHE.mkdir(parents=True, exist_ok=True)
    with held(CACHE / "lock", what, on_progress):
        for unfinished in CACHE.glob("building-*"):  # its builder was killed: a running one would hold the lock
            shutil.rmtree(unfinished)
        if not finished.is_dir():
            with tempfile.TemporaryDirectory(prefix="building-", dir=CACHE) as work:
                result = Path(work) / "result"
                result.mkdir()
                build(Path(work), result)
                result.rename(finished)  # atomic: no other process sees an incomplete folder
    return finished
