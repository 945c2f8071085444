"""Finds a study in the folder of all studies, by its name or that of its folder. Blocks."""

from pathlib import Path

from tui.core.failure import Failure
from tui.study.backend import store
from tui.study.backend.store import Study


def own(studies: Path, config: str) -> list[Path]:
    """The folders of the studies of this configuration, newest first. Blocks."""
    return [each for each in store.all_in(studies) if store.config_of(each) == config]


def found(studies: Path, name: str, config: str) -> Study:
    """The study of that name, the newest one of the configuration without a name; Failure if there is none."""
    if name and "/" not in name and (studies / name).is_dir():
        return store.load(studies / name)
    folders = own(studies, config)
    if name:
        folders = [each for each in folders if each.name.partition("-")[2] == store.word_of(name)]  # after the time
        if not folders:
            raise Failure(f"There is no study {name!r}", f"its folder is not in {studies}")
    if not folders:
        raise Failure("There is no study", f"{studies} has none of this configuration")
    return store.load(folders[0])
