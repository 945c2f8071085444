"""Why QEMU would refuse the certificates of a migration with TLS, known before the start."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone

from tui.core.failure import Failure
from tui.core.plan import Plan
from tui.migration.model.tls_files import MISSING, OK, SERVER, THERE, UNKNOWN, UNREADABLE, Place, TlsFiles

CA = "ca-cert.pem"
URI_HOST = re.compile(r"\w+://(?:\[([^\]]+)\]|([^:/]+))")
MAKE = "docs/tls.md shows how to make certificates; without --tls the migration is not encrypted."


@dataclass(frozen=True)
class Checked:
    """The result: why the migration cannot start, and what could not be checked, as sentences."""

    failures: tuple[Failure, ...] = ()
    doubts: tuple[str, ...] = ()


def name_of(plan: Plan, there: Place, hostname: str) -> str:
    """The name that the certificate of the target must have; "" if it is unknown."""
    if plan.tls_destination:
        return plan.tls_destination
    if plan.migrateuri:
        found = URI_HOST.match(plan.migrateuri)
        return (found[1] or found[2]) if found else ""
    return there.conf.migration_host or hostname


def _unread(host: str, why: str) -> str:
    return f"The TLS certificates of {host} were not checked: {why}."


def checked(
    origin: TlsFiles, target: TlsFiles, name: str, *, verifies: bool, trusted: bool | None, admitted: bool | None
) -> Checked:
    """The judgement about both ends.

    `verifies`: the target requires a certificate of the origin. `trusted`: the origin's CA file verifies the
    certificate of the target; `admitted`: that of the target the certificate of the origin. None is unknown.
    """
    failures = [*_end(target, origin, needed=True), *_end(origin, target, needed=verifies)]
    if target.named is False:
        failures.append(_name(target, origin, name))
    if trusted is False and target.signed is not False:
        failures.append(_untrusted(target, origin))
    if verifies and admitted is False and origin.signed is not False:
        failures.append(_untrusted(origin, target))
    doubts = [sentence for each in (target, origin) for sentence in _doubts(each)]
    if not failures and not doubts:
        doubts += [f"The name in {_of(target)} was not checked."] if target.named is None else []
        doubts += [f"Whether {origin.host} trusts {_of(target)} was not checked."] if trusted is None else []
        unknown = verifies and admitted is None
        doubts += [f"Whether {target.host} trusts {_of(origin)} was not checked."] if unknown else []
    return Checked(tuple(failures), tuple(doubts))


def _refused(why: str, hint: str) -> Failure:
    return Failure("--tls is refused", why, hint)


def _of(each: TlsFiles) -> str:
    return f"{each.path(each.certificate)} of {each.host}"


def _end(each: TlsFiles, other: TlsFiles, *, needed: bool) -> Iterator[Failure]:
    """What is wrong with the files of one end; without `needed` its certificate may be missing."""
    files = [CA, each.certificate, each.key]
    if not needed and all(each.state(file) == MISSING for file in files[1:]):
        files = [CA]
    missing = [file for file in files if each.state(file) == MISSING]
    if missing:
        need = f", and {other.host} requires a certificate" if each.end != SERVER and missing != [CA] else ""
        yield _refused(f"{each.host} has no {_list(missing)} in {each.folder}{need}", MAKE)
    for file in files:
        if each.state(file) == UNREADABLE:
            yield _unreadable(each, file)
        if file in each.dates:
            yield from _dates(each, other, file)
    if len(files) > 1 and each.signed is False:
        why = f"{each.path(CA)} on {each.host} is not the CA of {each.certificate} there"
        yield _refused(why, f"Copy the ca-cert.pem that issued it, or issue a new one. {MAKE}")
    if len(files) > 1 and each.pair is False:
        why = f"{each.path(each.key)} on {each.host} is not the key of {each.certificate}"
        yield _refused(why, "Copy the key and the certificate that were made together.")


def _unreadable(each: TlsFiles, name: str) -> Failure:
    uid, gid = each.user or (0, 0)
    path = each.path(name)
    file = shlex.quote(path)
    hint = f"Run there: chown :{gid} {file} && chmod 640 {file}; its folder needs chmod 755."
    return _refused(f"QEMU, which runs as user {uid}, cannot read {path} on {each.host}", hint)


def _dates(each: TlsFiles, other: TlsFiles, file: str) -> Iterator[Failure]:
    """Both hosts check the dates of each certificate, each by its own clock."""
    start, end = each.dates[file]
    clocks = {side.host: side.now for side in (each, other) if side.now is not None}
    path = each.path(file)
    late = [host for host, now in clocks.items() if now > end]
    early = [host for host, now in clocks.items() if now < start]
    if late:
        clock = "" if each.host in late else f" by the clock of {late[0]}"
        yield _refused(f"{path} on {each.host} expired on {_date(end)}{clock}", f"Issue a new one. {MAKE}")
    elif early:
        why = f"{path} on {each.host} is valid from {_date(start)}, and {early[0]} has {_date(clocks[early[0]])}"
        yield _refused(why, f"Set the clock of {early[0]}, or issue a new one.")


def _name(target: TlsFiles, origin: TlsFiles, name: str) -> Failure:
    names = _list(target.names) if target.names else "no name"
    why = f"{origin.host} connects to {name}, and {target.path(target.certificate)} on {target.host} is for {names}"
    usable = next((each for each in target.names if "*" not in each), "")
    other = f", or add --tls-destination {usable}" if usable else ""
    return _refused(why, f"Issue one whose subjectAltName has {name}{other}.")


def _untrusted(each: TlsFiles, other: TlsFiles) -> Failure:
    why = f"{other.path(CA)} on {other.host} is not the CA of {each.path(each.certificate)} on {each.host}"
    return _refused(why, f"Issue the certificates of both hosts with one CA, and copy its certificate to both. {MAKE}")


def _doubts(each: TlsFiles) -> Iterator[str]:
    states = {file: each.state(file) for file in (CA, each.certificate, each.key)}
    if each.unread:
        yield _unread(each.host, each.unread)
    elif UNKNOWN in states.values():
        yield _unread(each.host, f"the login cannot look into {each.folder}")
    elif not each.openssl:
        yield _unread(each.host, "openssl is not installed there")
    elif THERE in states.values():
        yield f"Whether QEMU can read the TLS certificates of {each.host} was not checked: that needs root there."
    elif states[each.certificate] == OK and each.certificate not in each.dates:
        yield _unread(each.host, f"openssl there could not read {each.path(each.certificate)}")
    if each.guarded and OK in states.values():
        yield (
            f"AppArmor may keep QEMU from reading {each.folder} on {each.host}: its profile of VMs does not name it, "
            "and lets QEMU read /etc/pki/qemu."
        )


def _list(words: tuple[str, ...] | list[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


def _date(moment: int) -> str:
    return datetime.fromtimestamp(moment, timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
