"""Why a migration failed, by the hosts' logs, where libvirt gave no reason."""

import re
from collections.abc import Iterable
from typing import NamedTuple

from tui.core.actions import LOG
from tui.core.failure import Failure
from tui.migration.model.ending.host_log import HostLog
from tui.vm.model.reasons.explain import Explained, explain
from tui.vm.model.reasons.noise import shortened

APPARMOR = re.compile(r'apparmor="DENIED"')
SELINUX = re.compile(r"avc: +denied +\{ ([^}]+) \}.* tcontext=[^\s:]*:[^\s:]*:(\w+)")
FIELD = re.compile(r' (operation|profile|path|name)="([^"]+)"')
# Lines of QEMU's log that are no reason: libvirt ends QEMU by a signal if the migration has failed, and QEMU cannot
# close a connection whose other end is gone.
NO_REASON = re.compile(
    r"terminating on signal|Unable to shutdown socket: |: warning: |: info: |char device redirected", re.IGNORECASE
)
CERTIFICATE = re.compile(r"\bcertificate\b", re.IGNORECASE)
QEMU = re.compile(r"(?:^|\s)(?:qemu-[\w-]+|tpm-emulator|swtpm\w*|libvirt: )[^\n]*?: \S")


class Refusal(NamedTuple):
    """What AppArmor or SELinux refused; `name` is the file, or empty."""

    name: str
    why: str
    hint: str


def with_logs(cause: Failure, origin: HostLog, target: HostLog) -> Failure:
    """The cause, or a better one: what a log has where libvirt's error has nothing, and a refusal of the same file."""
    if not cause.why and not cause.hint:
        return cause  # it is known who ended the VM
    known = explain(cause.detail, migration=True) if cause.detail else Explained("", "", known=False, result=True)
    refusals = [*_refusals(target), *_refusals(origin)]
    text = "\n".join((cause.detail, *target.qemu, *origin.qemu))
    if named := next((each for each in refusals if each.name and each.name in text), None):
        return _better(cause, named.why, named.hint)
    if not known.result:
        return cause
    if found := _certificate(origin) or _reason_there(target) or _reason_here(origin):
        return _better(cause, *found)
    if refusals:
        return _better(cause, f"{cause.why}; {refusals[0].why}, which may be the reason", refusals[0].hint)
    if origin.qemu_why or target.qemu_why:
        return cause  # its hint leads to the logs
    hosts = f"{origin.host} and {target.host}"
    hint = f"QEMU's logs of both hosts have no reason; {LOG} shows them. Look into the journal of libvirtd on {hosts}."
    return _better(cause, cause.why, hint)


def _better(cause: Failure, why: str, hint: str) -> Failure:
    return Failure(cause.what, why, hint, detail=cause.detail)


def _certificate(origin: HostLog) -> tuple[str, str] | None:
    """Why the sender refused the certificate of the target, which sees only a stream that broke.

    QEMU writes such a line without its name in front.
    """
    for line in origin.qemu:
        if CERTIFICATE.search(line) and (found := explain(line, migration=True)).known:
            return found.why, found.hint
    return None


def _reason_there(target: HostLog) -> tuple[str, str] | None:
    """The reason in the log of the QEMU that received the VM."""
    lines = _errors(target)
    for line in lines:
        found = explain(line, migration=True)
        if found.known:
            named = Failure("", found.why, found.hint).with_host("destination", target.host)
            return named.why, named.hint
    return _own_words(target, lines)


def _reason_here(origin: HostLog) -> tuple[str, str] | None:
    """The reason in the log of the QEMU that sent it."""
    lines = _errors(origin)
    for line in lines:
        found = explain(line)
        if found.known:
            return f"QEMU on {origin.host}: {found.why}", found.hint
    return _own_words(origin, lines)


def _errors(log: HostLog) -> list[str]:
    lines = (line for line in log.qemu if QEMU.search(line) and not NO_REASON.search(line))
    return [line for line in lines if not explain(line, migration=True).result]


def _own_words(log: HostLog, lines: list[str]) -> tuple[str, str] | None:
    if not lines:
        return None
    return f"QEMU on {log.host} reported: {shortened(lines[-1])}", f"{LOG} shows its log."


def _refusals(log: HostLog) -> Iterable[Refusal]:
    for line in log.denials:
        fields = dict(FIELD.findall(line))
        name = fields.get("path") or fields.get("name", "")
        on = f" on {name}" if name else ""
        if APPARMOR.search(line):
            who = "virt-aa-helper" if "virt-aa-helper" in fields.get("profile", "") else "QEMU"
            yield Refusal(
                name,
                f"AppArmor on {log.host} refused {who} the operation {fields.get('operation', '')}{on}",
                "Name the file in the VM's definition, or allow it in /etc/apparmor.d/local/abstractions/libvirt-qemu; "
                "then start again.",
            )
        elif found := SELINUX.search(line):
            on_nfs = "Run `setsebool -P virt_use_nfs 1` there." if found[2] == "nfs_t" else "Run `restorecon -v` on it."
            yield Refusal(name, f"SELinux on {log.host} refused QEMU the operation {found[1]}{on} ({found[2]})", on_nfs)
