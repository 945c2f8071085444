"""What can be done for a VM that has moved: its network announced again, its clock set, its autostart restored."""

from dataclasses import dataclass

from tui.core import actions
from tui.core.protocols import BY_MONITOR
from tui.core.quantity import duration
from tui.migration.model.observed_downtime import ObservedDowntime
from tui.migration.model.record import number_in
from tui.migration.model.timeline import CANCELLED, COMPLETED, FAILED, IDLE, Timeline

SILENT_MS = 1000.0  # the network needs that much longer than the VM was paused: no longer the pause itself


@dataclass(frozen=True)
class Announcing:
    """How the VM `name` can be announced on `host`: `by` is BY_LIBVIRT or BY_MONITOR; `why_not` is empty if it can."""

    name: str
    host: str
    by: str = ""
    libvirt: str = ""
    why_not: str = ""

    @property
    def taints(self) -> bool:
        """Whether libvirt marks the VM as tainted."""
        return self.by == BY_MONITOR

    @property
    def taint(self) -> str:
        """What announcing it does to the VM, as sentences; empty if nothing."""
        if not self.taints:
            return ""
        return (
            f"libvirt {self.libvirt} on {self.host} has no call for it, which came with 12.5: QEMU's command "
            f"announce-self is sent over its monitor. libvirt then marks {self.name} as tainted (custom monitor "
            "commands) until the VM is switched off or moves; this changes nothing else."
        )

    @property
    def done(self) -> str:
        """The sentence after it was done."""
        how = "QEMU's announce-self" if self.taints else "libvirt"
        return f"{self.name} announces its network addresses on {self.host} again, by {how}: five times in 1.2 s."


def why_not_after(timeline: Timeline | None) -> str:
    """Why a VM can't be announced or its clock be set now; empty if its migration is over and it has moved."""
    if timeline is None or timeline.phase == IDLE:
        return "No migration has ended here yet."
    if not timeline.over:
        return "The migration is under way; at its end QEMU announces the VM by itself."
    if timeline.phase in (FAILED, CANCELLED):
        return "The VM has not moved."
    return "" if timeline.target else "The VM is on a host that is not configured."


def silence(timeline: Timeline, origin: str) -> str:
    """Why the network was silent for longer than the VM was paused, and what helps, as sentences; empty if not."""
    observed = timeline.observed
    if timeline.phase != COMPLETED or observed is None or observed.network_ms is None:
        return ""
    rest_ms = observed.network_ms - (_pause_ms(timeline, observed) or 0.0)
    if rest_ms < SILENT_MS:
        return ""
    if not observed.network_open:
        return (
            f"{duration(rest_ms / 1000)} longer than the VM was paused: switches or neighbours still sent its packets "
            f"to {origin}"
        )
    where = timeline.target or "its host"
    return (
        f"for {duration(rest_ms / 1000)} since the VM continued, and still: switches may send its packets to {origin}. "
        f"{actions.ANNOUNCE} announces its addresses again. If that does not help, check the bridge on {where}"
    )


def _pause_ms(timeline: Timeline, observed: ObservedDowntime) -> float | None:
    """For how long the VM was paused: as the guest measured it, else by libvirt."""
    found = [each for each in (observed.guest_pause_ms, number_in(timeline.final, "downtime")) if each is not None]
    return max(found, default=None)


def autostart_words(timeline: Timeline) -> str:
    """What happened to the VM's autostart, as a clause; empty if nothing."""
    if timeline.autostart is None:
        return ""
    if why := timeline.autostart.get("why"):
        return f"{timeline.target} does not start it with its host, as {timeline.options.get('origin')} did: {why}"
    return f"{timeline.target} starts it with its host, as {timeline.options.get('origin')} did"


def clock_words(timeline: Timeline) -> str:
    """The guest's clock against its host's after the move, as a clause; empty if it was not compared."""
    clock = timeline.guest_clock
    if clock is None:
        return ""
    return f"the guest's {clock.text}" + ("" if clock.agrees else f"; {actions.CLOCK} sets it")
