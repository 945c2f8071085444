"""A recorded run with its options, figures, versions and what a person noted; unknown values are None."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from tui.core.plan import ELSEWHERE, UNKNOWN
from tui.migration.model.observed_downtime import ObservedDowntime
from tui.runs.model.annotation import Annotation
from tui.runs.model.options import RunOptions
from tui.runs.model.run_forecast import RunForecast
from tui.vm.model.cpu import KVM, QEMU

EMULATED = "emulated"
UNDER_WAY, UNFINISHED, BROKEN = "under way", "unfinished", "broken"

UNSUMMARIZED = "It has ended, but its run.toml could not be written: the figures are only in its log."
UNFINISHED_WHY = "Its end was not recorded: the app stopped first. At its next start it records what libvirt still has."


@dataclass(frozen=True)
class HostFacts:
    """What was known of one host at the start; empty or None if it was not recorded."""

    hostname: str = ""
    libvirt: str = ""
    qemu: str = ""
    cpus: int | None = None
    cpu_model: str = ""
    memory_bytes: int | None = None
    uri: str = ""  # how the app reached its libvirt


@dataclass(frozen=True)
class StudyMark:
    """Of which study the run is a part; `cell` is equal for equal settings, `direction` is "out" or "back"."""

    name: str = ""
    id: str = ""
    cell: str = ""
    direction: str = ""
    repeat: int | None = None
    warm_up: bool = False
    censored: bool = False  # it was over the limit of the study: its total time counts as more than that
    limit_s: float | None = None


@dataclass(frozen=True)
class QueueMark:
    """Of which queue the run is a part, by the name of its folder; its VM is `number` of the plan, counted from 1."""

    id: str = ""
    number: int | None = None
    attempt: int | None = None  # to move the VM, counted from 1


@dataclass(frozen=True)
class GuestWork:
    """The workload's rate in `unit` before and after the migration, and the seconds of work that were lost.

    `lost_at_least` is the reason why more may be lost; empty if not.
    `error`: the workload found wrong pages, or could not be stopped.
    """

    rate_before: float | None = None
    rate_after: float | None = None
    unit: str = ""
    lost_s: float | None = None
    lost_at_least: str = ""
    error: str = ""


@dataclass(frozen=True)
class Run:
    """One folder of the runs; `problem` is empty if there is none."""

    folder: Path
    began: datetime | None = None
    ended: datetime | None = None
    vm: str = ""
    vcpus: int | None = None
    memory_bytes: int | None = None  # of the VM, by its definition
    accelerator: str = ""  # the type of the domain: "kvm", "qemu" if it was emulated; empty if it was not recorded
    workload: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)  # of the workload: text, numbers, truth values
    options: RunOptions = field(default_factory=RunOptions)
    origin: str = ""
    target: str = ""
    destination_uri: str = ""  # how the origin reached the libvirt of the target
    origin_facts: HostFacts = HostFacts()
    target_facts: HostFacts = HostFacts()
    app_version: str = ""
    interval_s: float | None = None  # between two samples
    outcome: str = BROKEN
    verified: str = ""  # where the VM was found afterwards
    advice: str = ""
    error: str = ""
    total_s: float | None = None
    downtime_s: float | None = None  # by libvirt
    setup_s: float | None = None
    sent_bytes: int | None = None
    disks_bytes: int | None = None  # of a copy of disks
    total_bytes: int | None = None  # libvirt's memory_total
    passes: int | None = None
    faults: int | None = None
    post_copy_at_s: float | None = None
    samples: int | None = None
    from_libvirt: bool | None = None  # False: libvirt no longer had its final figures
    observed: ObservedDowntime | None = None
    guest: GuestWork = GuestWork()
    bandwidth_bytes_s: float | None = None  # of the link, if no limit was set
    device_ms: float | None = None  # of the downtime, what the devices took
    forecast: RunForecast | None = None
    study: StudyMark | None = None
    queue: QueueMark | None = None
    imported: str = ""  # where an imported run comes from, and what is not known of it
    annotation: Annotation = field(default_factory=Annotation)
    problem: str = ""

    @property
    def virtualization(self) -> str:
        """How the CPU of the VM was run: "KVM", "emulated", another accelerator; empty if unknown."""
        return {KVM: "KVM", QEMU: EMULATED}.get(self.accelerator, self.accelerator)

    @property
    def technique(self) -> str:
        """The technique, one of core.plan; that of another version as it is."""
        return self.options.technique

    @property
    def way(self) -> str:
        """The direction: "source -> destination"; empty if unknown."""
        target = self.target or (ELSEWHERE if self.technique == UNKNOWN else "")  # another program started it
        return f"{self.origin} -> {target}" if self.origin and target else ""

    @property
    def network_ms(self) -> float | None:
        """The downtime that the network saw."""
        return self.observed.network_ms if self.observed else None

    @property
    def guest_ms(self) -> float | None:
        """The downtime that the guest saw, with the time for which its clock stood still."""
        return self.observed.guest_pause_ms if self.observed else None

    @property
    def sort_key(self) -> tuple[float, str]:
        """Orders runs by their start; those without one are the oldest."""
        return self.began.timestamp() if self.began else 0.0, str(self.folder)
