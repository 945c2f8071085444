"""The folder of a queue: its plan, a log of its progress that only grows, and a summary of its runs."""

import contextlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import tomli_w

from tui.core.clock import now
from tui.core.failure import Failure
from tui.core.json_text import parsed
from tui.core.regular_file import read_regular
from tui.migration.backend.recording import run_files
from tui.migration.backend.recording.progress_log import PROGRESS, STAMP, ProgressLog, entries_of, new_folder, write_new
from tui.migration.backend.recording.recorder import RAW, without_none
from tui.queue.model.plan import QueuePlan, plan_of
from tui.queue.model.progress import Progress, progress_of

PLAN, SUMMARY = "plan.json", "queue.toml"
QUEUE = "queue"  # what sentences call it


@dataclass(frozen=True)
class Queue:
    """A queue as its folder has it; `config` is the path of its configuration, `began` in UTC."""

    folder: Path
    plan: QueuePlan
    progress: Progress
    config: str
    began: str
    ended: str = ""

    @property
    def id(self) -> str:
        """The name of its folder, which its runs have in their record."""
        return self.folder.name

    def after(self, entry: Mapping[str, Any]) -> "Queue":
        """The queue after one more entry of its log."""
        return replace(self, plan=self.plan.after(entry), progress=self.progress.after(entry))


class Store:
    """The log of one queue, locked while it is open, so that two processes never work on one queue. Its calls block."""

    def __init__(self, folder: Path, log: ProgressLog) -> None:
        self.folder = folder
        self.append = log.append
        self.close = log.close

    @classmethod
    def create(cls, queues: Path, plan: QueuePlan, config: str) -> "tuple[Store, Queue]":
        """Make a folder for a new queue; raises Failure."""
        stamp, word = datetime.now(timezone.utc).strftime(STAMP), re.sub(r"[^\w.+-]", "_", plan.purpose)
        began = now()
        try:
            queues.mkdir(parents=True, exist_ok=True)
            folder = new_folder(queues / "-".join(filter(None, (stamp, word, plan.host))))
            head = {"config": config, "began": began, "plan": plan.fields}
            write_new(folder / PLAN, json.dumps(head, ensure_ascii=False, indent=1))
            (folder / PROGRESS).touch(0o600)
        except OSError as error:
            raise Failure(f"The queue cannot be recorded in {queues}", error.strerror or str(error)) from error
        return cls(folder, ProgressLog.open(folder, QUEUE)), Queue(folder, plan, Progress(), config, began)

    @classmethod
    def open(cls, folder: Path) -> "tuple[Store, Queue]":
        """Continue a queue, read while no other process can write; raises Failure."""
        store = cls(folder, ProgressLog.open(folder, QUEUE))
        try:
            return store, load(folder)
        except Failure:
            store.close()
            raise


def load(folder: Path) -> Queue:
    """The queue in a folder, whether a process works on it or not; raises Failure."""
    try:
        head = parsed(read_regular(folder / PLAN).decode())
        plan, texts = plan_of(head["plan"]), (str(head["config"]), str(head["began"]))
        entries = list(entries_of(read_regular(folder / PROGRESS)))
    except OSError as error:
        raise Failure(f"The queue {folder.name} cannot be read", error.strerror or str(error)) from error
    except (ValueError, KeyError, TypeError) as error:
        raise Failure(f"The queue {folder.name} is damaged", f"{PLAN}: {error}") from error
    for each in entries:
        with contextlib.suppress(Failure):  # a damaged entry is skipped
            plan = plan.after(each)
    return Queue(folder, plan, progress_of(entries), *texts, str(entries[-1].get("at", "")) if entries else "")


def own(queues: Path, config: str) -> list[Path]:
    """The folders of the queues of a configuration, the newest first."""
    folders = sorted((each.parent for each in queues.glob(f"*/{PLAN}")), key=_order, reverse=True)
    return [each for each in folders if config_of(each) == config]


def _order(folder: Path) -> tuple[str, float]:
    """Orders queues by when they began; those of one second by their files."""
    try:
        return folder.name.partition("-")[0], (folder / PLAN).stat().st_mtime
    except OSError:
        return folder.name, 0.0


def config_of(folder: Path) -> str:
    """The path of the configuration of a queue; "" if it cannot be read."""
    try:
        head = parsed(read_regular(folder / PLAN).decode())
    except (OSError, ValueError):
        return ""
    return str(head.get("config", "")) if isinstance(head, dict) else ""


def in_use(folder: Path) -> bool:
    """Whether a process, this one or another, works on the queue."""
    return run_files.in_use(folder / PROGRESS)


def silent_s(queue: Queue) -> float:
    """The seconds since anything was written of a queue or of a run of it that is under way."""
    runs = (Path(queue.progress.of(number).run) / RAW for number in queue.progress.running)
    newest = max((_written(path) for path in (queue.folder / PROGRESS, *runs)), default=0.0)
    return max(0.0, datetime.now(timezone.utc).timestamp() - newest)


def _written(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def write_summary(folder: Path, tables: Mapping[str, Any]) -> None:
    """Write the summary in one step; raises Failure."""
    try:
        part = folder / f".{SUMMARY}.part"
        part.write_text(tomli_w.dumps(without_none(tables)), "utf-8")
        part.replace(folder / SUMMARY)
    except OSError as error:
        raise Failure("The summary of the queue cannot be written", error.strerror or str(error)) from error
