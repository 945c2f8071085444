"""The options of a migration, and the combinations that cannot work."""

from dataclasses import asdict, dataclass, replace
from typing import Any

from tui.core.failure import Failure
from tui.core.virsh_options import MT, USUAL, VirshOptions

PRE_COPY = "pre-copy"
POST_COPY_TIMEOUT = "post-copy-timeout"
POST_COPY_MANUAL = "post-copy-manual"
AUTOMATIC = "automatic"
SUSPEND_TIMEOUT = "suspend-timeout"

TECHNIQUES = {
    PRE_COPY: "pre-copy",
    POST_COPY_TIMEOUT: "post-copy after a timeout",
    POST_COPY_MANUAL: "post-copy by hand",
    AUTOMATIC: "automatic: post-copy if needed",
    SUSPEND_TIMEOUT: "pre-copy, suspended after a timeout",
}
TIMED = (POST_COPY_TIMEOUT, SUSPEND_TIMEOUT)
WITHOUT_POST_COPY = (PRE_COPY, SUSPEND_TIMEOUT)

POST_COPY = "post-copy"  # the technique of an imported log, which does not show whether a timeout or a person switched
AT_ONCE = "post-copy at once"  # in a forecast, and in a study, where nobody presses a key
OURS = "forecast"  # the policy of "automatic", unless another one is chosen
POLICY_NAMES = (OURS, "virsh-first-pass", "nova", "ovirt", "proxmox", "kubevirt")  # of forecast.model.policy
UNKNOWN = "unknown"  # the technique of a migration that another program started
NOT_ALLOWED = "Post-copy is not allowed"  # by the user: why "automatic" does without post-copy
ELSEWHERE = "another host"  # the target of such a migration, as a sentence names it while it is unknown

NO_LIMIT_MIB_S = 2**63 // 2**20 - 1  # the most that libvirt converts to bytes: setting a limit has no 0 for none
PARALLEL_POST_COPY_SINCE = (10, 1, 0)  # the first QEMU that allows both


@dataclass(frozen=True)
class Plan(VirshOptions):
    """One migration: its VM, technique and limits; `bandwidth_mib_s` 0 is no limit, `parallel` 0 one connection.

    `to` is the host that it goes to, "" for the only one possible. With `host_address`, its `migrateuri` is the
    migration address of that host, and was not chosen for this migration.
    `total_s` is the longest total time of "automatic", 0 for no limit: it uses post-copy in time to keep it.
    With `shadow`, what the technique "automatic" would do is recorded, and not done. `post_copy_refused` is why it has
    to do without post-copy; it is known at the start.
    """

    vm: str
    technique: str = PRE_COPY
    timeout_s: float = 25.0
    bandwidth_mib_s: int = 0
    downtime_ms: int = 300
    auto_converge: bool = False
    parallel: int = 0
    shadow: bool = False
    post_copy_refused: str = ""
    policy: str = OURS
    total_s: float = 0.0
    to: str = ""
    host_address: bool = False

    @property
    def post_copy(self) -> bool:
        """Whether the switch to post-copy is allowed, which libvirt must know at the start."""
        return self.technique not in WITHOUT_POST_COPY and not self.post_copy_refused

    @property
    def words(self) -> str:
        """The technique, as a person reads it."""
        return technique_words(self.technique, self.timeout_s, self.policy)

    @property
    def fields(self) -> dict[str, Any]:
        """The fields as JSON; those that are not used are left out, because an older version does not know them."""
        unused = {"shadow": False, "post_copy_refused": "", "policy": OURS, "total_s": 0.0, "to": "", **USUAL}
        unused["host_address"] = False
        return {name: value for name, value in asdict(self).items() if name not in unused or value != unused[name]}


def technique_words(technique: str, timeout_s: float | None = None, policy: str = OURS) -> str:
    """A technique as a person reads it, with its timeout if that is known; that of a newer version as it is."""
    if technique == AUTOMATIC and policy != OURS:
        return f"{AUTOMATIC} by the rules of {policy}"
    if technique in TIMED and timeout_s:
        return f"{'post-copy' if technique == POST_COPY_TIMEOUT else 'suspended'} after {timeout_s:g} s"
    return "not started here" if technique == UNKNOWN else TECHNIQUES.get(technique, technique)


def with_technique(plan: Plan, technique: str) -> Plan:
    """The plan with another technique; that post-copy is not allowed holds for "automatic" alone."""
    refused = plan.post_copy_refused if technique == AUTOMATIC else ""
    return replace(plan, technique=technique, post_copy_refused=refused)


def refuse(plan: Plan, hypervisor_version: tuple[int, int, int]) -> Failure | None:
    """The Failure for a combination that libvirt or QEMU would refuse, else None."""
    if plan.technique not in TECHNIQUES:
        return Failure(f"There is no technique {plan.technique!r}", f"the techniques are {', '.join(TECHNIQUES)}")
    if plan.downtime_ms <= 0:
        return Failure("The maximum downtime must be at least 1 ms", f"it is {plan.downtime_ms} ms")
    if plan.bandwidth_mib_s < 0:
        return Failure("The bandwidth limit cannot be negative", "", "0 means no limit.")
    if plan.parallel < 0:
        return Failure("The number of parallel connections cannot be negative", "", "0 means one connection.")
    if plan.technique == SUSPEND_TIMEOUT and plan.timeout_s <= 0:
        return Failure("The timeout for the suspension must be above 0 s", "", "Choose one such as 25 s.")
    if plan.total_s < 0:
        return Failure("The longest total time cannot be negative", "", "0 means no limit.")
    if plan.technique == POST_COPY_TIMEOUT and plan.timeout_s <= 0:
        return Failure("The timeout for post-copy must be above 0 s", "", "Choose post-copy by hand to switch at once.")
    if plan.post_copy and plan.technique != AUTOMATIC and (why := _no_parallel_post_copy(plan, hypervisor_version)):
        hint = "Set the parallel connections to 0, or choose pre-copy."
        return Failure("Post-copy over parallel connections cannot start", why, hint)
    return None


def possible(plan: Plan, hypervisor_version: tuple[int, int, int]) -> Plan:
    """The plan; "automatic" slows the VM down instead where post-copy is not possible."""
    if plan.technique != AUTOMATIC or not plan.post_copy:
        return plan
    why = _no_parallel_post_copy(plan, hypervisor_version)
    if not why and plan.tunnelled:
        why = "a tunnelled migration supports no post-copy"
    if not why and plan.suspend:
        why = "libvirt does not combine it with --suspend"
    if not why and MT in plan.methods:
        why = f"QEMU does not combine it with compression by {MT}"
    return without_post_copy(plan, why) if why else plan


def without_post_copy(plan: Plan, why: str) -> Plan:
    """A plan of "automatic" that does without post-copy."""
    return replace(plan, post_copy_refused=why, auto_converge=True)


def _no_parallel_post_copy(plan: Plan, hypervisor_version: tuple[int, int, int]) -> str:
    """Why QEMU refuses post-copy over the parallel connections of the plan; empty if it does not."""
    if not plan.parallel or hypervisor_version >= PARALLEL_POST_COPY_SINCE:
        return ""
    version = ".".join(map(str, hypervisor_version))
    return f"QEMU allows it since 10.1, this host has {version}"
