"""The workloads: what is asked for, and what the program in the guest says of itself."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from tui.core.failure import Failure
from tui.core.quantity import clock, rate, size
from tui.core.settings import IDLE

CPU, MEMORY = "cpu", "memory"

ENDED_BY_TERM = 128 + 15  # the exit status of what was stopped, and has no other idea of its end

PARAMETERS = {"--threads": "threads", "--size": "size_mib", "--rate": "rate_mib_s"}
PROGRAMS = {CPU: "cpu_util", MEMORY: "memory_intensive"}
EXPLAINED = {
    CPU: "Each thread adds pow(sin(i), i) for ever; memory hardly changes.",
    MEMORY: "Each thread rewrites memory of its own for ever, and checks it.",
}

LONGEST_LINE = 1000  # of what a guest says that is kept
MOST_THREADS = 1024  # of the programs
MIB = 1 << 20


@dataclass(frozen=True)
class Workload:
    """What loads a guest, as a run records it: its name, and what it was started with (WorkloadStatus.parameters)."""

    name: str
    parameters: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class WorkloadSpec:
    """A workload as it is to be started; `size_mib` is per thread, `rate_mib_s` of all together, 0 flat out.

    One of the user's own has a `command`, and none of the numbers.
    """

    name: str
    threads: int = 0
    size_mib: int = 0
    rate_mib_s: int = 0
    command: tuple[str, ...] = ()

    @property
    def working_set_mib(self) -> int:
        """What all threads together go through."""
        return self.threads * self.size_mib

    @property
    def program(self) -> str:
        """The program's name, which is also its source's without the ".c"."""
        return PROGRAMS[self.name]

    @property
    def options(self) -> tuple[str, ...]:
        """What the program is started with."""
        if self.name == CPU:
            return ("--threads", str(self.threads))
        return ("--threads", str(self.threads), "--size", str(self.size_mib), "--rate", str(self.rate_mib_s))

    @property
    def text(self) -> str:
        """As a person says it: "memory, 2 threads x 150 MiB, flat out"."""
        if self.command:
            return f"{self.name}: {one_line(shlex.join(self.command))}"
        threads = f"{self.threads} thread{'' if self.threads == 1 else 's'}"
        if self.name == CPU:
            return f"{self.name}, {threads}"
        rate = f"{self.rate_mib_s} MiB/s" if self.rate_mib_s else "as fast as it can"
        return f"{self.name}, {threads} x {self.size_mib} MiB, {rate}"

    @property
    def explained(self) -> str:
        """What it does, in a sentence."""
        return EXPLAINED.get(self.name, "A command line of the configuration, run in the guest.")


@dataclass(frozen=True)
class Room:
    """What the VM has for a workload, 0 where that is not known."""

    vcpus: int = 0
    memory_bytes: int = 0

    @property
    def usable_mib(self) -> int:
        """The memory that a workload can have: a tenth, and at least 256 MiB, is the rest of the guest's."""
        spare = min(self.memory_bytes // 2, max(256 * MIB, self.memory_bytes // 10))
        return (self.memory_bytes - spare) // MIB


def fitted(spec: WorkloadSpec, room: Room) -> tuple[WorkloadSpec, str]:
    """The workload scaled down to what the VM has, and the sentence that says so, "" where it fits as it is."""
    if spec.command:
        return spec, ""
    threads = min(spec.threads, room.vcpus) if room.vcpus else spec.threads
    size_mib = spec.size_mib
    if room.memory_bytes and threads * size_mib > room.usable_mib:
        size_mib = max(1, room.usable_mib // threads)
    small = replace(spec, threads=threads, size_mib=size_mib)
    if small == spec:
        return spec, ""
    before = f"{spec.threads} x {size(spec.size_mib * MIB)}" if spec.size_mib else f"{spec.threads} threads"
    has = f"{room.vcpus} vCPU{'' if room.vcpus == 1 else 's'}"
    has += f" and {size(room.memory_bytes)}" if spec.size_mib else ""
    return small, f"Scaled down from {before}: the VM has {has}."


def doubt(spec: WorkloadSpec, room: Room) -> str:
    """What is to be expected of a workload that can run, but not as it is meant to; empty where nothing is."""
    if not spec.command and room.vcpus and spec.threads > room.vcpus:
        return f"{spec.threads} threads take turns on the VM's {room.vcpus} vCPUs."
    return ""


def pace(spec: WorkloadSpec) -> str:
    """What a memory workload comes to: "300 MiB, dirtied at 100 MiB/s: each page every 3.0 s"."""
    whole = size(spec.working_set_mib * MIB)
    if not spec.rate_mib_s:
        return f"{whole}, dirtied as fast as it can"
    every_s = spec.working_set_mib / spec.rate_mib_s
    return f"{whole}, dirtied at {rate(spec.rate_mib_s * MIB)}: each page every {every_s:.1f} s"


def refuse(spec: WorkloadSpec, memory_bytes: int = 0) -> Failure | None:
    """The sentence for a workload that can't run in a VM of that much memory (0: not known), else None."""
    if spec.command:
        return None
    if spec.name not in PROGRAMS:
        hint = f"[workload.{one_line(spec.name)}] in the configuration would define one."
        return Failure(f"There is no workload {spec.name!r}", f"known are {', '.join(PROGRAMS)}", hint)
    if not 1 <= spec.threads <= MOST_THREADS:
        return Failure(f"{spec.threads} threads are not possible", f"from 1 to {MOST_THREADS} are")
    if spec.name == MEMORY and spec.size_mib < 1:
        return Failure("A thread needs at least 1 MiB of memory")
    wanted = spec.threads * spec.size_mib * MIB
    if memory_bytes and wanted >= memory_bytes:
        return Failure(
            f"{spec.threads} threads x {spec.size_mib} MiB are {size(wanted)}, and the VM has {size(memory_bytes)}",
            hint="Take fewer threads or less memory for each.",
        )
    return None


@dataclass(frozen=True)
class WorkloadStatus:
    """The workload in the guest, the last one where none runs; `name` is IDLE where there never was one.

    `values` are of its last line, `exit_status` is None while it runs and where nobody saw its end.
    """

    name: str = IDLE
    options: str = ""
    running: bool = False
    pid: int = 0
    values: Mapping[str, str] = field(default_factory=dict)
    output: tuple[str, ...] = ()  # its last lines
    exit_status: int | None = None
    vanished: bool = False  # it ended without a word: killed, or the guest was restarted

    @property
    def current(self) -> str:
        """What loads the guest now: IDLE where nothing runs."""
        return self.name if self.running else IDLE

    @property
    def own(self) -> bool:
        """Whether it is one of the user's own, which need not say anything."""
        return self.name not in (IDLE, *PROGRAMS)

    @property
    def starting(self) -> bool:
        """Whether it is running, but has said nothing yet or its process is not known yet."""
        return self.running and not (self.pid and (self.values or self.own))

    @property
    def parameters(self) -> dict[str, object]:
        """What it was started with, as a run records it: its command line, and the numbers in it by name and unit."""
        if not self.running:
            return {}
        words = self.options.split()
        pairs = {} if self.own else dict(zip(words[1::2], words[2::2], strict=False))
        numbers = {name: int(pairs[key]) for key, name in PARAMETERS.items() if pairs.get(key, "").isdecimal()}
        if "size_mib" in numbers and "threads" in numbers:
            numbers["working_set_mib"] = numbers["threads"] * numbers["size_mib"]
        return {"command": self.options, **numbers}

    @property
    def wrong_pages(self) -> int:
        """Pages that held something else than was stored in them: a migration (or the machine) corrupted memory."""
        count = self.values.get("wrong_pages", "0")
        return int(count) if count.isascii() and count.isdigit() else 0

    @property
    def error(self) -> str:
        """What went wrong with it, as a sentence; empty while all is well."""
        if self.wrong_pages:
            pages = f"{self.wrong_pages} page{'' if self.wrong_pages == 1 else 's'}"
            return f"Memory was corrupted: {pages} held something else than the workload had stored in them."
        if self.vanished and self.values.get("state") != "done":  # a guest that shuts down lets it end in order
            return "The workload is gone without a word: it was killed, or the guest was restarted."
        if self.exit_status and self.exit_status != ENDED_BY_TERM and not self.running:
            last = self.output[-1] if self.output else "it said nothing"
            return f"The workload ended with status {self.exit_status}: {last}"
        return ""


def parse_values(line: str) -> dict[str, str]:
    """The key=value words of a line; what is none is left out."""
    pairs = (word.partition("=") for word in line.split())
    return {key: value for key, equals, value in pairs if equals and key}


def parse_status(text: str) -> WorkloadStatus:
    """What the status script of backend.guest printed: a word and its value on each line."""
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
    status = facts.get("ended", "")
    return WorkloadStatus(
        name=name,
        options=facts.get("options", ""),
        running="running" in facts or "starting" in facts,
        pid=int(facts["running"]) if facts.get("running", "").isdigit() else 0,
        values=values,
        output=tuple(output),
        exit_status=int(status) if status.isdigit() else None,
        vanished="gone" in facts,
    )


def unstoppable(status: WorkloadStatus, vm: str, kills: int) -> Failure:
    """Why a workload still runs that was sent TERM once and KILL `kills` times."""
    return Failure(
        f"The workload {status.name} still runs in {vm}",
        f"its process {status.pid} ended neither at TERM nor at {kills} times KILL",
        f"In the guest, `ps -o stat,wchan -p {status.pid}` shows what it waits for; state D is a disk or a share. "
        "Stop it again when that answers, or force the VM off.",
    )


def live_line(status: WorkloadStatus) -> str:
    """What it does: "dirtying for 00:12, 610 MiB/s of 300 MiB; 0.2 million pages checked, none wrong"."""
    values = status.values
    if not status.running and not values:
        return "nothing runs"
    if status.starting:
        return "starting"
    if status.own:
        said = " ".join(f"{key}={value}" for key, value in values.items())
        state = "running" if status.running else "ended"
        return f"{state}: {said}" if said else state
    since = clock(_number(values, "seconds"))
    state = values.get("state", "running")
    if status.name == CPU:
        return f"{state} for {since}, {_number(values, 'additions_per_s') / 1e6:.1f} million additions a second"
    rate, whole = _number(values, "mib_per_s"), _number(values, "working_set_mib")
    checked = _number(values, "checked_pages") / 1e6
    wrong = f"{status.wrong_pages} WRONG" if status.wrong_pages else "none wrong"
    return f"{state} for {since}, {rate:.0f} MiB/s of {whole:.0f} MiB; {checked:.1f} million pages checked, {wrong}"


def one_line(text: str) -> str:
    """The text without what a terminal would obey, and not the whole of a long one."""
    text = "".join(letter if letter.isprintable() else " " for letter in text[: LONGEST_LINE + 1])
    return text if len(text) <= LONGEST_LINE else f"{text[:LONGEST_LINE]}..."


def _number(values: Mapping[str, str], name: str) -> float:
    try:
        return float(values.get(name, "0"))
    except ValueError:
        return 0.0
