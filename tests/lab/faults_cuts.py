"""The link cut at a moment of post-copy, to the millisecond: before and after libvirt lets the VM run on the target."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from tests.lab.fault import BEGUN, Fault, Step, does, ends_or_is_ended, lasts, resumes_if_paused
from tests.lab.fault_acts import cut_link_after, end_qemu, link, link_is_cut
from tests.lab.fault_expect import LEFT, LOST_THERE, MOVES, OFF, Expect
from tests.lab.fault_world import TARGET
from tui.lab.network import UNLIMITED

AFTER_S = (0.0, 0.05, 0.5, 5.0)  # after the record with which post-copy begins
SHORT_S, LONG_S = 5.0, 60.0  # libvirt's keepalive gives up after 30 s
STALL_S = 30.0  # TCP sends again within 10 s after a cut of 5 s


def _cuts(after: Iterable[float], seconds: float, expect: Expect, *then: Step) -> Iterator[Fault]:
    for after_s in after:
        yield Fault(
            f"link cut {after_s * 1000:.0f} ms after the switch for {seconds:.0f} s",
            BEGUN,
            lambda _: None,
            expect,
            (does(link_is_cut), lasts(seconds), *then),
            link(TARGET, "up"),
            arm=cut_link_after(TARGET, after_s),
        )


# libvirt lets the VM run on the target about a second after QEMU has switched; before that it ends the VM there.
ENDED_THERE = replace(
    LOST_THERE,
    sentence="libvirt on {target} ended {vm} there, because its connection to {origin} broke before",
    error="libvirt on {target} ended {vm} there",
)
# QEMU without KVM hangs on the target if it has to wait for a page while libvirt lets the VM run (10.0, each time after
# a cut of 5 s at 50 ms). The page must then not claim that the VM runs there.
OR_HANGS = replace(
    MOVES,
    outcome="completed|failed",
    sentence="{vm} runs on {target}|so the VM is lost",
    advice=".*",
    never=(),
    here=".*",
    there=".*",
)
UP_AGAIN = (does(link(TARGET, "up")), does(lambda world: world.rate(UNLIMITED)))
CUTS = (
    *_cuts(AFTER_S[:2], SHORT_S, OR_HANGS, *UP_AGAIN, ends_or_is_ended(end_qemu(TARGET), STALL_S)),
    *_cuts(AFTER_S[2:], SHORT_S, replace(MOVES, never=())),
    *_cuts(AFTER_S[:2], LONG_S, ENDED_THERE),
    *_cuts(AFTER_S[2:], LONG_S, replace(LEFT, never=("unobserved",))),
)
# Between hosts whose libvirt can resume a post-copy.
RESUMED = tuple(
    _cuts(
        AFTER_S,
        LONG_S,
        replace(MOVES, here=f"({OFF})?", advice=".*", never=()),
        *UP_AGAIN,
        resumes_if_paused,
    )
)
