"""One call of libvirt's migrateToURI3, and the options of `virsh migrate` that make the same call."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from tui.core.plan import Plan
from tui.core.virsh_options import BY_NAME

DEBIAN_12 = (9, 0)  # the libvirt of Debian 12: an option that is younger is noted


class Named(NamedTuple):
    """A flag or a parameter: the constant of libvirt-python, the option of virsh, the first virsh that has it.

    `file`: virsh reads the value from a file of this name, after the VM's.
    """

    constant: str
    virsh: str
    since: tuple[int, int] = (0, 0)
    file: str = ""


def _own(name: str, constant: str, since: tuple[int, int] = (0, 0), file: str = "") -> dict[Any, Named]:
    """The row of an option of the plan: core.virsh_options has its value for libvirt and its name for virsh."""
    return {BY_NAME[name].libvirt: Named(constant, BY_NAME[name].virsh, since, file)}


# By the value of the flag, which libvirt never changes. All of libvirt 11.3, so that a new option of the app has one.
FLAGS: Mapping[int, Named] = {
    1 << 0: Named("VIR_MIGRATE_LIVE", "--live"),
    1 << 1: Named("VIR_MIGRATE_PEER2PEER", "--p2p"),
    **_own("tunnelled", "VIR_MIGRATE_TUNNELLED"),
    **_own("persistent", "VIR_MIGRATE_PERSIST_DEST"),
    **_own("undefinesource", "VIR_MIGRATE_UNDEFINE_SOURCE"),
    **_own("suspend", "VIR_MIGRATE_PAUSED"),
    **_own("copy_storage_all", "VIR_MIGRATE_NON_SHARED_DISK"),
    **_own("copy_storage_inc", "VIR_MIGRATE_NON_SHARED_INC"),
    **_own("change_protection", "VIR_MIGRATE_CHANGE_PROTECTION"),
    1 << 9: Named("VIR_MIGRATE_UNSAFE", "--unsafe"),
    1 << 10: Named("VIR_MIGRATE_OFFLINE", "--offline"),
    1 << 11: Named("VIR_MIGRATE_COMPRESSED", "--compressed"),
    **_own("abort_on_error", "VIR_MIGRATE_ABORT_ON_ERROR"),
    1 << 13: Named("VIR_MIGRATE_AUTO_CONVERGE", "--auto-converge"),
    **_own("rdma_pin_all", "VIR_MIGRATE_RDMA_PIN_ALL"),
    1 << 15: Named("VIR_MIGRATE_POSTCOPY", "--postcopy"),
    **_own("tls", "VIR_MIGRATE_TLS"),
    1 << 17: Named("VIR_MIGRATE_PARALLEL", "--parallel"),
    **_own("copy_storage_synchronous_writes", "VIR_MIGRATE_NON_SHARED_SYNCHRONOUS_WRITES"),
    1 << 19: Named("VIR_MIGRATE_POSTCOPY_RESUME", "--postcopy-resume"),
    **_own("zerocopy", "VIR_MIGRATE_ZEROCOPY"),
}
AUTO_CONVERGE, POST_COPY, RESUME = 1 << 13, 1 << 15, 1 << 19

# By libvirt's name of the parameter; the first virsh is that of "Since:" in include/libvirt/libvirt-domain.h.
PARAMETERS: Mapping[str, Named] = {
    **_own("migrateuri", "VIR_MIGRATE_PARAM_URI"),
    **_own("dname", "VIR_MIGRATE_PARAM_DEST_NAME"),
    **_own("xml", "VIR_MIGRATE_PARAM_DEST_XML", file="destination.xml"),
    **_own("persistent_xml", "VIR_MIGRATE_PARAM_PERSIST_XML", file="persistent.xml"),
    "bandwidth": Named("VIR_MIGRATE_PARAM_BANDWIDTH", "--bandwidth"),
    **_own("postcopy_bandwidth_mib_s", "VIR_MIGRATE_PARAM_BANDWIDTH_POSTCOPY"),
    **_own("available_switchover_bandwidth_mib_s", "VIR_MIGRATE_PARAM_BANDWIDTH_AVAIL_SWITCHOVER", (11, 1)),
    **_own("graphicsuri", "VIR_MIGRATE_PARAM_GRAPHICS_URI"),
    **_own("listen_address", "VIR_MIGRATE_PARAM_LISTEN_ADDRESS"),
    **_own("migrate_disks", "VIR_MIGRATE_PARAM_MIGRATE_DISKS"),
    **_own("migrate_disks_detect_zeroes", "VIR_MIGRATE_PARAM_MIGRATE_DISKS_DETECT_ZEROES", (10, 9)),
    **_own("disks_port", "VIR_MIGRATE_PARAM_DISKS_PORT"),
    **_own("disks_uri", "VIR_MIGRATE_PARAM_DISKS_URI"),
    **_own("comp_methods", "VIR_MIGRATE_PARAM_COMPRESSION"),
    **_own("comp_mt_level", "VIR_MIGRATE_PARAM_COMPRESSION_MT_LEVEL"),
    **_own("comp_mt_threads", "VIR_MIGRATE_PARAM_COMPRESSION_MT_THREADS"),
    **_own("comp_mt_dthreads", "VIR_MIGRATE_PARAM_COMPRESSION_MT_DTHREADS"),
    **_own("comp_xbzrle_cache_bytes", "VIR_MIGRATE_PARAM_COMPRESSION_XBZRLE_CACHE"),
    **_own("comp_zlib_level", "VIR_MIGRATE_PARAM_COMPRESSION_ZLIB_LEVEL", (9, 4)),
    **_own("comp_zstd_level", "VIR_MIGRATE_PARAM_COMPRESSION_ZSTD_LEVEL", (9, 4)),
    **_own("auto_converge_initial", "VIR_MIGRATE_PARAM_AUTO_CONVERGE_INITIAL"),
    **_own("auto_converge_increment", "VIR_MIGRATE_PARAM_AUTO_CONVERGE_INCREMENT"),
    "parallel.connections": Named("VIR_MIGRATE_PARAM_PARALLEL_CONNECTIONS", "--parallel-connections"),
    **_own("tls_destination", "VIR_MIGRATE_PARAM_TLS_DESTINATION"),
}


@dataclass(frozen=True)
class Call:
    """The flags and the parameters of migrateToURI3."""

    flags: int
    parameters: Mapping[str, Any]

    @property
    def json(self) -> dict[str, Any]:
        """The call as a record has it."""
        return {"flags": self.flags, "parameters": dict(self.parameters)}


CallOf = Callable[[Plan], Call]  # what the app calls for a plan


class VirshWords(NamedTuple):
    """The words after `virsh migrate VM URI`, the files that they name, and what cannot be written as an option."""

    words: tuple[str, ...]
    files: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]


def set_flags(flags: int) -> list[int]:
    """The flags that are set, each as a number."""
    return [1 << bit for bit in range(flags.bit_length()) if flags >> bit & 1]


def virsh_words(vm: str, call: Call) -> VirshWords:
    """The options of `virsh migrate` that make this call."""
    words, files, notes = list[str](), list[tuple[str, str]](), list[str]()
    for flag in set_flags(call.flags):
        option = FLAGS.get(flag)
        if option is None:
            notes.append(f"the flag {flag:#x} has no option in virsh that vmlm-tui knows")
            continue
        words.append(option.virsh)
        notes += _too_young(option)
    for name, value in call.parameters.items():
        option = PARAMETERS.get(name)
        if option is None:
            notes.append(f"the parameter {name}={value!r} has no option in virsh that vmlm-tui knows")
            continue
        word = ",".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
        if option.file:
            files.append((f"{vm}-{option.file}", word))
            word = files[-1][0]
        words += [option.virsh, word]
        notes += _too_young(option)
    return VirshWords(tuple(words), tuple(files), tuple(notes))


def _too_young(option: Named) -> list[str]:
    if option.since <= DEBIAN_12:
        return []
    return [f"{option.virsh} needs virsh {option.since[0]}.{option.since[1]} or newer"]


def python_flags(flags: int) -> list[str]:
    """The flags as expressions of libvirt-python."""
    known = ((flag, FLAGS.get(flag)) for flag in set_flags(flags))
    return [f"libvirt.{option.constant}" if option else f"{flag:#x}" for flag, option in known] or ["0"]


def python_parameters(parameters: Mapping[str, Any]) -> list[str]:
    """The parameters as entries of a dictionary in libvirt-python."""
    known = ((name, PARAMETERS.get(name), value) for name, value in parameters.items())
    return [f"{f'libvirt.{option.constant}' if option else repr(name)}: {value!r}" for name, option, value in known]
