"""One call of libvirt's migrateToURI3, and the options of `virsh migrate` that make the same call."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from tui.core.plan import Plan

DEBIAN_12 = (9, 0)  # the libvirt of Debian 12: an option that is younger is noted


class Option(NamedTuple):
    """A flag or a parameter: the constant of libvirt-python, the option of virsh, the first virsh that has it.

    `file`: virsh reads the value from a file of this name, after the VM's.
    """

    constant: str
    virsh: str
    since: tuple[int, int] = (0, 0)
    file: str = ""


# By the value of the flag, which libvirt never changes. All of libvirt 11.3, so that a new option of the app has one.
FLAGS: Mapping[int, Option] = {
    1 << 0: Option("VIR_MIGRATE_LIVE", "--live"),
    1 << 1: Option("VIR_MIGRATE_PEER2PEER", "--p2p"),
    1 << 2: Option("VIR_MIGRATE_TUNNELLED", "--tunnelled"),
    1 << 3: Option("VIR_MIGRATE_PERSIST_DEST", "--persistent"),
    1 << 4: Option("VIR_MIGRATE_UNDEFINE_SOURCE", "--undefinesource"),
    1 << 5: Option("VIR_MIGRATE_PAUSED", "--suspend"),
    1 << 6: Option("VIR_MIGRATE_NON_SHARED_DISK", "--copy-storage-all"),
    1 << 7: Option("VIR_MIGRATE_NON_SHARED_INC", "--copy-storage-inc"),
    1 << 8: Option("VIR_MIGRATE_CHANGE_PROTECTION", "--change-protection"),
    1 << 9: Option("VIR_MIGRATE_UNSAFE", "--unsafe"),
    1 << 10: Option("VIR_MIGRATE_OFFLINE", "--offline"),
    1 << 11: Option("VIR_MIGRATE_COMPRESSED", "--compressed"),
    1 << 12: Option("VIR_MIGRATE_ABORT_ON_ERROR", "--abort-on-error"),
    1 << 13: Option("VIR_MIGRATE_AUTO_CONVERGE", "--auto-converge"),
    1 << 14: Option("VIR_MIGRATE_RDMA_PIN_ALL", "--rdma-pin-all"),
    1 << 15: Option("VIR_MIGRATE_POSTCOPY", "--postcopy"),
    1 << 16: Option("VIR_MIGRATE_TLS", "--tls"),
    1 << 17: Option("VIR_MIGRATE_PARALLEL", "--parallel"),
    1 << 18: Option("VIR_MIGRATE_NON_SHARED_SYNCHRONOUS_WRITES", "--copy-storage-synchronous-writes"),
    1 << 19: Option("VIR_MIGRATE_POSTCOPY_RESUME", "--postcopy-resume"),
    1 << 20: Option("VIR_MIGRATE_ZEROCOPY", "--zerocopy"),
}
AUTO_CONVERGE, POST_COPY, RESUME = 1 << 13, 1 << 15, 1 << 19

# By libvirt's name of the parameter.
PARAMETERS: Mapping[str, Option] = {
    "migrate_uri": Option("VIR_MIGRATE_PARAM_URI", "--migrateuri"),
    "destination_name": Option("VIR_MIGRATE_PARAM_DEST_NAME", "--dname"),
    "destination_xml": Option("VIR_MIGRATE_PARAM_DEST_XML", "--xml", file="destination.xml"),
    "persistent_xml": Option("VIR_MIGRATE_PARAM_PERSIST_XML", "--persistent-xml", file="persistent.xml"),
    "bandwidth": Option("VIR_MIGRATE_PARAM_BANDWIDTH", "--bandwidth"),
    "bandwidth.postcopy": Option("VIR_MIGRATE_PARAM_BANDWIDTH_POSTCOPY", "--postcopy-bandwidth"),
    "bandwidth.avail.switchover": Option(
        "VIR_MIGRATE_PARAM_BANDWIDTH_AVAIL_SWITCHOVER", "--available-switchover-bandwidth", (11, 1)
    ),
    "graphics_uri": Option("VIR_MIGRATE_PARAM_GRAPHICS_URI", "--graphicsuri"),
    "listen_address": Option("VIR_MIGRATE_PARAM_LISTEN_ADDRESS", "--listen-address"),
    "migrate_disks": Option("VIR_MIGRATE_PARAM_MIGRATE_DISKS", "--migrate-disks"),
    "migrate_disks_detect_zeroes": Option(
        "VIR_MIGRATE_PARAM_MIGRATE_DISKS_DETECT_ZEROES", "--migrate-disks-detect-zeroes", (10, 9)
    ),
    "disks_port": Option("VIR_MIGRATE_PARAM_DISKS_PORT", "--disks-port"),
    "disks_uri": Option("VIR_MIGRATE_PARAM_DISKS_URI", "--disks-uri"),
    "compression": Option("VIR_MIGRATE_PARAM_COMPRESSION", "--comp-methods"),
    "compression.mt.level": Option("VIR_MIGRATE_PARAM_COMPRESSION_MT_LEVEL", "--comp-mt-level"),
    "compression.mt.threads": Option("VIR_MIGRATE_PARAM_COMPRESSION_MT_THREADS", "--comp-mt-threads"),
    "compression.mt.dthreads": Option("VIR_MIGRATE_PARAM_COMPRESSION_MT_DTHREADS", "--comp-mt-dthreads"),
    "compression.xbzrle.cache": Option("VIR_MIGRATE_PARAM_COMPRESSION_XBZRLE_CACHE", "--comp-xbzrle-cache"),
    "compression.zlib.level": Option("VIR_MIGRATE_PARAM_COMPRESSION_ZLIB_LEVEL", "--comp-zlib-level", (9, 4)),
    "compression.zstd.level": Option("VIR_MIGRATE_PARAM_COMPRESSION_ZSTD_LEVEL", "--comp-zstd-level", (9, 4)),
    "auto_converge.initial": Option("VIR_MIGRATE_PARAM_AUTO_CONVERGE_INITIAL", "--auto-converge-initial"),
    "auto_converge.increment": Option("VIR_MIGRATE_PARAM_AUTO_CONVERGE_INCREMENT", "--auto-converge-increment"),
    "parallel.connections": Option("VIR_MIGRATE_PARAM_PARALLEL_CONNECTIONS", "--parallel-connections"),
    "tls.destination": Option("VIR_MIGRATE_PARAM_TLS_DESTINATION", "--tls-destination"),
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


class VirshOptions(NamedTuple):
    """The words after `virsh migrate VM URI`, the files that they name, and what cannot be written as an option."""

    words: tuple[str, ...]
    files: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]


def set_flags(flags: int) -> list[int]:
    """The flags that are set, each as a number."""
    return [1 << bit for bit in range(flags.bit_length()) if flags >> bit & 1]


def virsh_options(vm: str, call: Call) -> VirshOptions:
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
    return VirshOptions(tuple(words), tuple(files), tuple(notes))


def _too_young(option: Option) -> list[str]:
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
