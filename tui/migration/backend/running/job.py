"""The calls of one migration to libvirt, on threads of their own: they post what came of them."""

import time
from collections.abc import Callable
from functools import partial

from tui.core.failure import Failure, as_failure
from tui.core.plan import AUTOMATIC, Plan, without_post_copy
from tui.core.protocols import Hypervisor, HypervisorEvent, JobInfo, PostCopyImpossible
from tui.core.threads import start_thread
from tui.migration.backend.running.connections import MigrationConnections


class Job:
    """Each method but `read` returns at once; the results are calls of the functions given here, on any thread."""

    def __init__(
        self,
        plan: Plan,
        connections: MigrationConnections,
        on_event: Callable[[str, HypervisorEvent, float], None],
        on_error: Callable[[Failure], None],
        on_no_post_copy: Callable[[Failure], None],
    ) -> None:
        self._ends: list[Callable[[], None]] = []  # of the subscriptions
        self._followed = False
        self.plan = plan  # that of "automatic" changes if a host does not allow post-copy
        self._connections = connections
        self._on_event = on_event
        self._on_error = on_error
        self._on_no_post_copy = on_no_post_copy

    @property
    def subscribed(self) -> bool:
        """Whether the events of a daemon are received."""
        return bool(self._ends)

    def unsubscribe_all(self) -> None:
        """End all subscriptions; blocks, raises Failure."""
        for end in self._ends:
            end()

    def read(self) -> JobInfo:
        """The statistics of the job; blocks, raises Failure."""
        return self._connections.at(self._connections.origin).job(self.plan.vm)

    def follow(self, then: Callable[[], None]) -> None:
        """Subscribe once to the events of both daemons; `then` is called after the first, because one may hang."""
        if not self._followed:
            start_thread("follow", lambda: self._follow(then))

    def migrate(
        self, uri: str, then: Callable[[], None], returned: Callable[[], None], failed: Callable[[Failure, bool], None]
    ) -> None:
        """Follow, and start the migration; `failed` also gets whether the job goes on all the same."""

        def call() -> None:
            self._follow(then)
            try:
                steer = self._connections.steer()
                steer.set_max_downtime(self.plan.vm, self.plan.downtime_ms)
                self._migrate(steer, uri)
            except Exception as error:  # noqa: BLE001  # the record must get an end
                failed(as_failure(f"{self.plan.vm} was not migrated", error), self._goes_on())
            else:
                returned()

        start_thread("migrate", call)

    def _migrate(self, steer: Hypervisor, uri: str) -> None:
        try:
            steer.migrate(self.plan, uri)
        except PostCopyImpossible as refused:
            if self.plan.technique != AUTOMATIC or not self.plan.post_copy:
                raise
            self.plan = without_post_copy(self.plan, refused.why)
            self._on_no_post_copy(refused)
            steer.migrate(self.plan, uri)

    def resume(self, uri: str, returned: Callable[[], None], failed: Callable[[Failure], None]) -> None:
        """Continue a paused post-copy; it returns when the migration has ended."""

        def call() -> None:
            try:
                self._connections.steer().resume_post_copy(self.plan, uri)
            except Exception as error:  # noqa: BLE001  # the record must get an end
                failed(as_failure("Post-copy was not resumed", error))
            else:
                returned()

        start_thread("resume", call)

    def _goes_on(self) -> bool:
        try:
            return bool(self.read().stats)
        except Failure:
            return True  # unknown for now; the sampler keeps trying

    def _follow(self, then: Callable[[], None]) -> None:
        self._followed = True
        self._listen(self._connections.origin)
        then()
        first, *further = self._connections.candidates or ("",)
        for host in further:  # at most one of them is the target, and none may delay the samples
            start_thread("listen", partial(self._listen, host))
        if first:
            self._listen(first)

    def _listen(self, host: str) -> None:
        def subscribe(hypervisor: Hypervisor) -> None:
            try:
                name = self._connections.name_on(host, self.plan.vm)
                end = hypervisor.subscribe(name, lambda event: self._on_event(host, event, time.monotonic()))
            except Failure as failure:
                self._on_error(failure)  # sampling continues without events
            else:
                self._ends.append(end)

        self._connections.on_open(host, subscribe)
        try:
            self._connections.at(host)
        except Failure as failure:
            self._on_error(failure)  # the next call to the host retries
