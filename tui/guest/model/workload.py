"""The workloads: what to start in a guest, and the status of what runs there."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from tui.core.failure import Failure
from tui.core.quantity import MIB, clock, number, rate, size, whole
from tui.core.settings import IDLE

CPU, MEMORY = "cpu", "memory"

ENDED_BY_TERM = 128 + 15  # the exit status of a program that TERM ended

PARAMETERS = {"--threads": "threads", "--size": "size_mib", "--rate": "rate_mib_s"}
PROGRAMS = {CPU: "cpu_util", MEMORY: "memory_intensive"}
DESCRIPTIONS = {
    CPU: "Each thread adds pow(sin(i), i); memory hardly changes.",
    MEMORY: "Each thread rewrites its own memory and checks it.",
}

LONGEST_LINE = 1000  # characters kept of a line from the guest
MOST_THREADS = 1024  # the limit of the programs


@dataclass(frozen=True)
class Workload:
    """A workload as a run records it: its name and its WorkloadStatus.parameters."""

    name: str
    parameters: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class WorkloadSpec:
    """A workload to start; `size_mib` is per thread, `rate_mib_s` the total of all threads, 0 without a limit.

    A custom workload has a `command` instead of the numbers.
    """

    name: str
    threads: int = 0
    size_mib: int = 0
    rate_mib_s: int = 0
    command: tuple[str, ...] = ()

    @property
    def working_set_mib(self) -> int:
        """The memory of all threads together."""
        return self.threads * self.size_mib

    @property
    def program(self) -> str:
        """The program's name; its source file is the same with ".c"."""
        return PROGRAMS[self.name]

    @property
    def options(self) -> tuple[str, ...]:
        """The command-line options of the program."""
        if self.name == CPU:
            return ("--threads", str(self.threads))
        return ("--threads", str(self.threads), "--size", str(self.size_mib), "--rate", str(self.rate_mib_s))

    @property
    def text(self) -> str:
        """For display: "memory, 2 threads x 150 MiB, 100 MiB/s"."""
        if self.command:
            return f"{self.name}: {one_line(shlex.join(self.command))}"
        threads = f"{self.threads} thread{'' if self.threads == 1 else 's'}"
        if self.name == CPU:
            return f"{self.name}, {threads}"
        rate = f"{self.rate_mib_s} MiB/s" if self.rate_mib_s else "as fast as it can"
        return f"{self.name}, {threads} x {self.size_mib} MiB, {rate}"

    @property
    def description(self) -> str:
        """What the workload does, as a sentence."""
        return DESCRIPTIONS.get(self.name, "A command line of the configuration, run in the guest.")


@dataclass(frozen=True)
class VmCapacity:
    """The vCPUs and memory of the VM, 0 where unknown."""

    vcpus: int = 0
    memory_bytes: int = 0

    @property
    def usable_mib(self) -> int:
        """The memory for a workload; a tenth, at least 256 MiB but at most half, stays for the rest of the guest."""
        spare = min(self.memory_bytes // 2, max(256 * MIB, self.memory_bytes // 10))
        return (self.memory_bytes - spare) // MIB


def scale_down(spec: WorkloadSpec, capacity: VmCapacity) -> tuple[WorkloadSpec, str]:
    """The workload scaled down to the VM's capacity, and a sentence that says so; "" if it fits unchanged."""
    if spec.command:
        return spec, ""
    threads = min(spec.threads, capacity.vcpus) if capacity.vcpus else spec.threads
    size_mib = spec.size_mib
    if capacity.memory_bytes and threads * size_mib > capacity.usable_mib:
        size_mib = max(1, capacity.usable_mib // threads)
    small = replace(spec, threads=threads, size_mib=size_mib)
    if small == spec:
        return spec, ""
    before = f"{spec.threads} x {size(spec.size_mib * MIB)}" if spec.size_mib else f"{spec.threads} threads"
    has = f"{capacity.vcpus} vCPU{'' if capacity.vcpus == 1 else 's'}"
    has += f" and {size(capacity.memory_bytes)}" if spec.size_mib else ""
    return small, f"Scaled down from {before}: the VM has {has}."


def overcommit_warning(spec: WorkloadSpec, capacity: VmCapacity) -> str:
    """A sentence if the workload has more threads than the VM has vCPUs, otherwise ""."""
    if not spec.command and capacity.vcpus and spec.threads > capacity.vcpus:
        return f"{spec.threads} threads share the VM's {capacity.vcpus} vCPUs."
    return ""


def working_set_text(spec: WorkloadSpec) -> str:
    """Size and dirty rate of a memory workload: "300 MiB, dirtied at 100 MiB/s: each page every 3.0 s"."""
    all_of_it = size(spec.working_set_mib * MIB)
    if not spec.rate_mib_s:
        return f"{all_of_it}, dirtied as fast as it can"
    every_s = spec.working_set_mib / spec.rate_mib_s
    return f"{all_of_it}, dirtied at {rate(spec.rate_mib_s * MIB)}: each page every {every_s:.1f} s"


def validate_spec(spec: WorkloadSpec, memory_bytes: int = 0) -> Failure | None:
    """Why the workload can't run in a VM with that much memory (0: unknown); None if it can."""
    if spec.command:
        return None
    if spec.name not in PROGRAMS:
        hint = f"Define it as [workload.{one_line(spec.name)}] in the configuration."
        return Failure(f"There is no workload {spec.name!r}", f"known are {', '.join(PROGRAMS)}", hint)
    if not 1 <= spec.threads <= MOST_THREADS:
        return Failure(f"{spec.threads} threads are not possible", f"1 to {MOST_THREADS} are allowed")
    if spec.name == MEMORY and spec.size_mib < 1:
        return Failure("A thread needs at least 1 MiB of memory")
    wanted = spec.threads * spec.size_mib * MIB
    if memory_bytes and wanted >= memory_bytes:
        return Failure(
            f"{spec.threads} threads x {spec.size_mib} MiB are {size(wanted)}, and the VM has {size(memory_bytes)}",
            hint="Use fewer threads, or less memory per thread.",
        )
    return None


@dataclass(frozen=True)
class WorkloadStatus:
    """The workload in the guest, or the last one if none runs; `name` is IDLE if there never was one.

    `values` are those of its last line; `exit_status` is None while it runs, and if its end was not recorded.
    """

    name: str = IDLE
    options: str = ""
    running: bool = False
    pid: int = 0
    values: Mapping[str, str] = field(default_factory=dict)
    output: tuple[str, ...] = ()  # its last lines
    exit_status: int | None = None
    vanished: bool = False  # it ended without an exit status: it was killed, or the guest restarted

    @property
    def current(self) -> str:
        """The name of the running workload, IDLE if none runs."""
        return self.name if self.running else IDLE

    @property
    def is_custom(self) -> bool:
        """Whether it is a command of the configuration, which may print nothing."""
        return self.name not in (IDLE, *PROGRAMS)

    @property
    def starting(self) -> bool:
        """Whether it runs, but its process is unknown or its first line of output is missing."""
        return self.running and not (self.pid and (self.values or self.is_custom))

    @property
    def parameters(self) -> dict[str, object]:
        """For the record of a run: its command line, and the numbers in it by name and unit."""
        if not self.running:
            return {}
        words = self.options.split()
        pairs = {} if self.is_custom else dict(zip(words[1::2], words[2::2], strict=False))
        numbers = {name: value for key, name in PARAMETERS.items() if (value := whole(pairs.get(key, ""))) is not None}
        if "size_mib" in numbers and "threads" in numbers:
            numbers["working_set_mib"] = numbers["threads"] * numbers["size_mib"]
        return {"command": self.options, **numbers}

    @property
    def wrong_pages(self) -> int:
        """The number of pages with wrong contents: the migration (or the machine) corrupted memory."""
        return whole(self.values.get("wrong_pages", "")) or 0

    @property
    def error(self) -> str:
        """Its error as a sentence, "" if there is none."""
        if self.wrong_pages:
            pages = f"{self.wrong_pages} page{'' if self.wrong_pages == 1 else 's'}"
            return f"Memory was corrupted: {pages} did not contain what the workload had written."
        if self.vanished and self.values.get("state") != "done":  # a guest that shuts down ends it in order
            return "The workload ended without an exit status: it was killed, or the guest was restarted."
        if self.exit_status and self.exit_status != ENDED_BY_TERM and not self.running:
            last = self.output[-1] if self.output else "it printed nothing"
            return f"The workload exited with status {self.exit_status}: {last}"
        return ""


def parse_values(line: str) -> dict[str, str]:
    """The key=value pairs of a line; other words are ignored."""
    pairs = (word.partition("=") for word in line.split())
    return {key: value for key, equals, value in pairs if equals and key}


def number_of(values: Mapping[str, str], name: str) -> float | None:
    """The finite number under that name; None if there is none."""
    return number(values.get(name, ""))


def parse_status(text: str) -> WorkloadStatus:
    """Parses the output of backend.guest's STATUS script: a word and its value on each line."""
    facts: dict[str, str] = {}
    output: list[str] = []
    for line in text.splitlines():
        word, _, value = line.partition(" ")
        if word == "line":
            output.append(one_line(value))
        else:
            facts[word] = one_line(value)
    name = facts.get("name", IDLE)
    if name in (IDLE, ""):
        return WorkloadStatus()
    values: dict[str, str] = {}
    for line in output:
        found = parse_values(line)
        if "seconds" in found or (found and name not in PROGRAMS):
            values = found
    return WorkloadStatus(
        name=name,
        options=facts.get("options", ""),
        running="running" in facts or "starting" in facts,
        pid=whole(facts.get("running", "")) or 0,
        values=values,
        output=tuple(output),
        exit_status=whole(facts.get("ended", "")),
        vanished="gone" in facts,
    )


def kill_failed(status: WorkloadStatus, vm: str, kills: int) -> Failure:
    """The Failure for a workload that still runs after TERM and `kills` times KILL."""
    return Failure(
        f"The workload {status.name} still runs in {vm}",
        f"neither TERM nor {kills} times KILL ended its process {status.pid}",
        f"In the guest, `ps -o stat,wchan -p {status.pid}` shows what it waits for; state D is a disk or a share. "
        "Stop it again once that responds, or force the VM off.",
    )


def live_line(status: WorkloadStatus) -> str:
    """What it does now: "dirtying for 00:12, 610 MiB/s of 300 MiB; 0.2 million pages checked, none wrong"."""
    values = status.values
    if not status.running and not values:
        return "nothing runs"
    if status.starting:
        return "starting"
    if status.is_custom:
        output = " ".join(f"{key}={value}" for key, value in values.items())
        state = "running" if status.running else "ended"
        return f"{state}: {output}" if output else state
    since = clock(_number(values, "seconds"))
    state = values.get("state", "running")
    if status.name == CPU:
        return f"{state} for {since}, {_number(values, 'additions_per_s') / 1e6:.1f} million additions per second"
    rate, working_set = _number(values, "mib_per_s"), _number(values, "working_set_mib")
    checked = _number(values, "checked_pages") / 1e6
    wrong = f"{status.wrong_pages} WRONG" if status.wrong_pages else "none wrong"
    does = f"{state} for {since}, {rate:.0f} MiB/s of {working_set:.0f} MiB"
    return f"{does}; {checked:.1f} million pages checked, {wrong}"


def one_line(text: str) -> str:
    """The text without control characters, cut at LONGEST_LINE."""
    text = "".join(letter if letter.isprintable() else " " for letter in text[: LONGEST_LINE + 1])
    return text if len(text) <= LONGEST_LINE else f"{text[:LONGEST_LINE]}..."


def _number(values: Mapping[str, str], name: str) -> float:
    return number_of(values, name) or 0.0
