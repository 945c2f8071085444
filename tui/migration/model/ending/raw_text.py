"""The raw text behind a failed migration: libvirt's message, QEMU's logs, and what AppArmor or SELinux refused."""

from collections.abc import Iterator

from tui.migration.model.ending.host_log import HostLog, of_record
from tui.migration.model.timeline import Timeline


def raw_text(timeline: Timeline) -> list[str]:
    """Lines with a title before each part; empty if nothing was recorded."""
    lines = []
    detail = str(timeline.error.get("detail", ""))
    if detail:
        lines += ["libvirt's message", *(f"  {line}" for line in detail.splitlines()), ""]
    for data in timeline.host_logs.values():
        lines += host_lines(of_record(data))
    return lines[:-1]


def host_lines(log: HostLog) -> Iterator[str]:
    """What one host wrote, with a title before each part and an empty line after it."""
    path = f" {log.path}" if log.path else ""
    yield f"QEMU's log on {log.host}{path}"
    if log.qemu_why:
        yield f"  not read: {log.qemu_why}"
    else:
        yield from (f"  {line}" for line in log.qemu or ("nothing since the start",))
    yield ""
    yield f"AppArmor and SELinux on {log.host}"
    if log.denials_why:
        yield f"  not known: {log.denials_why}"
    else:
        yield from (f"  {line}" for line in log.denials or ("nothing was refused to this VM since the start",))
    yield ""
