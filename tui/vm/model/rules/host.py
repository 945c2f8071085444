"""Rules about what QEMU can't migrate at all, and about files, ports and secrets that it needs on the target."""

from collections.abc import Callable, Iterator

from tui.vm.model.rules import mend
from tui.vm.model.rules.rule import BLOCKED, DOUBTFUL, Case, Rule, Words, on_shared

Finder = Callable[[Case], Iterator[Words]]

UNKNOWN_QEMU = (10, 1, 0)  # the first QEMU that may have learnt to migrate what older ones can't


def _unmovable(*, certain: bool) -> Finder:
    """Devices that QEMU marks as not migratable; `certain` with a QEMU of which that is known."""

    def finds(case: Case) -> Iterator[Words]:
        old = case.here is not None and case.here.daemon.hypervisor_version < UNKNOWN_QEMU
        if old == certain:
            yield from ({"what": each} for each in case.domain.hardware.unmovable)

    return finds


def _missing(case: Case) -> Iterator[Words]:
    for noun, path in case.domain.hardware.needs.files:
        found = case.file_there(path)
        if not on_shared(path, case.folder) and found is not None and not found.exists:
            yield {"noun": noun, "path": path}


def _serial_port(*, udp: bool) -> Finder:
    """Serial ports whose TCP or UDP port a program of the target has."""

    def finds(case: Case) -> Iterator[Words]:
        if case.facts is not None:
            taken = case.facts.udp_ports if udp else case.facts.ports
            used = (each for each in case.domain.hardware.needs.serial_ports if each.udp == udp)
            yield from ({"port": each.port} for each in used if each.port in taken)

    return finds


def _serial_address(*, known: bool) -> Finder:
    """Serial ports bound to an address that the target lacks, or if `known` is False, of which that is unknown."""

    def finds(case: Case) -> Iterator[Words]:
        for each in case.domain.hardware.needs.serial_ports:
            if case.listens_there(each.address) is (False if known else None):
                yield {"address": each.address}

    return finds


def _no_secret(case: Case) -> Iterator[Words]:
    known = None if case.there is None else case.there.inventory.secrets
    if known is not None:
        yield from ({"secret": each} for each in case.domain.hardware.needs.secrets if each not in known)


RULES = (
    Rule(
        BLOCKED,
        _unmovable(certain=True),
        "It has {what}, which QEMU can't migrate.",
        mend=mend.detach_unmovable,
    ),
    Rule(
        DOUBTFUL,
        _unmovable(certain=False),
        "It has {what}, which QEMU up to 10.0 can't migrate; a newer one decides at the start.",
        mend=mend.detach_unmovable,
    ),
    Rule(
        BLOCKED,
        _missing,
        "It needs the {noun} {path}, which {target} does not have.",
        "Install or copy it there, or change it in the definition: virsh edit {vm}.",
    ),
    Rule(
        BLOCKED,
        _serial_port(udp=False),
        "Its serial port listens on port {port}, which is in use on {target}.",
        "End what uses it there: ss -ltnp.",
    ),
    Rule(
        BLOCKED,
        _serial_port(udp=True),
        "Its serial port listens on UDP port {port}, which is in use on {target}.",
        "End what uses it there: ss -lunp.",
    ),
    Rule(
        BLOCKED,
        _serial_address(known=True),
        "Its serial port listens on {address}, which is no address of {target}.",
        "Let it listen on 0.0.0.0.",
    ),
    Rule(
        DOUBTFUL,
        _serial_address(known=False),
        "Its serial port listens on {address}, which must be an address of {target}, too.",
        "Let it listen on 0.0.0.0.",
    ),
    Rule(
        BLOCKED,
        _no_secret,
        "A disk needs the secret {secret}, which {target} does not have.",
        "Define it there with the same UUID and value: virsh secret-define.",
    ),
)
