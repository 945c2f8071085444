"""Finds out what the end or the break of a migration means: asks the hosts, and adds the events so far."""

from collections import deque
from collections.abc import Callable

from tui.core.failure import unexpected
from tui.core.log import log
from tui.core.plan import Plan
from tui.core.protocols import (
    JOB_CANCELLED,
    LIFECYCLE,
    QEMU_STATUS,
    STATUS_CANCELLED,
)
from tui.core.threads import start_thread
from tui.core.vm import Vm
from tui.migration.backend.running.connections import MigrationConnections
from tui.migration.backend.running.location import Answers, Locator
from tui.migration.backend.running.state import State
from tui.migration.model.ending.diagnosis import Diagnosis, diagnose
from tui.migration.model.ending.evidence import ARRIVAL, Evidence, HostAnswer, lifecycle_words
from tui.migration.model.record import Event, Record, Sample

OnAnswers = Callable[[Answers], None]

EVENTS = 100  # of both hosts; the newest decide


class Inquiry:
    """`on_answers` is called with each pair of answers, on another thread; one pair is asked at a time."""

    def __init__(self, plan: Plan, vm: Vm, connections: MigrationConnections, on_answers: OnAnswers) -> None:
        self._plan = plan
        self._vm = vm
        self._connections = connections
        self._on_answers = on_answers
        self._events: deque[Event] = deque(maxlen=EVENTS)
        self._job_cancelled = False
        self._asking = False
        self._locator = Locator(connections, vm)

    def see(self, each: Record) -> None:
        """Remember a lifecycle event, and each sign of a cancel."""
        if isinstance(each, Sample):
            self._job_cancelled |= each.number("type") == JOB_CANCELLED
        elif each.kind == LIFECYCLE:
            self._events.append(each)
        elif each.kind == QEMU_STATUS and each.data.get("host") == self._connections.origin:
            self._job_cancelled |= each.data.get("status") in STATUS_CANCELLED

    def ask(self, *, versions: bool) -> None:
        """Ask both hosts, unless they are being asked; returns at once."""
        if not self._asking:
            self._asking = True
            start_thread("ask", lambda: self._ask(versions))

    def _ask(self, versions: bool) -> None:
        try:
            found = self._locator.answers(versions=versions)
        except Exception as error:  # noqa: BLE001  # the caller asks again
            log.exception("The hosts were not asked about %s", self._vm.name)
            silent = HostAnswer(failure=unexpected("The hosts were not asked", error))
            found = Answers(silent, silent)
        self._asking = False
        self._on_answers(found)

    def learn_target(self, found: Answers, *, ended: bool) -> bool:
        """Name the target that was unknown, if another configured host has received the VM; True if one has."""
        known, there = self._connections, found.there
        began = there.vm is not None and ARRIVAL in lifecycle_words(self._events, known.peer)
        if known.target or not (there.receives or began or (ended and there.active)):
            return False
        known.target = known.peer
        return True

    def diagnose(self, found: Answers, state: State, *, post_copy: bool, cancel_requested: bool) -> Diagnosis:
        """What the answers mean, with all that is known besides; see model.evidence."""
        return diagnose(
            Evidence(
                self._vm.name,
                self._connections.origin,
                self._connections.target,
                self._connections.peer,
                found.here,
                found.there,
                tuple(self._events),
                post_copy=post_copy,
                cancel_requested=cancel_requested,
                completed=state.completed,
                failure=state.failure,
                job_cancelled=self._job_cancelled,
                origin_lost=state.origin_lost,
                keeps_definition=not self._plan.undefinesource,
                stays_paused=self._plan.suspend,
                origin_libvirt=found.here_libvirt,
                target_libvirt=found.there_libvirt,
            )
        )
