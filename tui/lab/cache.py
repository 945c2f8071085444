"""What is built once and kept for the next time: a folder is there as a whole, or not at all."""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from tui.lab.lock import held
from tui.lab.place import CACHE

Build = Callable[[Path, Path], None]  # is given a folder to work in, and the folder for its result


def kept(name: str, what: str, build: Build, on_progress: Callable[[str], None]) -> Path:
    """The cache's folder of this name, built first when it is not there."""
    finished = CACHE / name
    if finished.is_dir():
        return finished
    CACHE.mkdir(parents=True, exist_ok=True)
    with held(CACHE / "lock", what, on_progress):
        for unfinished in CACHE.glob("building-*"):  # of one that was killed: whoever builds holds the lock
            shutil.rmtree(unfinished)
        if not finished.is_dir():
            with tempfile.TemporaryDirectory(prefix="building-", dir=CACHE) as work:
                result = Path(work) / "result"
                result.mkdir()
                build(Path(work), result)
                result.rename(finished)  # at once: nobody ever sees half of it
    return finished
