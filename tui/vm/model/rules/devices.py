"""Rules about the VM's state, its devices and its CPU flags, most of which need the definition only."""

from collections.abc import Callable, Iterator

from tui.vm.model.hardware import SharedFolder
from tui.vm.model.rules import mend
from tui.vm.model.rules.rule import BLOCKED, DOUBTFUL, NOTE, Case, Rule, Words, on_shared

Finder = Callable[[Case], Iterator[Words]]

# The first libvirt that migrates virtiofs; it is asked on the host of the VM only. QEMU migrates it from 8.2 on.
VIRTIOFS, VIRTIOFS_QEMU = (10, 5, 0), (8, 2, 0)
# QEMU 8.1 migrates VFIO devices whose driver supports it, and lists its blockers; libvirt then leaves it to QEMU.
VFIO = (8, 1, 0)
TOO_OLD, MISSING, STARTED_BY_OTHERS, STARTED_BY_LIBVIRT = "too old", "missing", "socket", "folder"  # of virtiofs
MANY = 4  # names in one sentence


def _snapshots(case: Case) -> Iterator[Words]:
    names = case.domain.snapshots
    if names:
        more = f" and {len(names) - MANY} more" if len(names) > MANY else ""
        yield {"names": ", ".join(names[:MANY]) + more, "plural": "s" if len(names) > 1 else ""}


def _unread(case: Case) -> Iterator[Words]:
    if case.domain.unread:
        yield {"why": case.domain.unread}


def _host_devices(*kinds: str, mode: str = "subsystem") -> Finder:
    def finds(case: Case) -> Iterator[Words]:
        for each in case.domain.hardware.host_devices:
            if each.mode == mode and each.kind in kinds and not (each.transient or each.unmovable):
                yield {"device": each.text}

    return finds


def _capabilities(case: Case) -> Iterator[Words]:
    yield from ({"device": each.text} for each in case.domain.hardware.host_devices if each.mode == "capabilities")


def _vfio(*, possible: bool) -> Finder:
    """PCI and mediated devices, hostdev network cards among them; `possible` if both hosts' QEMU may migrate them."""

    def finds(case: Case) -> Iterator[Words]:
        if case.older(qemu=VFIO) == possible:
            return
        yield from _host_devices("pci", "mdev")(case)
        for nic in case.domain.nics:
            if nic.kind == "hostdev" and not nic.transient:
                yield {"device": f"network card {nic.mac}".rstrip()}

    return finds


def _teaming(case: Case) -> Iterator[Words]:
    yield from ({"device": each.text} for each in case.domain.hardware.host_devices if each.transient)
    yield from ({"device": f"network card {nic.mac}".rstrip()} for nic in case.domain.nics if nic.transient)


# -- folders, memory, TPM --


def _virtiofs(state: str) -> Finder:
    def finds(case: Case) -> Iterator[Words]:
        for each in case.domain.hardware.folders:
            if each.driver == "virtiofs" and _virtiofs_state(case, each) == state:
                yield {"folder": each.path or each.socket or each.tag}

    return finds


def _virtiofs_state(case: Case, folder: SharedFolder) -> str:
    there = case.file_there(folder.path)
    refused = case.here is not None and case.here.daemon.libvirt_version < VIRTIOFS
    if refused or case.older(qemu=VIRTIOFS_QEMU):
        return TOO_OLD
    if there is not None and not there.exists:
        return MISSING
    return STARTED_BY_OTHERS if folder.socket else STARTED_BY_LIBVIRT


def _nine_p(case: Case) -> Iterator[Words]:
    for each in case.domain.hardware.folders:
        if each.driver not in ("virtiofs", "mtp"):
            yield {"folder": each.path or "(unnamed)", "tag": each.tag or "(none)"}


def _shared_memory(case: Case) -> Iterator[Words]:
    yield from ({"name": name} for name, role in case.domain.hardware.shared_memory if role != "master")


def _dimms(case: Case) -> Iterator[Words]:
    if case.domain.hardware.live and case.domain.hardware.dimms_without_address:
        yield {}


def _tpm(test: Callable[[Case, str, str], bool], backend: str) -> Finder:
    """TPMs with the backend whose secret and state folder meet the test."""

    def finds(case: Case) -> Iterator[Words]:
        for each in case.domain.hardware.tpms:
            if each.backend == backend and test(case, each.secret, each.state):
                yield {"secret": each.secret, "state": each.state}

    return finds


def _no_swtpm(case: Case, _secret: str, _state: str) -> bool:
    return case.facts is not None and "swtpm" not in case.facts.programs


def _no_secret(case: Case, secret: str, _state: str) -> bool:
    known = None if case.there is None else case.there.inventory.secrets
    return bool(secret) and known is not None and secret not in known


# -- CPU flags --


def _invtsc(case: Case) -> Iterator[Words]:
    if "invtsc" in case.domain.hardware.features and not case.domain.hardware.tsc_frequency:
        yield {}


def _not_migratable(case: Case) -> Iterator[Words]:
    if not case.domain.hardware.migratable_cpu and not case.domain.hardware.tsc_frequency:
        yield {}


# -- network cards --


def _nic(*kinds: str) -> Finder:
    def finds(case: Case) -> Iterator[Words]:
        yield from ({"nic": nic.mac or nic.text, "source": nic.source} for nic in case.domain.nics if nic.kind in kinds)

    return finds


def _of_target(kind: str) -> Finder:
    """Bridges or networks that the target lacks."""

    def finds(case: Case) -> Iterator[Words]:
        # A bridge of Open vSwitch is a network device, but no bridge of the kernel.
        devices = None if case.facts is None else tuple(case.facts.mtus)
        known = devices if kind == "bridge" else None if case.there is None else case.there.networks
        if known is None:
            return
        used = [nic.source for nic in case.domain.nics if nic.kind == kind]
        if kind == "network":  # a console may listen on the address of one
            used += [name for console in case.domain.hardware.consoles for name in console.networks]
        yield from ({"kind": kind, "source": each} for each in dict.fromkeys(used) if each not in known)

    return finds


def _bridge_unread(case: Case) -> Iterator[Words]:
    if case.facts is None:
        known = () if case.there is None else case.there.bridges
        used = (nic.source for nic in case.domain.nics if nic.kind == "bridge" and nic.source not in ("", *known))
        yield from ({"source": each} for each in dict.fromkeys(used))


def _card(*, unknown: bool) -> Finder:
    """Network cards of the host below macvtap that the target lacks, or of which that is unknown."""

    def finds(case: Case) -> Iterator[Words]:
        there = () if case.facts is None else case.facts.mtus
        for nic in case.domain.nics:
            if nic.kind == "direct" and nic.source and nic.source not in there and unknown == (case.facts is None):
                yield {"source": nic.source}

    return finds


def _vdpa(case: Case) -> Iterator[Words]:
    yield from ({"source": nic.source} for nic in case.domain.nics if nic.kind == "vdpa")


def _mtu(case: Case) -> Iterator[Words]:
    for nic in case.domain.nics:
        name = nic.source if nic.kind in ("bridge", "direct") else nic.bridge
        there = case.facts.mtus.get(name, 0) if case.facts is not None else 0
        if 0 < there < nic.mtu:
            yield {"nic": nic.mac or nic.text, "mtu": nic.mtu, "name": name, "there": there}


RULES = (
    Rule(DOUBTFUL, _unread, "Whether it has snapshots or block jobs is unknown. {why}"),
    Rule(
        BLOCKED,
        _snapshots,
        "It has the snapshot{plural} {names}; libvirt does not migrate a VM with snapshots.",
        "virsh snapshot-delete {vm} NAME merges one; with --metadata, only libvirt forgets it.",
        mend.forget_snapshots,
    ),
    Rule(BLOCKED, _capabilities, "It uses the host device {device} by mode=capabilities, which can't migrate."),
    Rule(
        BLOCKED,
        _vfio(possible=False),
        "It uses the host device {device}, which can't migrate with a QEMU older than 8.1.",
        "Detach it for the migration, or pair it with a second card by <teaming>.",
        mend.detach_host_device,
    ),
    Rule(
        DOUBTFUL,
        _vfio(possible=True),
        "It uses the host device {device}, which migrates only if its driver on both hosts supports that; QEMU decides "
        "at the start.",
        mend=mend.detach_host_device,
    ),
    Rule(
        NOTE,
        _teaming,
        "QEMU unplugs {device} for the migration; the guest needs net_failover to go on with the other card.",
    ),
    Rule(
        DOUBTFUL,
        _host_devices("usb"),
        "It uses the host device {device}; libvirt lets it pass, but the guest loses it if {target} has none.",
        mend=mend.detach_host_device,
    ),
    Rule(
        DOUBTFUL,
        _host_devices("scsi"),
        "It uses the host device {device}, which migrates only if {target} has the same one and QEMU allows it.",
        mend=mend.detach_host_device,
    ),
    Rule(
        BLOCKED,
        _virtiofs(TOO_OLD),
        "It uses the host folder {folder} by virtiofs, which migrates with libvirt 10.5 and QEMU 8.2 or later; a host "
        "has an older one.",
        "Unmount and detach it for the migration.",
        mend.detach_folder,
    ),
    Rule(
        DOUBTFUL,
        _virtiofs(STARTED_BY_LIBVIRT),
        "It uses the host folder {folder} by virtiofs, which needs virtiofsd 1.11 or later and the same folder on both "
        "hosts.",
    ),
    Rule(
        NOTE,
        _virtiofs(STARTED_BY_OTHERS),
        "It uses the virtiofsd at {folder}, which libvirt did not start; start one on {target} first.",
    ),
    Rule(
        BLOCKED,
        _virtiofs(MISSING),
        "The host folder {folder} of the VM does not exist on {target}.",
        mend=mend.detach_folder,
    ),
    Rule(
        DOUBTFUL,
        _nine_p,
        "It uses the host folder {folder} by 9p; QEMU refuses to migrate while the guest has it mounted.",
        "Unmount {tag} in the guest.",
    ),
    Rule(
        BLOCKED,
        _shared_memory,
        "It uses the shared memory {name}; libvirt migrates it only with role=master.",
        "Detach it for the migration.",
        mend.detach_shared_memory,
    ),
    Rule(BLOCKED, _dimms, "A memory module lacks its slot or base address, so libvirt refuses to migrate the VM."),
    Rule(
        BLOCKED,
        _tpm(lambda *_: True, "passthrough"),
        "It uses the TPM of the host, which can't migrate.",
        "Use an emulated TPM.",
    ),
    Rule(
        DOUBTFUL,
        _tpm(lambda *_: True, "external"),
        "Another program provides its TPM; {target} needs it at the same socket.",
    ),
    Rule(
        BLOCKED,
        _tpm(_no_swtpm, "emulator"),
        "It has an emulated TPM, and swtpm is not installed on {target}.",
        "Install swtpm and swtpm-tools there.",
    ),
    Rule(
        BLOCKED,
        _tpm(_no_secret, "emulator"),
        "The state of its TPM is encrypted by the secret {secret}, which {target} does not have.",
        "Define it there with the same UUID and value: virsh secret-define.",
    ),
    Rule(
        DOUBTFUL,
        _tpm(lambda case, _, state: bool(state) and on_shared(state, case.folder), "emulator"),
        "The state of its TPM is on the shared folder, which an older swtpm can't migrate.",
    ),
    Rule(
        BLOCKED,
        _invtsc,
        "Its CPU has invtsc without a TSC frequency; libvirt refuses to migrate it.",
        "Set <timer name='tsc' frequency='...'/> in <clock>, or remove invtsc.",
    ),
    Rule(
        DOUBTFUL,
        _not_migratable,
        "Its CPU has migratable=off, so QEMU may refuse to migrate it (invtsc).",
        "Set migratable=on.",
    ),
    Rule(BLOCKED, _of_target("bridge"), "The {kind} {source} is missing on {target}."),
    Rule(DOUBTFUL, _bridge_unread, "Whether {target} has the bridge {source} is not known yet."),
    Rule(BLOCKED, _of_target("network"), "The {kind} {source} is missing on {target}."),
    Rule(BLOCKED, _card(unknown=False), "It is connected to the host device {source}, which {target} does not have."),
    Rule(
        DOUBTFUL, _card(unknown=True), "It is connected to the host device {source}; {target} needs one of that name."
    ),
    Rule(
        DOUBTFUL,
        _vdpa,
        "It is connected to the vDPA device {source}; {target} needs one of that name, and QEMU decides at the start "
        "whether it can migrate.",
    ),
    Rule(
        DOUBTFUL,
        _nic("vhostuser"),
        "Its network card {nic} is connected to another program (vhost-user); {target} needs the same socket.",
    ),
    Rule(
        DOUBTFUL,
        _nic("ethernet"),
        "Its network card {nic} is connected by a script or another program (type=ethernet); {target} needs the same.",
    ),
    Rule(
        DOUBTFUL,
        _nic("server", "client", "mcast", "udp"),
        "Its network card {nic} is connected by a socket of QEMU; its address and port must be right on {target}, too.",
    ),
    Rule(NOTE, _nic("user"), "Its user-mode network starts anew on {target}, so open connections of the guest break."),
    Rule(
        DOUBTFUL,
        _mtu,
        "Its network card {nic} has an MTU of {mtu}; {name} on {target} has {there}, so packets are lost.",
        "Raise it there: ip link set {name} mtu {mtu}.",
    ),
)
