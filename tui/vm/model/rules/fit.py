"""Rules about what the target has: machine type, CPU, consoles, firmware, CPUs and memory."""

from collections.abc import Callable, Iterator

from tui.core.quantity import size
from tui.vm.model.cpu import QEMU, summary
from tui.vm.model.hardware import numbers
from tui.vm.model.rules import mend
from tui.vm.model.rules.rule import BLOCKED, DOUBTFUL, NOTE, Case, Rule, Words, on_shared

Finder = Callable[[Case], Iterator[Words]]

HOST_CPU = ("host-passthrough", "maximum")
BOOTS = "boots from"


def _same_name(case: Case) -> Iterator[Words]:
    """A stranger; a definition with the same UUID is a leftover of an earlier migration, which libvirt replaces."""
    for each in () if case.there is None else case.there.vms:
        if case.domain.uuid and each.name == case.domain.name and each.uuid != case.domain.uuid:
            yield {"uuid": each.uuid}


def _same_uuid(case: Case) -> Iterator[Words]:
    for each in () if case.there is None else case.there.vms:
        if case.domain.uuid and each.uuid == case.domain.uuid and each.name != case.domain.name:
            yield {"name": each.name}


def _runs_twice(case: Case) -> Iterator[Words]:
    for each in () if case.there is None else case.there.vms:
        same = (each.name, each.uuid) == (case.domain.name, case.domain.uuid)
        if same and case.domain.uuid and each.active and not each.incoming:
            yield {}


def _machine(case: Case) -> Iterator[Words]:
    machine, there = case.domain.machine, case.there
    if there is not None and there.machines and machine and machine not in there.machines:
        yield {"machine": machine}


def _host_cpu(case: Case) -> Iterator[Words]:
    if case.domain.cpu not in HOST_CPU or case.domain.kind == QEMU or case.there is None or case.here is None:
        return
    here, there = case.here.daemon.cpu_model, case.there.daemon.cpu_model
    if here != there:
        yield {"cpu": case.domain.cpu, "here": here, "there": there}


def _features(case: Case) -> Iterator[Words]:
    lacks = "" if case.there is None else case.there.cpu_lacks.get(case.domain.cpu_xml, "")
    if lacks:
        yield {"lacks": summary(lacks.split(", "))}


# -- consoles and what the target's QEMU supports --


def _unsupported(what: str, values: Callable[[Case], Iterator[str]]) -> Finder:
    """Devices that libvirt on the target reports as not supported."""

    def finds(case: Case) -> Iterator[Words]:
        for value in dict.fromkeys(values(case)):
            if case.there is not None and case.there.inventory.lacks(what, value):
                yield {"value": value}

    return finds


def _address(*, known: bool) -> Finder:
    """Consoles bound to an address that the target lacks, or if `known` is False, of which that is unknown."""

    def finds(case: Case) -> Iterator[Words]:
        for console in case.domain.hardware.consoles:
            for address in console.addresses:
                if case.listens_there(address) is (False if known else None):
                    yield {"kind": console.kind.upper(), "address": address}

    return finds


def _port(case: Case) -> Iterator[Words]:
    taken = case.facts.ports if case.facts is not None else frozenset()
    for console in case.domain.hardware.consoles:
        if console.port in taken:
            yield {"kind": console.kind.upper(), "port": console.port}


def _further_port(case: Case) -> Iterator[Words]:
    taken = case.facts.ports if case.facts is not None else frozenset()
    for console in case.domain.hardware.consoles:
        for port in console.further_ports:
            if port in taken:
                yield {"kind": console.kind.upper(), "port": port}


# -- firmware and boot files --


def _boot_paths(case: Case) -> Iterator[tuple[str, str]]:
    firmware = case.domain.hardware.firmware
    yield from ((BOOTS, path) for path in case.domain.boot_files if not on_shared(path, case.folder))
    there = case.file_there(firmware.nvram)
    made = on_shared(firmware.nvram, case.folder) or (there is not None and there.exists)
    template = "" if firmware.nvram and made else firmware.template  # libvirt makes the file from it if it is missing
    for verb, path in (("uses the firmware", firmware.loader), ("uses the template", template)):
        if path.startswith("/") and not on_shared(path, case.folder):
            yield verb, path


def _boot_missing(case: Case) -> Iterator[Words]:
    for verb, path in _boot_paths(case):
        found = case.file_there(path)
        if found is not None and not found.exists:
            yield {"verb": verb, "path": path}


def _boot_other(*, kernel: bool) -> Finder:
    """Files of another size on the target: of a kernel, or of the firmware, whose size QEMU compares."""

    def finds(case: Case) -> Iterator[Words]:
        for verb, path in _boot_paths(case):
            here, there = case.file_here(path), case.file_there(path)
            compared = kernel or case.domain.hardware.firmware.exact
            if not (here and there and here.exists and there.exists and compared):
                continue
            if (verb == BOOTS) == kernel and here.size != there.size:
                yield {"verb": verb, "path": path, "here": here.size, "there": there.size}

    return finds


def _other_variables(case: Case) -> Iterator[Words]:
    """A file that was left on the target; QEMU writes the variables of the VM into it."""
    firmware = case.domain.hardware.firmware
    path = firmware.nvram
    here, there = case.file_here(path), case.file_there(path)
    if not firmware.exact or on_shared(path, case.folder):
        return
    if here and there and here.exists and there.exists and here.size != there.size:
        yield {"path": path, "here": here.size, "there": there.size}


def _boot_unknown(case: Case) -> Iterator[Words]:
    """Only of the kernel and its files: the firmware comes with a package that a host with QEMU has."""
    for path in case.domain.boot_files:
        if not on_shared(path, case.folder) and case.file_there(path) is None:
            yield {"path": path, "folder": case.folder}


# -- CPUs, NUMA nodes, memory --


def _pins(*, all_outside: bool) -> Finder:
    """Pins to CPUs of which the target lacks all, or only some."""

    def finds(case: Case) -> Iterator[Words]:
        there = case.facts.cpus if case.facts is not None else frozenset()
        for what, text in case.domain.hardware.pins:
            wanted = numbers(text) or frozenset()
            if there and wanted - there and (wanted & there == frozenset()) == all_outside:
                yield {"what": what, "cpus": text}

    return finds


def _nodes(case: Case) -> Iterator[Words]:
    there = case.facts.nodes if case.facts is not None else frozenset()
    for _, text in case.domain.hardware.nodes:
        if there and (numbers(text) or frozenset()) - there:
            yield {"nodes": text, "there": ", ".join(map(str, sorted(there)))}
            return


def _huge_pages(case: Case) -> Iterator[Words]:
    facts = case.facts
    if facts is None or not facts.page_kib:
        return
    wanted = {each or facts.page_kib for each in case.domain.hardware.page_kib}
    free = sum(facts.free_pages.get(each, 0) * each * 1024 for each in wanted)
    need = case.domain.hardware.huge_bytes or case.domain.memory_bytes
    if wanted and free < need:
        yield {"need": size(need), "sizes": " or ".join(f"{each} KiB" for each in sorted(wanted)),
               "free": size(free)}  # fmt: skip


def _memory(case: Case) -> Iterator[Words]:
    if case.there is None or case.domain.hardware.page_kib:
        return
    there = case.there.daemon
    free = max(there.memory_free_bytes, 0 if case.facts is None else case.facts.available_bytes)
    if 0 < free < case.domain.memory_bytes:
        yield {"need": size(case.domain.memory_bytes), "free": size(free)}


def _vcpus(case: Case) -> Iterator[Words]:
    if case.there is not None and case.domain.vcpus > case.there.daemon.cpus:
        yield {"vcpus": case.domain.vcpus, "cpus": case.there.daemon.cpus}


RULES = (
    Rule(
        BLOCKED,
        _same_name,
        "{target} has another VM of that name (UUID {uuid}), which libvirt does not replace.",
        "Rename one of them: virsh domrename.",
    ),
    Rule(
        BLOCKED,
        _same_uuid,
        "{target} has a VM with the same UUID under the name {name}.",
        "If it is a copy of the definition, undefine it there.",
    ),
    Rule(
        BLOCKED,
        _runs_twice,
        "It runs on {target}, too; two VMs on one disk destroy it.",
        "Find out which of them is right before anything else.",
    ),
    Rule(BLOCKED, _machine, "QEMU on {target} does not support the machine type {machine}."),
    Rule(
        DOUBTFUL,
        _host_cpu,
        "It uses the host CPU ({cpu}), and the hosts have different ones: {here} here, {there} on {target}. "
        "libvirt does not compare them; the guest may crash there.",
        "Choose a CPU that both hosts have.",
    ),
    Rule(
        DOUBTFUL,
        _features,
        "Its CPU has features that {target} does not offer: {lacks}. It may start there, but not arrive running.",
        "Choose a CPU that both hosts have.",
    ),
    Rule(
        BLOCKED,
        _unsupported("graphics", lambda case: (each.kind for each in case.domain.hardware.consoles)),
        "It has {value} graphics, which QEMU on {target} does not support.",
        "Use VNC, or install QEMU's module for it there.",
    ),
    Rule(
        BLOCKED,
        _unsupported("video", lambda case: iter(case.domain.hardware.videos)),
        "It has {value} video, which QEMU on {target} does not support.",
        "Use another model, or install QEMU's module for it there.",
    ),
    Rule(
        BLOCKED,
        _unsupported("redirdev", lambda case: iter(case.domain.hardware.redirections)),
        "It redirects {value} devices, which QEMU on {target} does not support.",
        "Remove <redirdev>.",
        mend.detach_redirection,
    ),
    Rule(
        BLOCKED,
        _address(known=True),
        "Its {kind} console listens on {address}, which is no address of {target}.",
        "Let it listen on 0.0.0.0.",
        mend.listen_everywhere,
    ),
    Rule(
        DOUBTFUL,
        _address(known=False),
        "Its {kind} console listens on {address}, which must be an address of {target}, too.",
        "Let it listen on 0.0.0.0.",
        mend.listen_everywhere,
    ),
    Rule(
        BLOCKED,
        _port,
        "Its {kind} console needs port {port}, which is in use on {target}.",
        "Set autoport='yes'.",
        mend.choose_port,
    ),
    Rule(
        DOUBTFUL,
        _further_port,
        "Its {kind} console uses port {port} for TLS or web sockets, which is in use on {target}; it can't start there "
        "if the definition fixes that port.",
        "End what uses it there: ss -ltnp.",
    ),
    Rule(
        BLOCKED,
        _boot_missing,
        "It {verb} {path}, which {target} does not have.",
        "Copy it there, or install its package.",
        mend.copy_file,
    ),
    Rule(
        BLOCKED,
        _boot_other(kernel=False),
        "It {verb} {path}, whose size differs: {here} bytes here, {there} bytes on {target}.",
        "Install the same version there.",
    ),
    Rule(
        NOTE,
        _boot_other(kernel=True),
        "It {verb} {path}, whose size differs on {target}; it boots the other one when it starts anew.",
    ),
    Rule(
        BLOCKED,
        _other_variables,
        "The file of its UEFI variables, {path}, has {here} bytes here and {there} bytes on {target}, and QEMU refuses "
        "another size.",
        "Remove the file on {target}: libvirt makes it again.",
    ),
    Rule(DOUBTFUL, _boot_unknown, "It boots from {path}, which is not on the shared folder {folder}."),
    Rule(
        BLOCKED,
        _pins(all_outside=True),
        "It pins {what} to the CPUs {cpus}; {target} has none of them.",
        "Change the pin: virsh vcpupin, emulatorpin or iothreadpin.",
    ),
    Rule(
        DOUBTFUL,
        _pins(all_outside=False),
        "It pins {what} to the CPUs {cpus}, of which {target} has only some.",
        "Change the pin: virsh vcpupin, emulatorpin or iothreadpin.",
    ),
    Rule(
        BLOCKED,
        _nodes,
        "Its memory is bound to the NUMA nodes {nodes}; {target} has {there}.",
        "Change nodeset: virsh numatune.",
    ),
    Rule(
        BLOCKED,
        _huge_pages,
        "It needs {need} of huge pages ({sizes}), and {target} has {free} of them free.",
        "Reserve them there: sysctl vm.nr_hugepages.",
    ),
    Rule(DOUBTFUL, _memory, "It has {need} of memory, and {target} has {free} free: it may swap or kill a process."),
    Rule(NOTE, _vcpus, "{target} has only {cpus} CPUs for its {vcpus} vCPUs."),
)
