"""What is being done to the hosts: one thing after the other, whichever page is shown, and kept to be looked at."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from tui.checklist.model.transcript import Transcript
from tui.core.failure import Failure


class Job:
    """One thing that was asked for: `outcome` is the sentence at its end, `failure` why it did not come about."""

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
        return self._took_s if self.over else time.monotonic() - self._began

    def listen(self, listener: Callable[[], None]) -> None:
        """Call it whenever there is more to see."""
        self._listeners.append(listener)

    def step(self, text: str) -> None:
        """What follows is for this."""
        self.transcript.step(text)
        self._tell()

    def begins(self, host: str, text: str) -> None:
        """An action begins."""
        self.doing = f"{host}: {text.partition(chr(10))[0]}"
        self.transcript.begin(host, text)
        self._tell()

    def prints(self, text: str) -> None:
        """It says something."""
        self.transcript.add_output(text)
        self._tell()

    def ends(self) -> None:
        """It ended well."""
        self.doing = ""
        self.transcript.end()
        self._tell()

    def fails(self, text: str) -> None:
        """It failed."""
        self.doing = ""
        self.transcript.fail(text)
        self._tell()

    def stop(self) -> None:
        """Begin nothing more; what is under way comes to its end."""
        self.stopping = True
        self._tell()

    async def run(self, call: Callable[["Job"], Awaitable[str]]) -> None:
        """Do it, from the beginning to the end."""
        try:
            self.outcome = await call(self)
        except Failure as failure:
            self.failure = failure
        finally:
            if not self.outcome and self.failure is None:
                self.failure = Failure(f"{self.title}: it was broken off")
            self._took_s, self.over, self.doing = self.elapsed_s, True, ""
            self._tell()

    def _tell(self) -> None:
        for listener in self._listeners:
            listener()


class Jobs:
    """Does one work at a time; `current` is the one under way, or the last one."""

    def __init__(self) -> None:
        self.current: Job | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def under_way(self) -> Job | None:
        return None if self.current is None or self.current.over else self.current

    def begin(self, title: str, call: Callable[[Job], Awaitable[str]]) -> Job:
        """Do what `call` does, whose answer is the sentence at its end; a Failure where something is under way."""
        if self.under_way is not None:
            raise Failure("Nothing was begun", f"{self.under_way.title} is under way")
        self.current = job = Job(title)
        self._task = asyncio.ensure_future(job.run(call))
        return job

    async def ended(self) -> None:
        """Returns when nothing is under way any more."""
        if self._task is not None:
            await asyncio.wait([self._task])

    def leave(self) -> None:
        """Quit: the command under way may be cut off; what was begun is in the journal."""
        if self._task is not None:
            self._task.cancel()
