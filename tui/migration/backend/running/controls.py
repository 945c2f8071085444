"""The controls of one migration: requests of a person, the timeout or a policy, held until QEMU accepts them."""

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from tui.core.failure import Failure
from tui.core.log import log
from tui.core.protocols import PostCopyImpossible
from tui.core.threads import start_thread
from tui.migration.backend.recording.run_log import RunLog
from tui.migration.backend.requests import Requests
from tui.migration.backend.running.connections import MigrationConnections
from tui.migration.model import record
from tui.migration.model.keys import BANDWIDTH, CANCEL, DOWNTIME, PAUSE, POST_COPY_NOW, RESUME, SUSPEND
from tui.migration.model.record import Event, Record
from tui.migration.model.resume import why_not_resume

Post = Callable[..., None]  # queues a call for the actor: post(call, *arguments)


class Controls(Requests):
    """The public requests return at once, on any thread; all else runs on the actor's thread.

    Each libvirt call has a thread of its own, which starts before the request is written: nothing delays a key.
    """

    def __init__(
        self,
        vm: str,
        connections: MigrationConnections,
        run_log: RunLog,
        post: Post,
        sample_now: Callable[[], None],
        resume: Callable[[], None],
    ) -> None:
        self.cancel_requested = False
        self.by_person: set[str] = set()  # actions that a person has requested
        self.post_copy_refused = ""  # why the newest request was; it may be made again unless that is impossible
        self.post_copy_refusals = 0
        self.post_copy_impossible = False
        self.refused: dict[tuple[str, int | None], float] = {}  # what libvirt has refused, with its value, and when
        self.passes_seen = False  # the first pass has begun
        self._vm = vm
        self._connections = connections
        self._run_log = run_log
        self._post = post
        self._sample_now = sample_now
        self._call_resume = resume  # blocks until the migration has ended
        self._resume = "no"  # -> "wanted" -> "sent" -> "wanted" if it was refused
        self._post_copy = "no"  # -> "held" -> "sent" -> "done"
        self._job_seen = False  # libvirt has a job, which can be cancelled
        self._cancel_held = False  # one came before
        self._held: dict[str, int | None] = {}  # changes that wait for the first pass, the newest of each kind
        self._held_share: int | None = None  # of the queue, which waits for the first pass, too
        self._stopped = False

    # -- requests, on any thread --

    def send(self, action: str, value: int | None = None, pressed: float | None = None) -> None:
        """Request an action of model.keys; `pressed` is the moment of the key by time.monotonic(), None for now."""
        self._post(self._request, action, value, time.monotonic() if pressed is None else pressed)

    def share(self, mib_per_s: int) -> None:
        """The queue of this migration gives it another share of the bandwidth; 0 is no limit."""
        self._post(self._share, mib_per_s)

    # -- on the actor's thread --

    @property
    def switching(self) -> bool:
        """Whether the switch to post-copy is held, sent or done."""
        return self._post_copy != "no"

    def resume(self, earlier: Sequence[Record]) -> None:
        """Restore the requests of an earlier process that are still open; before the actor starts."""
        timeline = self._run_log.timeline  # what it shows as requested, a key cannot request again
        if timeline.post_copy_held or timeline.post_copy_sent:
            self._post_copy = "held"
        if timeline.resume_requested:
            self._resume = "wanted"
        for each in earlier:
            if isinstance(each, Event) and each.data.get("action") in (DOWNTIME, BANDWIDTH):
                action, value = str(each.data["action"]), each.data.get("value")
                self._held.pop(action, None)
                if each.kind == record.KEY and each.data.get("held") and isinstance(value, int):
                    self._held[action] = value
        self.cancel_requested = _cancel_stands(earlier)
        events = [each for each in earlier if isinstance(each, Event)]
        self.by_person = {str(each.data.get("action")) for each in events if each.kind == record.KEY}
        for each in events:
            action, failed = str(each.data.get("action")), bool(each.data.get("failed"))
            if each.kind == record.ACTION and action in (DOWNTIME, BANDWIDTH):
                self._note(action, each.data.get("value"), each.t if failed else None)
            elif action == POST_COPY_NOW and failed:
                why, impossible = str(each.data.get("why", "")), bool(each.data.get("impossible"))
                self._note_post_copy(why, each.t, impossible=impossible)
            self.post_copy_impossible = self.post_copy_impossible or bool(each.data.get("without_post_copy"))

    def timed_out(self, seconds: float) -> None:
        """The timeout of the technique has passed."""
        if not self._stopped and self._post_copy != "done":
            held = not self.passes_seen
            self._run_log.event(record.ACTION, action="timeout", value=seconds, held=held)
            self._switch(time.monotonic())

    def suspend(self) -> None:
        """Suspend the VM, once the first pass has begun: before it, libvirt would leave the VM suspended at the end."""
        if self._stopped or self.cancel_requested:
            return
        if self.passes_seen:
            self._send(SUSPEND, None)
        else:
            self._held[SUSPEND] = None

    def decided(self, action: str, value: int | None) -> None:
        """The policy of the technique "automatic" has decided on an action; the first pass must have begun."""
        if action == POST_COPY_NOW:
            self._switch(time.monotonic())
        else:
            self._send(action, value)

    def job_has_begun(self) -> None:
        """libvirt has a job: it accepts a cancel from now on."""
        self._job_seen = True
        if self._cancel_held:
            self._cancel_held = False
            self._send(CANCEL, None)

    def passes_have_begun(self) -> None:
        """The first pass has begun: QEMU accepts all requests from now on."""
        self.job_has_begun()
        self.passes_seen = True
        held, self._held = self._held, {}
        for action, value in held.items():
            self._send(action, value)
        if self._held_share is not None:
            self._send(BANDWIDTH, self._held_share, by=record.QUEUE)
        if self._post_copy == "held":
            self._post_copy = "sent"
            self._send_post_copy(time.monotonic())

    def in_post_copy(self) -> None:
        """The migration is in post-copy, whether this process switched it or another program."""
        self._post_copy = "done"

    def resume_if_requested(self) -> None:
        """Both hosts would accept a resume now."""
        if self._resume == "wanted" and not self._stopped:
            self._resume = "sent"
            start_thread("resume", self._call_resume)
            self._run_log.event(record.ACTION, action=RESUME, sent=True)

    def post_copy_goes_on(self) -> None:
        """It has been resumed, or has found its connection again."""
        if self._resume == "wanted":
            self._resume = "no"

    def resume_refused(self, failure: Failure) -> None:
        """libvirt or QEMU has not accepted the resume, or it broke again: it is tried again."""
        if self._resume == "sent":  # else it was paused on purpose meanwhile
            self._resume = "wanted"
        self._run_log.event(record.ACTION, action=RESUME, failed=True)
        self._run_log.error(failure)

    def stop(self) -> None:
        """Ignore all further requests."""
        self._stopped = True

    def _request(self, action: str, value: int | None, pressed: float) -> None:
        if self._stopped:
            return
        self.by_person.add(action)
        if action == POST_COPY_NOW:
            if self._switch(pressed):
                self._run_log.event(record.KEY, at=pressed, action=action, held=not self.passes_seen)
            return
        if action == RESUME:
            if self._resume == "no":
                self._resume = "wanted"
                self._run_log.event(record.KEY, at=pressed, action=action)
            return
        if action == CANCEL:
            self.cancel_requested = True
        if action == PAUSE:
            self._resume = "no"
        early = not self.passes_seen and action in (DOWNTIME, BANDWIDTH)
        if early:  # during setup QEMU accepts a limit, then replaces it with the one from the start
            self._held[action] = value
            self._held_share = None if action == BANDWIDTH else self._held_share
        else:
            self._send(action, value)
        self._run_log.event(record.KEY, at=pressed, action=action, value=value, held=early)

    def _share(self, mib_per_s: int) -> None:
        if self._stopped:
            return
        if self.passes_seen:
            self._send(BANDWIDTH, mib_per_s, by=record.QUEUE)
        else:
            self._held.pop(BANDWIDTH, None)
            self._held_share = mib_per_s

    def _switch(self, requested: float) -> bool:
        """Send or hold the switch; False if that was done before."""
        if self._post_copy != "no":
            return False
        self._post_copy = "sent" if self.passes_seen else "held"
        if self.passes_seen:
            self._send_post_copy(requested)
        return True

    def _send_post_copy(self, requested: float) -> None:
        def call() -> None:
            called = time.monotonic()
            try:
                self._connections.steer().start_post_copy(self._vm)
            except Failure as failure:
                self._post(self._post_copy_refused, failure)
            else:
                self._post(self._post_copy_sent, requested, called, time.monotonic() - called)

        start_thread("post-copy", call)

    def _post_copy_sent(self, requested: float, called: float, took: float) -> None:
        self._post_copy = "done"
        after, seconds = round(called - requested, 5), round(took, 5)
        self._run_log.event(record.ACTION, at=called, action=POST_COPY_NOW, after=after, seconds=seconds)
        self._sample_now()

    def _post_copy_refused(self, failure: Failure) -> None:
        self._post_copy = "no"  # it may be requested again
        why, impossible = failure.why or failure.what, isinstance(failure, PostCopyImpossible)
        data = {"impossible": True} if impossible else {}
        self._run_log.event(record.ACTION, action=POST_COPY_NOW, failed=True, why=why, **data)
        self._note_post_copy(why, self._run_log.timeline.now, impossible=impossible)
        self._run_log.error(failure, request=POST_COPY_NOW)

    def _note_post_copy(self, why: str, at: float, *, impossible: bool) -> None:
        self.post_copy_refused = why or "the reason is not recorded"
        self.post_copy_refusals += 1
        self.post_copy_impossible = self.post_copy_impossible or impossible
        self._note(POST_COPY_NOW, None, at)

    def _send(self, action: str, value: int | None, *, by: str = "") -> None:
        whose: dict[str, Any] = {"by": by} if by else {}
        post_copy = action == BANDWIDTH and self._post_copy == "done"  # which has a limit of its own
        early = not self._job_seen
        if action == SUSPEND:  # written first, or its event would look like the switchover
            self._run_log.event(record.ACTION, action=SUSPEND)

        def call() -> None:
            try:
                steer = self._connections.steer()
                if action == CANCEL:
                    steer.abort_job(self._vm)
                elif action == SUSPEND:
                    steer.suspend(self._vm)
                elif action == PAUSE:
                    self._require_resumable()
                    steer.pause_post_copy(self._vm)
                elif action == DOWNTIME:
                    steer.set_max_downtime(self._vm, value or 0)
                elif post_copy:
                    steer.set_post_copy_bandwidth(self._vm, value or 0)
                else:
                    steer.set_bandwidth(self._vm, value or 0)
            except Failure as failure:
                if early and action == CANCEL:
                    self._post(self._cancel_again, failure)
                else:
                    self._post(self._refused, action, value, failure, whose)
            else:
                self._post(self._accepted, action, value, post_copy, whose)

        start_thread(action, call)

    def _require_resumable(self) -> None:
        """Raise Failure if libvirt could not resume what it pauses; blocks."""
        connections, what = self._connections, f"Post-copy of {self._vm} was not paused"
        if not connections.target:
            raise Failure(what, "it could not be resumed: its destination is not a host of the configuration")
        here, there = (connections.at(host).daemon() for host in (connections.origin, connections.target))
        reason = why_not_resume(
            there.libvirt_version, here.libvirt_version, target=connections.target, origin=connections.origin
        )
        if reason:
            raise Failure(what, "it could not be resumed", reason)

    def _accepted(self, action: str, value: int | None, post_copy: bool, whose: dict[str, Any]) -> None:
        self._note(action, value, None)
        if action == SUSPEND:
            return
        of_post_copy = {"post_copy": True} if post_copy else {}
        self._run_log.log(record.ACTION, {"action": action, "value": value, **of_post_copy, **whose})

    def _note(self, action: str, value: int | None, refused_at: float | None) -> None:
        if refused_at is None:
            self.refused.pop((action, value), None)
        else:
            self.refused[action, value] = refused_at

    def _cancel_again(self, failure: Failure) -> None:
        """Send a cancel again that came before libvirt had a job, once it has one; a second refusal is reported."""
        log.info("The cancel of %s waits for the job: %s", self._vm, failure)
        self._cancel_held = True
        if self._job_seen:
            self.job_has_begun()

    def _refused(self, action: str, value: int | None, failure: Failure, whose: dict[str, Any]) -> None:
        self._note(action, value, self._run_log.timeline.now)
        self.cancel_requested = self.cancel_requested and action != CANCEL
        self._run_log.event(record.ACTION, action=action, value=value, failed=True, **whose)
        self._run_log.error(failure, request=action)


def _cancel_stands(records: Iterable[Record]) -> bool:
    """Whether a cancel was requested and not refused."""
    cancels = [each.data for each in records if isinstance(each, Event) and each.data.get("action") == CANCEL]
    return bool(cancels) and not cancels[-1].get("failed")
