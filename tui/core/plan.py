"""The options of a migration, and the combinations that cannot work."""

from dataclasses import dataclass

from tui.core.failure import Failure

PRE_COPY = "pre-copy"
POST_COPY_TIMEOUT = "post-copy-timeout"
POST_COPY_MANUAL = "post-copy-manual"

TECHNIQUES = {
    PRE_COPY: "pre-copy",
    POST_COPY_TIMEOUT: "post-copy after a timeout",
    POST_COPY_MANUAL: "post-copy by hand",
}

POST_COPY = "post-copy"  # the technique of an imported log, which does not show whether a timeout or a person switched
AT_ONCE = "post-copy at once"  # by hand in a study, where nobody presses the key
UNKNOWN = "unknown"  # the technique of a migration that another program started
ELSEWHERE = "another host"  # the target of such a migration, as a sentence names it while it is unknown

PARALLEL_POST_COPY_SINCE = (10, 1, 0)  # the first QEMU that allows both


@dataclass(frozen=True)
class Plan:
    """One migration: its VM, technique and limits; `bandwidth_mib_s` 0 is no limit, `parallel` 0 one connection."""

    vm: str
    technique: str = PRE_COPY
    timeout_s: float = 25.0
    bandwidth_mib_s: int = 0
    downtime_ms: int = 300
    auto_converge: bool = False
    parallel: int = 0

    @property
    def post_copy(self) -> bool:
        """Whether the switch to post-copy is allowed, which libvirt must know at the start."""
        return self.technique != PRE_COPY

    @property
    def words(self) -> str:
        """The technique, as a person reads it."""
        return technique_words(self.technique, self.timeout_s)


def technique_words(technique: str, timeout_s: float | None = None) -> str:
    """A technique as a person reads it, with its timeout if that is known; that of a newer version as it is."""
    if technique == POST_COPY_TIMEOUT and timeout_s:
        return f"post-copy after {timeout_s:g} s"
    return "not started here" if technique == UNKNOWN else TECHNIQUES.get(technique, technique)


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
    if plan.technique == POST_COPY_TIMEOUT and plan.timeout_s <= 0:
        return Failure("The timeout for post-copy must be above 0 s", "", "Choose post-copy by hand to switch at once.")
    if plan.post_copy and plan.parallel and hypervisor_version < PARALLEL_POST_COPY_SINCE:
        version = ".".join(map(str, hypervisor_version))
        return Failure(
            "Post-copy over parallel connections cannot start",
            f"QEMU allows it since 10.1, this host has {version}",
            "Set the parallel connections to 0, or choose pre-copy.",
        )
    return None
