"""The link cut at a moment of post-copy, to the millisecond: before and after libvirt lets the VM run on the target."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from tests.lab import fault_vm
from tests.lab.fault import (
    BEGUN,
    IN_POST_COPY,
    Fault,
    Step,
    alive,
    does,
    ends_or_is_ended,
    lasts,
    presses,
    resumes_if_paused,
    shows,
)
from tests.lab.fault_acts import cut_link_after, end_qemu, link, link_is_cut
from tests.lab.fault_expect import LEFT, MOVES, OFF, Expect
from tests.lab.fault_world import TARGET
from tui.lab.network import UNLIMITED
from tui.migration.model.keys import PAUSE, RESUME

EARLY_S, LATE_S = (0.0, 0.05), (0.5, 5.0)  # after the record with which post-copy begins
SHORT_S, LONG_S = 5.0, 60.0  # libvirt's keepalive gives up after 30 s
STALL_S = {SHORT_S: 30.0, LONG_S: 90.0}  # TCP has sent again by then

# Early: libvirt has not let the VM run on the target yet. It may still do so; if it does not, it ends the VM there
# after 30 s. QEMU without KVM may also hang there, because it waits for a page (10.0: each time after 5 s at 50 ms).
EARLY = Expect(
    "completed|failed",
    sentence="{vm} runs on {target}|libvirt on {target} ended {vm} there|so the VM is lost",
    advice=".*",
    never=("Another program", "[Uu]nobserved"),
    here=".*",
    there=".*",
)
UP_AGAIN = (does(link(TARGET, "up")), does(lambda world: world.rate(UNLIMITED)))


def _cuts(after: Iterable[float], seconds: float, expect: Expect, *then: Step) -> Iterator[Fault]:
    for after_s in after:
        yield Fault(
            f"link cut {after_s * 1000:.0f} ms after the switch for {seconds:.0f} s",
            BEGUN,
            lambda _: None,
            expect,
            (does(link_is_cut), lasts(seconds), *UP_AGAIN, *then),
            arm=cut_link_after(TARGET, after_s),
        )


def _early_cuts(seconds: float) -> Iterator[Fault]:
    return _cuts(EARLY_S, seconds, EARLY, ends_or_is_ended(end_qemu(TARGET), STALL_S[seconds]))


CUTS = (
    *_early_cuts(SHORT_S),
    *_cuts(LATE_S, SHORT_S, replace(MOVES, never=())),
    *_early_cuts(LONG_S),
    *_cuts(LATE_S, LONG_S, replace(LEFT, never=("unobserved",))),
)
# Between hosts whose libvirt can resume a post-copy.
RESUMED = (
    Fault(
        "post-copy paused and resumed",
        IN_POST_COPY,
        # QEMU without KVM cannot be resumed while an interrupt waits for a page of the kernel's stack: its main loop
        # waits, too. After a second of work these pages have arrived.
        lambda world: fault_vm.wait_for_a_line(world.lab.place),
        replace(MOVES, never=("Another program",)),
        (presses(PAUSE), shows("does not continue by itself"), presses(RESUME), does(alive)),
        chosen=True,
    ),
    *_cuts(LATE_S, LONG_S, replace(MOVES, here=f"({OFF})?", advice=".*", never=()), resumes_if_paused),
)
