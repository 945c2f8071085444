"""All that is known of a run as pairs of a label and a text; what is unknown is left out, or has its reason."""

import math
from collections.abc import Iterator
from datetime import datetime

from tui.core.quantity import duration, rate, size
from tui.migration.model.ending.outcome import home
from tui.migration.model.timeline import LOST
from tui.runs.model.run import EMULATED, HostFacts, Run

Facts = Iterator[tuple[str, str]]


def run_facts(run: Run) -> Facts:
    """What was migrated, where, how, and how it ended."""
    yield "folder", home(run.folder)
    yield from _problems(run)
    size_of_vm = [f"{run.vcpus} vCPUs"] if run.vcpus else []
    size_of_vm += [size(run.memory_bytes)] if run.memory_bytes else []
    yield "vm", ", ".join([run.vm or "unknown", *size_of_vm])
    if run.virtualization:
        yield "accelerator", "none: QEMU emulates the CPU" if run.virtualization == EMULATED else run.virtualization
    if run.way:
        yield "direction", run.way
    yield from _times(run)
    yield "outcome", f"{run.outcome}, imported from another program's log" if run.imported else run.outcome
    for label, text in (("error", run.error), ("verified", run.verified), ("to do", run.advice)):
        if text:
            yield label, text
    if run.workload:
        parameters = ", ".join(f"{name} = {value}" for name, value in run.parameters.items())
        yield "workload", f"{run.workload} ({parameters})" if parameters else run.workload
    yield from run.options.facts
    for name, facts in ((run.origin, run.origin_facts), (run.target, run.target_facts)):
        if facts != HostFacts():
            yield name, _host(facts)
    if run.app_version:
        yield "recorded by", f"vmlm-tui {run.app_version}"
    yield from _study(run)
    yield from _queue(run)
    yield from _noted(run)


def figure_facts(run: Run) -> Facts:
    """The final figures, the three downtimes among them; a log without a result has only those of its last sample."""
    cut = bool(run.imported) and run.outcome == LOST
    least = "at least " if cut else ""
    if run.total_s is not None:
        yield "total", f"{least}{duration(run.total_s)}"
    if run.setup_s is not None:
        yield "setup", duration(run.setup_s)
    if run.post_copy_at_s is not None:
        yield "post-copy", f"began {duration(run.post_copy_at_s)} after the start"
    yield "downtime", f"{duration(run.downtime_s)} by libvirt" if run.downtime_s is not None else "unknown to libvirt"
    yield from _forecast(run)
    if run.observed is not None:
        yield "network", run.observed.network
        yield "guest", run.observed.guest
    yield from _work(run)
    if run.sent_bytes is not None:
        yield "sent", f"{least}{size(run.sent_bytes)} ({run.sent_bytes:,} bytes)"
    if run.total_bytes is not None:
        yield "memory", f"{size(run.total_bytes)} by libvirt"
    if run.disks_bytes is not None:
        yield "disks", f"{size(run.disks_bytes)} copied"
    if run.passes is not None:
        counted = run.post_copy_at_s is not None and not run.imported  # the samples of others may be too rare for it
        yield "passes", f"{least}{run.passes}{', with the switch to post-copy' if counted else ''}"
    if run.faults is not None:
        yield "faults", f"{least}{run.faults:,} page{'' if run.faults == 1 else 's'} fetched on demand"
    if run.samples is not None:
        every = f", one each {run.interval_s:g} s" if run.interval_s else ""
        yield "samples", f"{run.samples:,}{every}"
    if run.from_libvirt is False:
        why = "the log has no result" if cut else "libvirt no longer had the final ones"
        yield "figures from", f"the samples: {why}"


def _forecast(run: Run) -> Facts:
    """What was forecast, and how right that was."""
    forecast = run.forecast
    if forecast is None:
        return
    source = forecast.bandwidth_source
    if forecast.bandwidth_bytes_s is not None and math.isfinite(forecast.bandwidth_bytes_s.likely):
        yield "forecast from", f"{rate(forecast.bandwidth_bytes_s.likely)}{f' ({source})' if source else ''}"


def _problems(run: Run) -> Facts:
    for problem in (run.problem, run.annotation.problem):
        if problem:
            yield "problem", problem


def _times(run: Run) -> Facts:
    for label, time in (("began", run.began), ("ended", run.ended)):
        if time is not None:
            yield label, _local(time)


def _local(time: datetime) -> str:
    return time.astimezone().isoformat(sep=" ", timespec="seconds")


def _host(facts: HostFacts) -> str:
    words = [facts.hostname, f"libvirt {facts.libvirt}" if facts.libvirt else ""]
    words += [f"QEMU {facts.qemu}" if facts.qemu else "", f"{facts.cpus} CPUs" if facts.cpus else ""]
    words += [facts.cpu_model, size(facts.memory_bytes) if facts.memory_bytes else ""]
    return ", ".join(word for word in words if word)


def _study(run: Run) -> Facts:
    study = run.study
    if study is None:
        return
    words = [study.name or study.id, study.cell, study.direction, f"repeat {study.repeat}" if study.repeat else ""]
    words += ["warm-up, not counted" if study.warm_up else "", "over the study's limit" if study.censored else ""]
    yield "study", ", ".join(word for word in words if word)


def _queue(run: Run) -> Facts:
    queue = run.queue
    if queue is None:
        return
    words = [
        queue.id,
        f"VM {queue.number}" if queue.number else "",
        f"attempt {queue.attempt}" if queue.attempt else "",
    ]
    yield "queue", ", ".join(word for word in words if word)


def _noted(run: Run) -> Facts:
    note = run.annotation
    if note.tags:
        yield "tags", ", ".join(note.tags)
    if note.note:
        yield "note", note.note
    if note.excluded:
        yield "excluded", note.excluded


def _work(run: Run) -> Facts:
    guest = run.guest
    if guest.rate_before is not None or guest.rate_after is not None:
        before, after = ("unknown" if rate is None else f"{rate:g}" for rate in (guest.rate_before, guest.rate_after))
        yield "workload rate", f"{before} {guest.unit} before, {after} {guest.unit} after".replace("  ", " ")
    if guest.lost_s is not None:
        amount = f"at least {duration(guest.lost_s)}" if guest.lost_s else "unknown"
        why = f"{amount}: {guest.lost_at_least}"
        yield "work lost", why if guest.lost_at_least else f"{duration(guest.lost_s)} at the rate before"
    if guest.error:
        yield "guest error", guest.error
