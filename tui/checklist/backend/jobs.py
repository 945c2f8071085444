"""Jobs: changes of the hosts, one at a time and independent of the page on screen, each with its transcript."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from tui.checklist.model.transcript import ACTION, OUTPUT, Progress, Transcript
from tui.core.failure import Failure


class Job:
    """One change under way; at its end `outcome` is a sentence, or `failure` is set."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.transcript = Transcript()
        self.doing = ""  # the action under way, with its host
        self.outcome = ""
        self.failure: Failure | None = None
        self.stopping = False
        self.over = False
        self._began = time.monotonic()
        self._took_s = 0.0
        self._listeners: list[Callable[[], None]] = []

    @property
    def elapsed_s(self) -> float:
        """Seconds since its start, at most until its end."""
        return self._took_s if self.over else time.monotonic() - self._began

    def listen(self, listener: Callable[[], None]) -> None:
        """Call `listener` after each change of the job."""
        self._listeners.append(listener)

    def step(self, text: str) -> None:
        """Add a heading to the transcript."""
        self.transcript.step(text)
        self._notify()

    def record(self, progress: Progress) -> None:
        """Add an event of an action to the transcript."""
        if progress.kind != OUTPUT:
            begins, action = progress.kind == ACTION, progress.action
            self.doing = f"{action.host}: {action.text.partition(chr(10))[0]}" if begins else ""
        self.transcript.record(progress)
        self._notify()

    def stop(self) -> None:
        """Begin nothing more; the line under way is completed."""
        self.stopping = True
        self._notify()

    async def run(self, call: Callable[["Job"], Awaitable[str]]) -> None:
        """Run `call` and keep its result or its Failure."""
        try:
            self.outcome = await call(self)
        except Failure as failure:
            self.failure = failure
        finally:
            if not self.outcome and self.failure is None:
                self.failure = Failure(f"{self.title}: it was interrupted")
            self._took_s, self.over, self.doing = self.elapsed_s, True, ""
            self._notify()

    def _notify(self) -> None:
        for listener in self._listeners:
            listener()


class Jobs:
    """Runs one job at a time; `current` is the one under way, or the last one."""

    def __init__(self) -> None:
        self.current: Job | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def under_way(self) -> Job | None:
        """The running job, None where there is none."""
        return None if self.current is None or self.current.over else self.current

    def begin(self, title: str, call: Callable[[Job], Awaitable[str]]) -> Job:
        """Start a job; `call` returns its outcome as a sentence. Failure where one is under way."""
        if self.under_way is not None:
            raise Failure("Nothing was started", f"another change is under way ({self.under_way.title})")
        self.current = job = Job(title)
        self._task = asyncio.ensure_future(job.run(call))
        return job

    async def wait(self) -> None:
        """Return when no job is under way."""
        if self._task is not None:
            await asyncio.wait([self._task])

    def cancel(self) -> None:
        """Cancel the job, as the app quits; the journal holds what was begun."""
        if self._task is not None:
            self._task.cancel()
