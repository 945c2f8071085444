"""Works through the runs of one study, one after another, in the runner."""

import asyncio
import contextlib
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tui.core.failure import Failure, as_failure
from tui.core.limit import within
from tui.core.log import log
from tui.core.threads import on_thread
from tui.migration.backend.running.actor import MigrationActor
from tui.study.backend.measurement import Interrupted, Measurement, Tools, done_of
from tui.study.backend.run_result import result_of
from tui.study.backend.store import Store, Study
from tui.study.model.progress import BEGUN, DONE_FAILED, ENDED, FINISHED, MIGRATING, STOPPED, Done
from tui.study.model.schedule import Step


class Engine:
    """The work on one study; `study` has its progress, `doing` a sentence on what it does now.

    `waiting` is whether it waits for somebody else, `step` the run that is under way, `migration` its migration.
    """

    def __init__(self, store: Store, study: Study, tools: Tools) -> None:
        self.study = study
        self.doing = "starting"
        self.waiting = False
        self.step: Step | None = None
        self.migration: MigrationActor | None = None
        self._step_began = time.monotonic()
        self._store = store
        self._tools = tools
        self._stop = asyncio.Event()
        self._why_stop = ""
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, or continue where it ended."""
        self._task = asyncio.ensure_future(self._run())

    @property
    def under_way(self) -> bool:
        """Whether it works or waits."""
        return self._task is not None and not self._task.done()

    @property
    def stopping(self) -> bool:
        """Whether it was told to stop, and only waits for the end of a migration or a workload."""
        return self.under_way and self._stop.is_set()

    @property
    def step_s(self) -> float:
        """For how long the run under way has lasted, in seconds."""
        return time.monotonic() - self._step_began if self.step is not None else 0.0

    def stop(self, why: str) -> None:
        """Stop before the next run; a migration under way is measured to its end."""
        self._why_stop = self._why_stop or why
        self._stop.set()

    async def ended(self) -> None:
        """Return when nothing is under way any more."""
        if self._task is not None:
            await asyncio.wait({self._task})

    async def close(self) -> None:
        """Leave it as it is, because the process ends; a resume continues it."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
        self._store.close()

    # -- the work --

    async def _run(self) -> None:
        try:
            await self._record(BEGUN)
            await self._settle_interrupted()
            for step in self.study.left:
                await self._take(step)
                if self._stop.is_set() or self._too_many_failures():
                    break
            await self._record(*self._last_entry())
        except Failure as failure:  # the disk refuses the log: without it a resume would repeat runs
            self._note_end(failure)
        except Exception as error:  # noqa: BLE001  # a fault of the program ends the study, not the runner
            log.exception("The study failed")
            self._note_end(as_failure("The study failed", error))
        finally:
            self.step = self.migration = None
            self._store.close()

    def _note_end(self, failure: Failure) -> None:
        log.error("The study %s: %s", self.study.id, failure)
        self._advance({"do": STOPPED, "why": failure.reason})

    def _last_entry(self) -> tuple[str, dict[str, Any]]:
        if not self.study.left:
            return FINISHED, {}
        return STOPPED, {"why": self._why_stop}

    def _too_many_failures(self) -> bool:
        count = self.study.progress.failures_in_a_row
        if count < self.study.plan.stop_after:
            return False
        newest = list(self.study.progress.done.values())[-1]
        self._why_stop = f"{count} runs in a row have failed; the last one: {newest.why}"
        return True

    async def _take(self, step: Step) -> None:
        """Do one run, and record what came of it."""
        self.step, self.migration, self._step_began = step, None, time.monotonic()
        about = {"name": self.study.name, "id": self.study.id}
        measurement = Measurement(self.study.plan, step, about, self._tools, self._say, self._pause)

        async def on_started(migration: MigrationActor, direction: str) -> None:
            self.migration = migration
            await self._record(MIGRATING, {"number": step.number, "run": str(migration.folder), "direction": direction})

        try:
            done = await measurement.run(on_started)
        except Interrupted:
            return
        except Exception as error:  # noqa: BLE001  # the study goes on
            failure = as_failure(f"The run {step.number} of the study failed", error)
            fault = None if failure is error else error  # a fault of this program, whose traceback is needed
            log.warning("The study %s, run %s: %s", self.study.id, step.number, failure, exc_info=fault)
            _, run, direction = self.study.progress.migrating or (0, "", "")  # of this step: each end removes it
            done = Done(step.number, DONE_FAILED, direction, run, failure.reason, took_s=round(self.step_s, 3))
        await self._record(ENDED, asdict(done))

    async def _settle_interrupted(self) -> None:
        """Count a migration that was under way when an earlier process ended as what became of it."""
        if self.study.progress.migrating is None:
            return
        number, run, direction = self.study.progress.migrating
        step = next((each for each in self.study.steps if each.number == number), None)
        if step is None:
            return
        self.step, self.doing = step, "looking for the migration that was under way"
        try:
            await self._tools.owner.attach()
        except Failure as failure:
            log.info("The study: %s", failure)
        followed = next((each for each in self._tools.owner.all if each.folder == Path(run)), None)
        if followed is None or followed.run_log.done:
            done = await on_thread(result_of, Path(run), number, direction)
        else:
            self.migration = followed
            about = {"name": self.study.name, "id": self.study.id}
            measurement = Measurement(self.study.plan, step, about, self._tools, self._say, self._pause)
            censored = await measurement.until_over(followed)
            done = done_of(number, direction, followed, censored=censored)
        await self._record(ENDED, asdict(done))

    # -- helpers --

    def _say(self, sentence: str, waiting: bool) -> None:
        self.doing, self.waiting = sentence, waiting

    async def _pause(self, seconds: float) -> bool:
        if not self._stop.is_set() and seconds > 0:
            with contextlib.suppress(asyncio.TimeoutError):
                await within(seconds, self._stop.wait())
        return self._stop.is_set()

    async def _record(self, kind: str, fields: dict[str, Any] | None = None) -> None:
        await on_thread(lambda: self._store.append(kind, **(fields or {})))
        self._advance({"do": kind, **(fields or {})})

    def _advance(self, entry: dict[str, Any]) -> None:
        study = self.study
        self.study = Study(study.folder, study.plan, study.steps, study.progress.after(entry), study.config)
