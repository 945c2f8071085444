"""Takes from a recorded run what statistics need of it: the one place that knows both."""

from collections.abc import Iterable, Mapping
from typing import Any

from tui.core.plain_text import plain
from tui.core.plan import AT_ONCE, POST_COPY_MANUAL, technique_words
from tui.core.quantity import MIB, exact_size
from tui.core.settings import UNKNOWN
from tui.migration.model.timeline import CANCELLED, LOST
from tui.migration.model.timeline import COMPLETED as MOVED
from tui.runs.model import figures
from tui.runs.model.measured import CENSORED, COMPLETED, EXCLUDED, FAILED, OPEN, Measured, Settings, Value
from tui.runs.model.options import RunOptions
from tui.runs.model.run import BROKEN, UNDER_WAY, UNFINISHED, HostFacts, Run

WARM_UP = "warm-up"
KNOWN = ("threads", "size_mib", "rate_mib_s")  # of the built-in workloads; `command` and the working set follow


def measured(runs: Iterable[Run]) -> list[Measured]:
    """The runs for statistics, in the same order."""
    return [measure(run) for run in runs]


def measure(run: Run) -> Measured:
    """One run for statistics."""
    status, why = _status(run)
    return Measured(
        name=run.folder.name,
        settings=_settings(run),
        status=status,
        why=_line(why),
        values=_values(run, censored=status == CENSORED),
        without_post_copy=run.post_copy_at_s is None,
        began=run.began,
        facts=_facts(run),
        folder=run.folder,
    )


def _status(run: Run) -> tuple[str, str]:
    """What became of it; an exclusion comes first, because a person decided it."""
    if run.annotation.excluded:
        return EXCLUDED, run.annotation.excluded
    if run.study and run.study.warm_up:
        return EXCLUDED, WARM_UP
    if run.outcome in (UNDER_WAY, UNFINISHED, BROKEN):
        return OPEN, run.outcome
    if run.guest.error:  # as the study counts it
        return FAILED, run.guest.error
    if run.study and run.study.censored and run.outcome in (CANCELLED, MOVED):  # as the study counts it
        return CENSORED, ""
    if run.outcome == MOVED:
        return COMPLETED, ""
    if run.imported and run.outcome == LOST:
        return OPEN, "no result in its log"
    return FAILED, run.outcome


def _settings(run: Run) -> Settings:
    options = run.options
    vcpus = f"{run.vcpus} vCPU{'' if run.vcpus == 1 else 's'}" if run.vcpus else ""
    memory = exact_size(run.memory_bytes) if run.memory_bytes else ""
    direction = run.way or (run.study.direction if run.study else "")
    settings = Settings(
        vm=" and ".join(word for word in (memory, vcpus) if word),
        accelerator=run.virtualization,
        workload=_workload(run.workload, run.parameters),
        technique=_technique(options, in_study=run.study is not None),
        bandwidth=f"at most {options.bandwidth_mib_s} MiB/s" if options.bandwidth_mib_s else "",
        limit=f"downtime limit {options.downtime_ms} ms" if options.downtime_ms else "",
        connections=f"{options.parallel} connections" if options.parallel else "",
        throttle="auto-converge" if options.auto_converge else "",
        further=", ".join(options.further),
        direction=direction,
        cell=run.study.cell if run.study else "",
    )
    return Settings(**{axis: _line(words) for axis, words in vars(settings).items()})


def _technique(options: RunOptions, *, in_study: bool) -> str:
    if options.technique == POST_COPY_MANUAL and in_study:
        return AT_ONCE
    return technique_words(options.technique, options.timeout_s)


def _workload(name: str, parameters: Mapping[str, Any]) -> str:
    """The workload with its parameters: "memory (2 x 150 MiB, 20 MiB/s)"."""
    if name in ("", UNKNOWN):
        return "workload unknown"
    threads, size, rate = (parameters.get(each) for each in KNOWN)
    if not any((threads, size, rate)):
        command = parameters.get("command")
        return f"{name} ({command})" if command and command != name else name
    amount = f"{threads} x {size} MiB" if threads and size else f"{threads} thread{'' if threads == 1 else 's'}"
    return f"{name} ({amount}, {rate} MiB/s)" if rate else f"{name} ({amount})"


def _values(run: Run, *, censored: bool) -> dict[str, Value]:
    """The figures.

    The total time of a censored run is more than the limit, however long it took, also if that is unknown. If it was
    cancelled there, the other figures that grow with time are lower bounds, too, and a pause is no downtime. So are
    those of an imported run whose log has no result. Earlier
    versions did not record the limit: the total time of one that completed is then known.
    """
    total, found = run.total_s, {}
    cancelled = censored and run.outcome != MOVED
    cut = cancelled or (bool(run.imported) and run.outcome == LOST)
    if total is None and cancelled and run.began and run.ended and run.ended > run.began:
        total = (run.ended - run.began).total_seconds()
    limit = run.study.limit_s if censored and run.study else None
    if limit is not None:
        found[figures.TOTAL.name] = Value(limit, above=True)
    elif total is not None:
        found[figures.TOTAL.name] = Value(total, above=cut)
    lost = run.guest.lost_s
    growing = {figures.SENT: run.sent_bytes, figures.PASSES: run.passes}
    found |= {each.name: Value(float(has), above=cut) for each, has in growing.items() if has is not None}
    at_least = bool(run.guest.lost_at_least)
    if lost is not None:
        found[figures.LOST.name] = Value(lost, above=cancelled or at_least)
    if cancelled:
        return found
    if lost is not None and total:
        found[figures.LOSS.name] = Value(100 * lost / total, above=at_least)
    ended = {figures.DOWNTIME: run.downtime_s, figures.FAULTS: run.faults}
    found |= {each.name: Value(float(amount)) for each, amount in ended.items() if amount is not None}
    guest = _seconds(run.guest_ms)
    if guest is not None and run.observed:  # a clock that may have stood still shows only a part of the pause
        found[figures.GUEST.name] = Value(guest, above=run.observed.clock_lost_ms is None)
    network = _seconds(run.network_ms)
    if network is not None and run.observed:
        found[figures.NETWORK.name] = Value(network, above=run.observed.network_open)
    return found


def _facts(run: Run) -> dict[str, str]:
    """What should be equal within a group, but is no setting; empty ones are unknown."""
    study = run.study.name or run.study.id if run.study else ""
    facts = {
        "VM": run.vm,
        "memory by libvirt": f"{run.total_bytes / MIB:.0f} MiB" if run.total_bytes else "",
        "QEMU": _both(run.origin_facts, run.target_facts, "qemu"),
        "libvirt": _both(run.origin_facts, run.target_facts, "libvirt"),
        "CPU": _both(run.origin_facts, run.target_facts, "cpu_model"),
        "hosts": _both(run.origin_facts, run.target_facts, "hostname"),
        "vmlm-tui": run.app_version,
        "study": study,
        "queue": run.queue.id if run.queue else "",
    }
    return {name: _line(value) for name, value in facts.items() if value}


def _both(origin: HostFacts, target: HostFacts, fact: str) -> str:
    """The fact of both hosts, once if it is the same."""
    return " to ".join(dict.fromkeys(each for each in (getattr(origin, fact), getattr(target, fact)) if each))


def _seconds(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000


def _line(words: str) -> str:
    """A text of a file as one line without control characters."""
    return " ".join(plain(words).split())
