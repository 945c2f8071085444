"""What the form says of each policy, on one line each: what it does, and whose rules these are."""

from collections.abc import Mapping
from dataclasses import dataclass
from textwrap import shorten

from tui.core.plan import AUTOMATIC, OURS, Plan
from tui.core.virsh_options import BY_NAME


@dataclass(frozen=True)
class PolicyWords:
    """What a policy does and where its rules are from; `sets_downtime`: it does not keep the downtime of the plan."""

    does: str
    source: str
    sets_downtime: bool = False

    @property
    def without_post_copy(self) -> str:
        """What happens under this policy if post-copy is not allowed."""
        if self.sets_downtime:
            return "It sets the downtime; auto-converge slows the VM down."
        return "Auto-converge slows the VM down until pre-copy ends."


POLICY_WORDS: Mapping[str, PolicyWords] = {
    OURS: PolicyWords("Post-copy as soon as pre-copy proves not to end.", "of vmlm-tui"),
    "virsh-first-pass": PolicyWords("Post-copy when the first pass has ended.", "libvirt: virsh-domain.c"),
    "nova": PolicyWords(
        "Raises the downtime; post-copy after 800 s per GiB.", "OpenStack: libvirt/migration.py", sets_downtime=True
    ),
    "ovirt": PolicyWords(
        "Downtime 100, 150, 200 ms; then post-copy, about 40 s.", "vdsm: virt/migration.py", sets_downtime=True
    ),
    "proxmox": PolicyWords(
        "Doubles the downtime from 100 ms; never post-copy.", "qemu-server: QemuMigrate.pm", sets_downtime=True
    ),
    "kubevirt": PolicyWords("Post-copy at a low point after a stall of 60 s.", "KubeVirt: VEP 248, alpha"),
}


# Options of virsh that the forecast does not compute with; of others, earlier runs with the same ones show the rate.
NOT_FORECAST = (
    "comp_methods", "zerocopy", "auto_converge_initial", "auto_converge_increment", "postcopy_bandwidth_mib_s",
    "available_switchover_bandwidth_mib_s",
)  # fmt: skip
SENTENCE = 76  # columns of the form at 80


def unforeseen(plan: Plan) -> str:
    """What the forecast leaves out of a plan, in a sentence that fits one line; empty if nothing."""
    if plan.technique == AUTOMATIC and plan.shadow:
        return "The shadow only records: the migration runs as marked."
    options = [each.short for each in map(BY_NAME.__getitem__, NOT_FORECAST) if getattr(plan, each.name) != each.usual]
    return shorten(f"Not in the forecast: {', '.join(options)}.", SENTENCE, placeholder=" ...") if options else ""
