"""The folder of a study: its plan as given, the order of its runs, and a log of its progress that only grows."""

import contextlib
import json
import os
import re
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import IO, Any

from tui.core.clock import now
from tui.core.failure import Failure
from tui.core.file_lock import lock
from tui.core.json_text import parsed
from tui.core.regular_file import open_regular, read_regular
from tui.migration.backend.recording import run_files
from tui.migration.backend.recording.recorder import free_names
from tui.study.backend.plan_file import read
from tui.study.model.plan import StudyPlan
from tui.study.model.progress import Progress, progress_of
from tui.study.model.schedule import Step, from_line, to_line

PLAN, SCHEDULE, PROGRESS = "plan.toml", "schedule.jsonl", "progress.jsonl"
STAMP = "%Y%m%dT%H%M%SZ"  # of the time at which a study began, in the name of its folder
NUMBERED = re.compile(r"-[1-9][0-9]*")  # behind the name of a study that began in the same second as another
LOCK_LIMIT_S = 0.5
CLOSE_LIMIT_S = 2.0  # for a write under way


@dataclass(frozen=True)
class Study:
    """A study as its folder has it; `config` is the path of its configuration."""

    folder: Path
    plan: StudyPlan
    steps: tuple[Step, ...]
    progress: Progress
    config: str

    @property
    def id(self) -> str:
        """The name of its folder, which its runs have in their record."""
        return self.folder.name

    @property
    def name(self) -> str:
        """The name in its plan, with -2, -3 and so on if another one of that name began in the same second."""
        number = NUMBERED.fullmatch(self.id.partition("-")[2].removeprefix(word_of(self.plan.name)))
        return f"{self.plan.name}{number[0]}" if number else self.plan.name

    @property
    def left(self) -> tuple[Step, ...]:
        """The runs that are not done, in their order."""
        return tuple(each for each in self.steps if each.number not in self.progress.done)


def word_of(name: str) -> str:
    """The name of a study as the name of its folder has it."""
    return re.sub(r"[^\w.+-]", "_", name)


class Store:
    """The log of one study, locked while it is open, so that two processes never work on one study. Its calls block."""

    def __init__(self, folder: Path, file: IO[bytes]) -> None:
        self.folder = folder
        self._file = file
        self._writing = threading.Lock()

    @classmethod
    def create(cls, studies: Path, name: str, text: str, steps: Sequence[Step], head: Mapping[str, Any]) -> "Store":
        """Make a folder for a new study; `head` has its seed and its configuration. Raises Failure."""
        stamp = datetime.now(timezone.utc).strftime(STAMP)
        try:
            studies.mkdir(parents=True, exist_ok=True)
            folder = _made(studies / f"{stamp}-{word_of(name)}")
            lines = [head, *map(to_line, steps)]
            _write(folder / PLAN, text)
            _write(folder / SCHEDULE, "".join(f"{json.dumps(each, ensure_ascii=False)}\n" for each in lines))
            (folder / PROGRESS).touch(0o600)
        except OSError as error:
            raise Failure(f"The study cannot be recorded in {studies}", error.strerror or str(error)) from error
        return cls.open(folder)

    @classmethod
    def open(cls, folder: Path) -> "Store":
        """Continue a study; raises Failure, also if another process works on it."""
        try:
            file = (folder / PROGRESS).open("ab")
            lock(file, LOCK_LIMIT_S)
            if file.tell() and not read_regular(folder / PROGRESS).endswith(b"\n"):
                file.write(b"\n")  # ends a line that a crash cut
        except BlockingIOError as error:
            raise Failure(f"The study {folder.name} is under way", "another process works on it") from error
        except OSError as error:
            raise Failure(f"The study {folder.name} cannot be continued", error.strerror or str(error)) from error
        return cls(folder, file)

    def append(self, kind: str, **fields: Any) -> None:
        """Write one entry; it is on disk when this returns. Raises Failure."""
        entry = {"do": kind, "at": now(), **fields}
        line = f"{json.dumps(entry, ensure_ascii=False)}\n".encode()
        try:
            with self._writing:
                self._file.write(line)
                self._file.flush()
                os.fsync(self._file.fileno())
        except OSError as error:
            raise Failure("The progress of the study cannot be written", error.strerror or str(error)) from error

    def close(self) -> None:
        """Release the lock, which the kernel would keep until a sync under way is done."""
        written = self._writing.acquire(timeout=CLOSE_LIMIT_S)
        with contextlib.suppress(OSError):  # what the disk refused was reported by `append`
            self._file.close()
        if written:
            self._writing.release()


def locked(folder: Path) -> tuple[Store, Study]:
    """A study to continue, read while no other process can; raises Failure."""
    opened = Store.open(folder)
    try:
        return opened, load(folder)
    except Failure:
        opened.close()
        raise


def load(folder: Path) -> Study:
    """The study in a folder, whether a process works on it or not; raises Failure."""
    try:
        text = read_regular(folder / PLAN).decode()
        head, *lines = map(parsed, read_regular(folder / SCHEDULE).decode().splitlines())
        steps = tuple(map(from_line, lines))
        plan, _cells = read(text, steps[0].cell.vm, str(folder / PLAN))
        progress = progress_of(_entries(read_regular(folder / PROGRESS)))
        return Study(folder, plan, steps, progress, str(head["config"]))
    except OSError as error:
        raise Failure(f"The study {folder.name} cannot be read", error.strerror or str(error)) from error
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise Failure(f"The study {folder.name} is damaged", f"{SCHEDULE}: {error}") from error


def config_of(folder: Path) -> str:
    """The path of the configuration of a study; "" if it cannot be read."""
    return str(_head(folder).get("config", ""))


def seed_of(folder: Path) -> int | None:
    """The seed of the order of a study; None if it cannot be read."""
    seed = _head(folder).get("seed")
    return seed if isinstance(seed, int) else None


def _head(folder: Path) -> Mapping[str, Any]:
    """The first line of the schedule; empty if it cannot be read."""
    try:
        with open_regular(folder / SCHEDULE) as file:
            head = parsed(file.readline().decode())
    except (OSError, ValueError):
        return {}
    return head if isinstance(head, dict) else {}


def in_use(folder: Path) -> bool:
    """Whether a process, this one or another, works on the study."""
    return run_files.in_use(folder / PROGRESS)


def all_in(studies: Path) -> list[Path]:
    """The folders of all studies, the newest first."""
    return sorted((each.parent for each in studies.glob(f"*/{SCHEDULE}")), key=_order, reverse=True)


def _order(folder: Path) -> tuple[str, int, str]:
    """Orders studies by when they began; of one second, "-2" comes before "-10"."""
    stamp, _, name = folder.name.partition("-")
    number = re.search(r"-([1-9][0-9]{0,8})$", name)
    return stamp, int(number[1]) if number else 1, name


def _made(folder: Path) -> Path:
    """A new folder of that name, or with -2, -3 and so on."""
    for each in free_names(folder):
        try:
            each.mkdir()
        except FileExistsError:
            continue
        return each
    raise AssertionError("the names never run out")


def _write(path: Path, text: str) -> None:
    with path.open("x", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _entries(data: bytes) -> Iterable[Mapping[str, Any]]:
    for line in data.decode(errors="replace").split("\n"):
        try:
            entry = parsed(line)
        except ValueError:
            continue  # cut by a crash
        if isinstance(entry, dict):
            yield entry
