"""What is known when a migration has ended or broken: both hosts' answers, their events, and libvirt's error."""

from collections.abc import Iterable
from dataclasses import dataclass

from tui.core.failure import Failure
from tui.core.protocols import LIFECYCLE
from tui.core.vm import Vm
from tui.migration.model.record import Event, is_end_of_vm
from tui.migration.model.resume import Version

POST_COPY_FAILED = "post-copy failed"
POST_COPY = frozenset({"post-copy", POST_COPY_FAILED})  # libvirt's reasons if a VM's memory is on two hosts

ARRIVAL = ("started", "migrated")  # the event of a VM's life where QEMU was started to receive it

# How QEMU ended on a host.
MIGRATED = "migrated"  # its VM runs on the other host
POWERED_OFF = "powered off"  # by the guest itself
CRASHED = "crashed"  # the guest's kernel panicked, and libvirt stopped it as its definition demands
FORCED_OFF = "forced off"  # somebody called virsh destroy
DIED = "died"  # QEMU was killed or crashed; one that receives a VM also ends like that if the migration fails


@dataclass(frozen=True)
class HostAnswer:
    """What one daemon answered: the VM, None if it has none of that UUID; or `failure`, why it did not answer.

    `qemu_ended`: the VM's QEMU does not exist any more, although libvirt has not noticed. It needs up to a minute for
    that during a migration (measured with 11.3: 56 s).
    """

    vm: Vm | None = None
    failure: Failure | None = None
    qemu_ended: bool = False

    @property
    def silent(self) -> bool:
        """Whether nothing is known, which never means that there is no VM."""
        return self.failure is not None

    @property
    def active(self) -> bool:
        """Whether it has the VM with a QEMU process."""
        return self.vm is not None and self.vm.active and not self.qemu_ended

    @property
    def off(self) -> bool:
        """Whether it answered and no QEMU process has the VM."""
        return not self.silent and not self.active

    @property
    def in_post_copy(self) -> bool:
        """Whether the VM's memory is on two hosts, by this host's answer."""
        return self.reason in POST_COPY

    @property
    def receives(self) -> bool:
        """Whether the VM is being migrated to this host."""
        return self.vm is not None and (self.vm.arriving or self.in_post_copy)

    @property
    def reason(self) -> str:
        """libvirt's reason for the state, "" if there is none."""
        return self.vm.reason if self.vm is not None else ""


@dataclass(frozen=True)
class Evidence:
    """All that `diagnose` needs; `events` are those since the start, of both hosts, in their order.

    `there` is the answer of `peer`, the other configured host. `target` is that host, too, or "" if another program
    migrates the VM and `peer` was not seen to receive it.

    `post_copy` is whether the VM was switched to post-copy, `cancel_requested` whether this app requested a cancel
    that was not refused. `completed` is whether migrateToURI3 returned, `failure` what it or a call before it raised;
    neither is known of a migration that another process started. `job_cancelled` is whether libvirt or QEMU reported a
    cancel; a cancel may also be reported as a failure. `origin_lost` is whether the origin's daemon did not answer
    meanwhile. `keeps_definition` is whether the origin was to keep its definition of the VM, `stays_paused` whether the
    VM was not to run on the target. The versions are None if unknown.
    """

    name: str
    origin: str
    target: str
    peer: str
    here: HostAnswer
    there: HostAnswer
    events: tuple[Event, ...] = ()
    post_copy: bool = False
    cancel_requested: bool = False
    completed: bool = False
    failure: Failure | None = None
    job_cancelled: bool = False
    origin_lost: bool = False
    keeps_definition: bool = False
    stays_paused: bool = False
    origin_libvirt: Version | None = None
    target_libvirt: Version | None = None

    @property
    def here_ended(self) -> str:
        """How QEMU ended on the origin, as one of the words above; "" if it did not or that is unknown."""
        return "" if self.here.active else ending(self.events, self.origin) or _of_state(self.here)

    @property
    def there_ended(self) -> str:
        """The same of the target."""
        return "" if self.there.active else ending(self.events, self.target) or _of_state(self.there)

    @property
    def ran_there(self) -> bool:
        """Whether libvirt was seen to let the VM run on the target, which it does about a second after the switch."""
        return ("resumed", "post-copy") in lifecycle_words(self.events, self.target)

    @property
    def letting_it_run(self) -> bool:
        """Whether libvirt on the target was about to let it run: QEMU does that when it has the pages that it needs."""
        return any(event == "defined" for event, _detail in lifecycle_words(self.events, self.target))

    @property
    def ending_there(self) -> bool:
        """Whether QEMU on the target is about to end, as when the guest powers itself off."""
        words = [event for event, _detail in lifecycle_words(self.events, self.target)]
        return "shutdown" in words[len(words) - words[::-1].index("started") :] if "started" in words else False

    @property
    def origin_ended_first(self) -> bool:
        """Whether QEMU on the origin ended by itself before the target's; libvirt then ends that one."""
        ends = (each.data for each in self.events if each.kind == LIFECYCLE and each.data.get("event") == "stopped")
        first = next(ends, {})
        return first.get("host") == self.origin and is_end_of_vm(first)

    @property
    def switched(self) -> bool:
        """Whether the VM was stopped on the origin to run on the target."""
        return self.post_copy or any(
            word == ("suspended", "migrated") for word in lifecycle_words(self.events, self.origin)
        )


def lifecycle_words(events: Iterable[Event], host: str) -> list[tuple[str, str]]:
    """The events of the VM's life on `host`, each with its detail."""
    found = (each.data for each in events if each.kind == LIFECYCLE and each.data.get("host") == host)
    return [(str(data.get("event", "")), str(data.get("detail", ""))) for data in found]


def ending(events: Iterable[Event], host: str) -> str:
    """How the last QEMU of the VM on `host` ended; "" if no event reports that it has."""
    asked_off, found = "", ""
    for event, detail in lifecycle_words(events, host):
        if event == "started":
            asked_off, found = "", ""
        elif event == "shutdown":
            asked_off = detail
        elif event == "stopped":
            found = _stopped(detail, asked_off)
    return found


def _stopped(detail: str, asked_off: str) -> str:
    if detail == "migrated":
        return MIGRATED
    if detail == "forced off":
        return FORCED_OFF
    if asked_off == "by the guest":
        return POWERED_OFF
    if detail == "crashed":
        return CRASHED
    # QEMU reports a shutdown "by the host" if it ends by SIGTERM; records before 0.2 have no detail.
    return POWERED_OFF if detail == "shut down" and not asked_off else DIED


def _of_state(answer: HostAnswer) -> str:
    """How it ended by the state alone, if no event was received."""
    if answer.qemu_ended:
        return DIED
    return {"migrated": MIGRATED, "crashed": DIED}.get(answer.reason, "") if answer.off else ""
