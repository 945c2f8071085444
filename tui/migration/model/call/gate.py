"""Which options of a migration these hosts, this VM and this combination refuse, and why: known before the start."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from tui.core.failure import Failure
from tui.core.plan import Plan, possible
from tui.core.virsh_options import BY_NAME, MT, OPTIONS, QATZIP, XBZRLE, ZLIB, ZSTD, Option, separated
from tui.core.vm import Daemon
from tui.vm.model.domain import BadDefinition, tree

Version = tuple[int, int, int]

MULTIFD_METHODS = (ZLIB, ZSTD, QATZIP)  # each connection compresses; the others compress in a single one


@dataclass(frozen=True)
class Case:
    """What decides: the plan, the daemons it starts from and goes to, whether the VM has a <hard_limit>, its UUID."""

    plan: Plan
    here: Daemon
    there: Daemon
    hard_limit: bool = False
    uuid: str = ""  # "" if unknown

    @property
    def rdma(self) -> bool:
        """Whether the memory is sent over RDMA."""
        return self.plan.migrateuri.startswith("rdma:")


Why = Callable[[Case], str]


@dataclass(frozen=True)
class Rule:
    """`option`, a field of the plan, is refused if it is set and `why` returns a reason."""

    option: str
    why: Why
    hint: str = ""


def refusals(case: Case) -> list[Failure]:
    """A Failure for each option that is set and refused, with its first reason."""
    return list(refused(case).values())


def unavailable(case: Case) -> dict[str, Failure]:
    """The same by the name of each option, also for those that are not set and would be refused if they were."""
    found = {}
    for option in OPTIONS:
        plan = case.plan if _is_set(case.plan, option) else replace(case.plan, **{option.name: _trial(option)})
        failure = refused(replace(case, plan=plan)).get(option.name)
        if failure is not None:
            found[option.name] = failure
    return found


def _trial(option: Option) -> Any:
    """A value other than the usual one, which no rule refuses by itself."""
    if option.is_flag:
        return not option.usual
    return max(option.least, 1) if option.is_number else TRIALS.get(option.name, "x")


def without_effect(plan: Plan) -> dict[str, str]:
    """Which options of the plan libvirt accepts although they do nothing: a sentence by the name of each."""
    idle = ((BY_NAME[name], why) for name, (applies, why) in IDLE.items() if applies(plan))
    return {each.name: f"{each.virsh} has no effect: {why}." for each, why in idle if _is_set(plan, each)}


def refused(case: Case) -> dict[str, Failure]:
    """A Failure for each option that is set and refused, by its name."""
    case = replace(case, plan=possible(case.plan, case.here.hypervisor_version))
    found = {}
    for option in OPTIONS:
        value = getattr(case.plan, option.name)
        if not option.valid(value):
            why = f"the value is {value!r}"
            found[option.name] = Failure(f"{option.virsh} is refused", why, f"Leave {option.virsh} out.")
    for rule in RULES:
        option = BY_NAME[rule.option]
        if rule.option not in found and _is_set(case.plan, option) and (why := rule.why(case)):
            found[rule.option] = Failure(f"{option.virsh} is refused", why, rule.hint or f"Leave {option.virsh} out.")
    return found


def _is_set(plan: Plan, option: Option) -> bool:
    return bool(getattr(plan, option.name) != option.usual)


# -- reasons --


def _needs(who: str, since: Version, *hosts: str) -> Why:
    """`who` (libvirt or QEMU) knows the option since a version, which each of the hosts must have."""

    def why(case: Case) -> str:
        for host in hosts:
            known = _version(case, who, host)
            if known < since:
                return f"{who} has it since {_text(since)}, the {host} has {_text(known)}"
        return ""

    return why


def _version(case: Case, who: str, host: str) -> Version:
    daemon = case.here if host == ORIGIN else case.there
    return daemon.libvirt_version if who == LIBVIRT else daemon.hypervisor_version


def _text(version: Version) -> str:
    return ".".join(map(str, version if version[2] else version[:2]))


def _if(applies: Callable[[Case], object], sentence: str) -> Why:
    return lambda case: sentence if applies(case) else ""


def _with(method: str, why: Why) -> Why:
    """The reason, if the plan uses the compression method."""
    return lambda case: why(case) if method in case.plan.methods else ""


def _without(method: str) -> Why:
    return _if(lambda case: method not in case.plan.methods, f"it tunes {method}, which is not among --comp-methods")


def _removed(case: Case) -> str:
    for host in (ORIGIN, TARGET):
        known = _version(case, QEMU, host)
        if known >= MT_UNTIL:
            return f"QEMU has no compression by {MT} since {_text(MT_UNTIL)}, the {host} has {_text(known)}"
    return ""


def _mixed(case: Case) -> str:
    plan = case.plan
    for method in plan.methods:
        if method in MULTIFD_METHODS and not plan.parallel:
            return f"{method} compresses parallel connections, and there are none"
        if method not in MULTIFD_METHODS and plan.parallel:
            return f"{method} does not work with parallel connections"
    return "parallel connections have a single method" if plan.parallel and len(plan.methods) > 1 else ""


def _cache(case: Case) -> str:
    bytes_ = case.plan.comp_xbzrle_cache_bytes or 0
    return "" if bytes_ & (bytes_ - 1) == 0 else f"QEMU accepts a power of two, {bytes_} bytes are none"


def _tunnel(case: Case) -> str:
    plan = case.plan
    unsupported = {
        "post-copy": plan.post_copy,
        "parallel connections": plan.parallel,
        "--migrateuri": plan.migrateuri,
        "--listen-address": plan.listen_address,
        "--disks-port": plan.disks_port,
        "copy of disks": plan.copies_disks,
    }
    names = [name for name, used in unsupported.items() if used]
    return f"a tunnelled migration supports no {' and no '.join(names)}" if names else ""


def _chosen_zeroes(case: Case) -> str:
    chosen = case.plan.chosen_disks
    others = [each for each in separated(case.plan.migrate_disks_detect_zeroes) if chosen and each not in chosen]
    return f"--migrate-disks leaves out {', '.join(others)}" if others else ""


def _tls_socket(case: Case) -> str:
    over_unix = case.plan.tls and case.plan.disks_uri.startswith("unix:")
    return "TLS is not supported over a UNIX socket" if over_unix else ""


def _other_vm(option: str) -> Why:
    """The definition in the option is not one of this VM; what else may differ, libvirt checks."""

    def why(case: Case) -> str:
        try:
            root = tree(getattr(case.plan, option))
        except BadDefinition as failure:
            return f"{failure.what[:1].lower()}{failure.what[1:]}: {failure.why}"
        name, uuid = root.findtext("name", "").strip(), root.findtext("uuid", "").strip()
        if name != case.plan.vm:
            renames = ", and only --dname renames" if case.plan.dname == name else ""
            return f"it defines the VM {name!r}, not {case.plan.vm!r}{renames}"
        if not uuid:
            return "it has no <uuid>, so libvirt would make another VM of it"
        if case.uuid and _hex(uuid) != _hex(case.uuid):
            return f"its UUID is {uuid}, that of the VM is {case.uuid}"
        return ""

    return why


def _hex(uuid: str) -> str:
    return uuid.replace("-", "").lower()


def _all(methods: tuple[str, ...]) -> Iterator[Rule]:
    for method in methods:
        why = _with(method, _needs(LIBVIRT, (9, 4, 0), ORIGIN, TARGET))  # VIR_MIGRATE_PARAM_COMPRESSION_ZLIB_LEVEL
        yield Rule("comp_methods", why, "Use xbzrle without parallel connections.")


LIBVIRT, QEMU = "libvirt", "QEMU"
ORIGIN, TARGET = "origin", "target"
MT_UNTIL = (9, 1, 0)  # docs/about/removed-features.rst of QEMU, "compress" capability
TRIALS = {
    "comp_methods": "", "xml": "", "persistent_xml": "",
    "migrateuri": "tcp://x", "graphicsuri": "vnc://x", "disks_uri": "tcp://x",
}  # fmt: skip

EDIT = "Save it with virsh dumpxml --migratable, and change paths, addresses or names of networks in it."
EDIT_INACTIVE = "Save it with virsh dumpxml --inactive, and change that."
COPY = "Set --copy-storage-all."
NO_DISK = "no disk is copied"
NOT_COPIED = _if(lambda case: not case.plan.copies_disks, NO_DISK)

# Versions of libvirt are those of "Since:" in include/libvirt/libvirt-domain.h, those of QEMU in qapi/migration.json.
RULES = (
    Rule("comp_methods", _with(QATZIP, _if(lambda _: True, "libvirt cannot set it, up to 12.8")), "Use zstd."),
    *_all((ZLIB, ZSTD)),
    Rule("comp_methods", _with(MT, _removed), "Use xbzrle, or zstd with parallel connections."),
    Rule("comp_methods", _mixed, "Set --parallel for zlib or zstd, and 0 connections for xbzrle."),
    Rule(
        "comp_methods",
        _with(MT, _if(lambda case: case.plan.post_copy, f"QEMU does not combine {MT} with post-copy")),
        "Choose pre-copy.",
    ),
    Rule("comp_xbzrle_cache_bytes", _without(XBZRLE)),
    Rule("comp_xbzrle_cache_bytes", _cache, "Take 64 MiB, 128 MiB, 256 MiB and so on."),
    Rule("comp_zlib_level", _without(ZLIB)),
    Rule("comp_zstd_level", _without(ZSTD)),
    Rule("comp_mt_level", _without(MT)),
    Rule("comp_mt_threads", _without(MT)),
    Rule("comp_mt_dthreads", _without(MT)),
    Rule("zerocopy", _needs(LIBVIRT, (8, 5, 0), ORIGIN, TARGET)),
    Rule("zerocopy", _needs(QEMU, (7, 1, 0), ORIGIN)),  # zero-copy-send; libvirt sets it on the source only
    Rule("zerocopy", _if(lambda case: not case.plan.parallel, "it needs parallel connections"), "Set --parallel."),
    Rule("zerocopy", _if(lambda case: case.plan.methods, "what is compressed is a copy")),
    Rule("zerocopy", _if(lambda case: case.plan.tls, "what is encrypted is a copy")),
    Rule(
        "auto_converge_initial",
        _if(lambda case: not case.plan.auto_converge, "auto-converge is off"),
        "Set --auto-converge.",
    ),
    Rule(
        "auto_converge_increment",
        _if(lambda case: not case.plan.auto_converge, "auto-converge is off"),
        "Set --auto-converge.",
    ),
    Rule("available_switchover_bandwidth_mib_s", _needs(LIBVIRT, (11, 1, 0), ORIGIN)),  # not sent to the target
    Rule("available_switchover_bandwidth_mib_s", _needs(QEMU, (8, 2, 0), ORIGIN)),  # avail-switchover-bandwidth
    Rule("tls_destination", _if(lambda case: not case.plan.tls, "TLS is off"), "Set --tls."),
    Rule("tunnelled", _tunnel),
    Rule(
        "suspend",
        _if(lambda case: case.plan.post_copy, "libvirt does not combine it with post-copy"),
        "Choose pre-copy, or leave --suspend out.",
    ),
    Rule(
        "migrateuri",
        _if(lambda case: case.rdma and not case.hard_limit, "RDMA locks memory, and the VM has no <hard_limit>"),
        "Set it with virsh memtune --hard-limit.",
    ),
    Rule(
        "migrateuri",
        _if(lambda case: case.rdma and case.plan.parallel, "RDMA has no parallel connections"),
        "Set the parallel connections to 0.",
    ),
    Rule(
        "copy_storage_inc",
        _if(lambda case: case.plan.copy_storage_all, "--copy-storage-all copies the backing files, too"),
        "Choose one of them.",
    ),
    Rule("migrate_disks", NOT_COPIED, COPY),
    Rule("migrate_disks_detect_zeroes", NOT_COPIED, COPY),
    Rule("migrate_disks_detect_zeroes", _needs(LIBVIRT, (10, 9, 0), ORIGIN, TARGET)),
    Rule("migrate_disks_detect_zeroes", _chosen_zeroes, "Add them there, or leave them out here."),
    Rule("copy_storage_synchronous_writes", NOT_COPIED, COPY),
    Rule("copy_storage_synchronous_writes", _needs(LIBVIRT, (8, 0, 0), ORIGIN, TARGET)),
    Rule("disks_port", _if(lambda case: case.plan.disks_uri, "--disks-uri contains the port"), "Set one of them."),
    Rule("disks_uri", _tls_socket, "Choose a URI with tcp:."),
    Rule("xml", _other_vm("xml"), EDIT),
    Rule("persistent_xml", _other_vm("persistent_xml"), EDIT_INACTIVE),
    Rule(
        "persistent_xml",
        _if(lambda case: not case.plan.persistent, "the destination keeps no definition"),  # virsh refuses it, too
        "Leave --no-persistent out.",
    ),
)

# libvirt accepts these, and they do nothing: neither its API nor qemuMigrationParamsFromFlags checks them.
IDLE: Mapping[str, tuple[Callable[[Plan], object], str]] = {
    "postcopy_bandwidth_mib_s": (lambda plan: not plan.post_copy, "the migration does not use post-copy"),
    "disks_port": (lambda plan: not plan.copies_disks, NO_DISK),
    "disks_uri": (lambda plan: not plan.copies_disks, NO_DISK),
    "rdma_pin_all": (lambda plan: not plan.migrateuri.startswith("rdma:"), "the migration does not use RDMA"),
}
