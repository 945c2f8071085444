"""The folder of a study: its plan as given, the order of its runs, and a log of its progress that only grows."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from tui.core.failure import Failure
from tui.core.json_text import parsed
from tui.core.regular_file import open_regular, read_regular
from tui.migration.backend.recording import run_files
from tui.migration.backend.recording.progress_log import PROGRESS, STAMP, ProgressLog, entries_of, new_folder, write_new
from tui.study.backend.plan_file import read
from tui.study.model.plan import StudyPlan
from tui.study.model.progress import Progress, progress_of
from tui.study.model.schedule import Step, from_line, to_line

PLAN, SCHEDULE = "plan.toml", "schedule.jsonl"
NUMBERED = re.compile(r"-[1-9][0-9]*")  # behind the name of a study that began in the same second as another


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

    def __init__(self, folder: Path, log: ProgressLog) -> None:
        self.folder = folder
        self._log = log
        self.append = log.append
        self.close = log.close

    @classmethod
    def create(cls, studies: Path, name: str, text: str, steps: Sequence[Step], head: Mapping[str, Any]) -> "Store":
        """Make a folder for a new study; `head` has its seed and its configuration. Raises Failure."""
        stamp = datetime.now(timezone.utc).strftime(STAMP)
        try:
            studies.mkdir(parents=True, exist_ok=True)
            folder = new_folder(studies / f"{stamp}-{word_of(name)}")
            lines = [head, *map(to_line, steps)]
            write_new(folder / PLAN, text)
            write_new(folder / SCHEDULE, "".join(f"{json.dumps(each, ensure_ascii=False)}\n" for each in lines))
            (folder / PROGRESS).touch(0o600)
        except OSError as error:
            raise Failure(f"The study cannot be recorded in {studies}", error.strerror or str(error)) from error
        return cls.open(folder)

    @classmethod
    def open(cls, folder: Path) -> "Store":
        """Continue a study; raises Failure, also if another process works on it."""
        return cls(folder, ProgressLog.open(folder, "study"))


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
        progress = progress_of(entries_of(read_regular(folder / PROGRESS)))
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
