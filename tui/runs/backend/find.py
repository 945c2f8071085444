"""Finds the run that a person names: by its folder's name, the beginning of it, a path, or "last"."""

from pathlib import Path

from tui.core.failure import Failure
from tui.migration.backend.recording.recorder import RAW, SUMMARY
from tui.runs.backend.reading import RunReader, folders_of
from tui.runs.model.run import Run

LAST = "last"
SHOWN = 3  # names in a sentence


def find_run(reader: RunReader, word: str) -> Run:
    """The run of this name; Failure if there is none, or several."""
    run = look_up(reader, word)
    if run is not None:
        return run
    begins = sorted(folder.name for folder in folders_of(reader.folder) if word and folder.name.startswith(word))
    if begins:
        names = ", ".join(begins[:SHOWN]) + (", ..." if len(begins) > SHOWN else "")
        raise Failure(f"{len(begins)} runs begin with {word}", names, "Write more of the name.")
    raise Failure(f"There is no run {word or 'without a name'}", f"none in {reader.folder} has this name")


def look_up(reader: RunReader, word: str) -> Run | None:
    """The run of this name; None if no run, or more than one, can be meant. Failure for a path that has no run."""
    if word == LAST:
        runs = reader.list()
        if not runs:
            raise Failure("There is no last run", f"nothing has been recorded in {reader.folder}")
        return runs[0]
    if "/" in word:
        return reader.read(_at_path(word))
    folders = folders_of(reader.folder)
    matching = [each for each in folders if each.name == word] or [
        each for each in folders if word and each.name.startswith(word)
    ]
    return reader.read(matching[0]) if len(matching) == 1 else None


def _at_path(word: str) -> Path:
    try:
        folder = Path(word).expanduser()
        is_run = any((folder / name).exists() for name in (SUMMARY, RAW))
    except (OSError, RuntimeError) as error:  # no access, no home folder
        raise Failure(f"{word} can't be read", str(error)) from error
    if not is_run:
        raise Failure(f"{word} is not a run", f"it has neither {SUMMARY} nor {RAW}")
    return folder.absolute()
