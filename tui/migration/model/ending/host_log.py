"""What a host wrote about a VM since a migration began: QEMU's log, and what AppArmor or SELinux refused."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from tui.core.quantity import whole
from tui.linux.script_sections import PRELUDE, Section, parse_sections

MOST_LINES, MOST_TEXT = 40, 6000  # kept in a record, of each of the two
EARLIER_S = 2.0  # the clock of the host that counts the seconds may differ a little

FOUND = 'apparmor="DENIED"|avc: +denied'
# $1 is the VM, $2 for how many seconds to look back, $3 "session" for a daemon of the login's.
SCRIPT = f"""{PRELUDE}
folder=/var/log/libvirt/qemu
[ "$3" != session ] || folder=${{XDG_CACHE_HOME:-$HOME/.cache}}/libvirt/qemu/log
now=$(date +%s)
since=$((now - $2))
part now 2 printf %s "$now"
part path 2 printf %s "$folder/$1.log"
part log 5 tail -c 65536 -- "$folder/$1.log"
part active 2 sh -c 'grep -qs Y /sys/module/apparmor/parameters/enabled || [ -e /sys/fs/selinux/enforce ]'
part journal 8 sh -c 'case " $(id -nG) " in *" root "*|*" adm "*|*" systemd-journal "*) ;; *) exit 1 ;; esac
  out=$(journalctl -k -b -q --no-pager -o cat --since "@$1") && printf "%s\\n" "$out" | {{ grep -aE "$2" || true; }}' \\
  sh "$since" '{FOUND}'
part dmesg 3 sh -c 'out=$(dmesg) && printf "%s\\n" "$out" | {{ grep -aE "$1" || true; }}' sh '{FOUND}'
part audit 3 sh -c 'tail -n 5000 /var/log/audit/audit.log | {{ grep -aE "$1" || [ -r /var/log/audit/audit.log ]; }}' \\
  sh '{FOUND}'
"""

STAMP = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.\d+)?(?:Z|\+0000)")
AUDIT = re.compile(r"audit\((\d+)\.\d+:(\d+)\)")
SOURCES = ("journal", "dmesg", "audit")


@dataclass(frozen=True)
class HostLog:
    """`qemu` and `denials` are lines; `qemu_why` and `denials_why` are why they are not known, or empty."""

    host: str
    path: str
    qemu: tuple[str, ...] = ()
    qemu_why: str = ""
    denials: tuple[str, ...] = ()
    denials_why: str = ""

    @property
    def data(self) -> dict[str, str]:
        """The fields of a record."""
        fields = {"host": self.host, "path": self.path, "qemu": "\n".join(self.qemu), "qemu_why": self.qemu_why}
        return fields | {"denials": "\n".join(self.denials), "denials_why": self.denials_why}


def of_record(data: Mapping[str, Any]) -> HostLog:
    """The fields of a record, which may be another version's."""
    text = {name: str(data.get(name, "")) for name in ("host", "path", "qemu", "qemu_why", "denials", "denials_why")}
    qemu, denials = tuple(text["qemu"].splitlines()), tuple(text["denials"].splitlines())
    return HostLog(text["host"], text["path"], qemu, text["qemu_why"], denials, text["denials_why"])


def parse(host: str, uuid: str, seconds: int, output: str) -> HostLog:
    """Parse what SCRIPT printed on `host`, about the VM `uuid` and the last `seconds`."""
    sections = parse_sections(output)
    now = whole(_text(sections.get("now")).strip())
    if now is None:
        why = "the host's shell did not run the command"
        return HostLog(host, "", qemu_why=why, denials_why=why)
    since = now - seconds - EARLIER_S
    log, path = sections.get("log"), _text(sections.get("path"))
    why = _why(log)
    qemu = () if why else _last(_without_command(_since(log.text if log else "", since)))
    return HostLog(host, path, qemu, why, *_denials(sections, uuid, since))


def _text(part: Section | None) -> str:
    return _printable(part.text) if part is not None and part.status == 0 else ""


def _why(part: Section | None) -> str:
    if part is None or part.timed_out:
        return "it could not be read in time"
    if not part.status:
        return ""
    lines = part.text.strip().splitlines()
    return _printable(lines[-1].rpartition(": ")[2]) if lines else "it could not be read"


def _printable(text: str) -> str:
    return text.encode(errors="replace").decode()  # bytes that are not UTF-8 are surrogates


def _since(text: str, since: float) -> Iterator[str]:
    """The lines from the first one that was written since then; lines without a time belong to the one before."""
    found = False
    for line in _printable(text).splitlines():
        stamp = STAMP.match(line)
        found |= stamp is not None and _seconds(stamp) >= since
        if found:
            yield line


def _seconds(stamp: re.Match[str]) -> float:
    try:
        moment = datetime.strptime(f"{stamp[1]} {stamp[2]}", "%Y-%m-%d %H:%M:%S")
    except ValueError:
        return 0.0  # the 31st of February: no time at all
    return moment.replace(tzinfo=timezone.utc).timestamp()


def _without_command(lines: Iterator[str]) -> Iterator[str]:
    """The lines without QEMU's command line, which has a hundred of them and follows each start."""
    command = False
    for line in lines:
        if not command:
            yield line
        command = line.endswith("\\") or (": starting up " in line and not command)


def _last(lines: Iterator[str]) -> tuple[str, ...]:
    kept = [line[:1000] for line in lines][-MOST_LINES:]
    while sum(map(len, kept)) > MOST_TEXT:
        kept.pop(0)
    return tuple(kept)


def _denials(sections: Mapping[str, Section], uuid: str, since: float) -> tuple[tuple[str, ...], str]:
    """The refusals of the VM since then, each once, or why they are not known."""
    active = sections.get("active")
    if active is not None and active.status == 1:
        return (), "neither AppArmor nor SELinux is active"
    readable = [sections[name] for name in SOURCES if name in sections and not sections[name].status]
    if not readable:
        return (), "the kernel's log is not readable for this login"
    found: dict[tuple[str, str], str] = {}
    for part in readable:
        for line in _printable(part.text).splitlines():
            stamp = AUDIT.search(line)
            if stamp and int(stamp[1]) >= since and _is_of(uuid, line):
                found.setdefault((stamp[1], stamp[2]), line.strip())
    return _last(iter(found.values())), ""


def _is_of(uuid: str, line: str) -> bool:
    """Whether a refusal is one of the VM, or of the program that makes its profile."""
    if 'apparmor="DENIED"' in line:
        return f"libvirt-{uuid}" in line or "virt-aa-helper" in line
    return "permissive=1" not in line and (":svirt" in line or 'comm="qemu' in line)
