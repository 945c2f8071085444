"""The pause of the VM at the switchover, as libvirt, the network and the guest measured it."""

from tui.core.quantity import duration
from tui.migration.model.record import number_in
from tui.migration.model.timeline import Timeline
from tui.ui.chart.picture import Band

LIBVIRT, NETWORK, GUEST = "libvirt", "network", "guest"
BEFORE_POST_COPY_S = 1.0  # the VM is paused by so much at most before post-copy begins


def pauses(timeline: Timeline, *by: str) -> tuple[Band, ...]:
    """The pauses that these have measured, from the switchover on."""
    began = paused_at(timeline)
    if began is None:
        return ()
    measured = _milliseconds(timeline)
    found = [(each, measured[each]) for each in by]
    return tuple(
        Band(began, began + milliseconds / 1000, f"{each} pause {duration(milliseconds / 1000)}")
        for each, milliseconds in found
        if milliseconds
    )


def paused_at(timeline: Timeline) -> float | None:
    """When the VM was paused for the switchover; None before it."""
    at = timeline.post_copy_at
    marks = [mark.t for mark in timeline.marks if mark.sign == "S" and (at is None or mark.t > at - BEFORE_POST_COPY_S)]
    return marks[-1] if marks else at


def _milliseconds(timeline: Timeline) -> dict[str, float | None]:
    observed = timeline.observed
    return {
        LIBVIRT: number_in(timeline.final, "downtime"),
        NETWORK: observed.network_ms if observed is not None else None,
        GUEST: observed.guest_pause_ms if observed is not None else None,
    }
