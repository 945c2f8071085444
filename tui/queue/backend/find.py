"""Finds a queue in the folder of all queues, by the name of its folder, with or without the time in it."""

from pathlib import Path

from tui.core.failure import Failure
from tui.queue.backend import store
from tui.queue.backend.store import Queue


def names_of(queue: str) -> tuple[str, str]:
    """The names of a queue by that of its folder: this one, and "evacuate-source", which later queues may have, too."""
    return queue, queue.partition("-")[2]


def found(queues: Path, name: str, config: str) -> Queue:
    """The newest queue of that name, of the configuration without a name; Failure if there is none. Blocks."""
    if name and "/" not in name and (queues / name).is_dir():
        return store.load(queues / name)
    folders = [each for each in store.own(queues, config) if not name or name in names_of(each.name)]
    if not folders:
        what = f"There is no queue {name!r}" if name else "There is no queue"
        raise Failure(what, f"{queues} has none of this {'name' if name else 'configuration'}")
    return store.load(folders[0])
