"""Rules about what QEMU can't migrate at all, and about files, ports and secrets that it needs on the target."""

from collections.abc import Callable, Iterator

from tui.vm.model.rules.rule import BLOCKED, DOUBTFUL, Case, Rule, Words, on_shared

Finder = Callable[[Case], Iterator[Words]]

UNKNOWN_QEMU = (10, 1, 0)  # the first QEMU that may have learnt to migrate what older ones can't
EVERYWHERE = ("", "0.0.0.0", "::", "127.0.0.1", "localhost", "::1")  # noqa: S104 - in a definition


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


def _serial_port(case: Case) -> Iterator[Words]:
    taken = case.facts.ports if case.facts is not None else frozenset()
    yield from ({"port": each.port} for each in case.domain.hardware.needs.serial_ports if each.port in taken)


def _serial_address(case: Case) -> Iterator[Words]:
    there = case.facts.addresses if case.facts is not None else frozenset()
    for each in case.domain.hardware.needs.serial_ports:
        if each.address not in EVERYWHERE and each.address not in there:
            yield {"address": each.address}


def _no_secret(case: Case) -> Iterator[Words]:
    known = None if case.there is None else case.there.inventory.secrets
    if known is not None:
        yield from ({"secret": each} for each in case.domain.hardware.needs.secrets if each not in known)


RULES = (
    Rule(BLOCKED, _unmovable(certain=True), "It has {what}, which QEMU can't migrate."),
    Rule(
        DOUBTFUL,
        _unmovable(certain=False),
        "It has {what}, which QEMU up to 10.0 can't migrate; a newer one decides at the start.",
    ),
    Rule(
        BLOCKED,
        _missing,
        "It needs the {noun} {path}, which {target} does not have.",
        "Install or copy it there, or change it in the definition: virsh edit {vm}.",
    ),
    Rule(
        BLOCKED,
        _serial_port,
        "Its serial port listens on port {port}, which is in use on {target}.",
        "End what uses it there: ss -ltnp.",
    ),
    Rule(
        DOUBTFUL,
        _serial_address,
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
