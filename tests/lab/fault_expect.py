"""What must hold at the end of a fault, and the expectations that several faults share."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Expect:
    """What must hold at the end; patterns may name {vm}, {origin} and {target}.

    `sentence`, `error` and `advice` are found in what is shown at the end, each `never` in nothing that was shown at
    any time. `here` and `there` are the VM's states at the end on the origin and the target; "" is "not defined".
    `refused`: the start raises this. `gap`: the record has one.
    """

    outcome: str = ""
    sentence: str = ""
    error: str = ""
    advice: str = ""
    never: tuple[str, ...] = ()
    here: str = ""
    there: str = ""
    refused: str = ""
    gap: bool = False
    log_trouble: str = ""


RUNS = r"running \((booted|migrated|migration canceled|unpaused)\)"
OFF = r"shut off \(.*\)"
WATCHED = (r"[Uu]nobserved", r"undefine")  # it was watched, and nothing is left to be removed
NO_COMFORT = (*WATCHED, r"Nothing is lost", r"continues by itself")

STAYS = Expect("failed", sentence=r"{vm} runs on {origin}\.", error="{vm}", never=WATCHED, here=RUNS)
MOVES = Expect("completed", sentence="{vm} runs on {target}", never=WATCHED, there=RUNS)
LEFT = replace(
    MOVES, sentence="only there; {origin} still has its definition", advice="virsh undefine", here=OFF, never=()
)
LOST_THERE = Expect(
    "failed",
    sentence="QEMU of {vm} on {target} ended, in post-copy, so the VM is lost",
    error="QEMU of {vm} on {target} ended, in post-copy",
    advice="virsh destroy {vm}. Then start the VM from its disk",
    never=NO_COMFORT,
    here=r"paused \(post-copy.*\)",
    there=f"({OFF})?",
)
LOST_HERE = Expect(
    "failed",
    sentence="QEMU of {vm} on {origin} ended before all memory was sent, so the VM is lost",
    error="QEMU of {vm} on {origin} ended",
    advice="Force it off on {target}: virsh destroy {vm}",
    never=NO_COMFORT,
    here=OFF,
    there=r"(running|paused) \(.*\)",
)
ENDED_HERE = Expect(
    "failed",
    sentence="QEMU of {vm} on {origin} ended during the migration. {vm} runs neither on {origin} nor on {target}",
    advice="Start {vm} on the Launch page",
    never=(*WATCHED, "[Cc]ancel", "network"),
    here=OFF,
    there=f"({OFF})?",
)
POWERED_OFF = replace(ENDED_HERE, sentence="{vm} powered itself off on {origin}")
REFUSED = replace(STAYS, never=(*WATCHED, "connection to libvirt broke"))
