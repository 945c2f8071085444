"""The further options of a migration, named as `virsh migrate` names them."""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from tui.core.quantity import exact_size

MT, XBZRLE, ZLIB, ZSTD, QATZIP = "mt", "xbzrle", "zlib", "zstd", "qatzip"
METHODS = (XBZRLE, ZLIB, ZSTD, MT, QATZIP)
MIB_S, BYTES, PERCENT = "MiB/s", "bytes", "%"
MOST_XML = 256 * 1024  # bytes of a definition: a request to the runner has two of them


@dataclass(frozen=True, kw_only=True)
class VirshOptions:
    """None and "" are not set: libvirt or QEMU then uses its own default. Names end with the unit.

    By default the VM is persistent on the destination, and its definition is removed from the source.
    """

    comp_methods: str = ""  # separated by commas
    comp_xbzrle_cache_bytes: int | None = None
    comp_zlib_level: int | None = None
    comp_zstd_level: int | None = None
    comp_mt_level: int | None = None
    comp_mt_threads: int | None = None
    comp_mt_dthreads: int | None = None
    zerocopy: bool = False
    auto_converge_initial: int | None = None
    auto_converge_increment: int | None = None
    postcopy_bandwidth_mib_s: int | None = None
    available_switchover_bandwidth_mib_s: int | None = None
    tls: bool = False
    tls_destination: str = ""
    tunnelled: bool = False
    migrateuri: str = ""
    listen_address: str = ""
    graphicsuri: str = ""
    rdma_pin_all: bool = False
    dname: str = ""
    xml: str = ""  # the definition itself
    persistent_xml: str = ""
    persistent: bool = True
    undefinesource: bool = True
    suspend: bool = False
    abort_on_error: bool = False
    change_protection: bool = False
    copy_storage_all: bool = False
    copy_storage_inc: bool = False
    migrate_disks: str = ""  # separated by commas; "" means all
    migrate_disks_detect_zeroes: str = ""
    copy_storage_synchronous_writes: bool = False
    disks_port: int | None = None
    disks_uri: str = ""

    @property
    def methods(self) -> tuple[str, ...]:
        """The compression methods."""
        return separated(self.comp_methods)

    @property
    def copies_disks(self) -> bool:
        """Whether disks are copied to the target."""
        return self.copy_storage_all or self.copy_storage_inc

    @property
    def copies_all_disks(self) -> bool:
        """Whether all disks are copied, but for those that are shareable, read-only or empty."""
        return self.copies_disks and not self.chosen_disks

    @property
    def chosen_disks(self) -> tuple[str, ...]:
        """The disks to copy by their targets in the VM, such as "vda"; none means all."""
        return separated(self.migrate_disks)


def separated(text: str) -> tuple[str, ...]:
    """The words of a list that commas separate."""
    return tuple(filter(None, text.split(",")))


def _methods(text: str) -> bool:
    words = text.split(",")
    return all(word in METHODS for word in words) and len(set(words)) == len(words)


def _matches(pattern: str) -> Callable[[str], bool]:
    return lambda text: re.fullmatch(pattern, text) is not None


def _name(text: str) -> bool:
    return bool(text.strip()) and text.isprintable() and "/" not in text and len(text) <= 200


def _file(text: str) -> bool:
    return len(text) <= MOST_XML and len(text.encode(errors="replace")) <= MOST_XML and "\0" not in text


@dataclass(frozen=True)
class Option:
    """One of them: `about` explains it; a number is in `unit` from `least` to `most`, a text is one that `fits`.

    `libvirt` is the bit of its flag or the name of its parameter, as libvirt documents them: an older binding has no
    constant for a newer one, and the daemons decide whether they know it.
    """

    name: str
    libvirt: int | str
    about: str
    least: int = 0
    most: int = 0
    unit: str = ""
    expected: str = ""
    fits: Callable[[str], bool] = str.isprintable
    is_list: bool = False  # words separated by commas: libvirt takes each as a parameter of its own
    is_file: bool = False  # a person names a file, and the value is its text

    @property
    def usual(self) -> Any:
        """Its value if nobody sets it."""
        return USUAL[self.name]

    @property
    def virsh(self) -> str:
        """Its name as a word of `virsh migrate`: "--comp-xbzrle-cache"."""
        return f"--{self.short}"

    @property
    def short(self) -> str:
        """Its name without the dashes and without the unit: "comp-xbzrle-cache"."""
        return re.sub("_(mib_s|bytes)$", "", self.name).replace("_", "-")

    @property
    def is_flag(self) -> bool:
        """Whether it is yes or no."""
        return isinstance(self.usual, bool)

    @property
    def is_number(self) -> bool:
        """Whether it is a whole number."""
        return self.usual is None

    def valid(self, value: object) -> bool:
        """Whether it may have this value; None and "" are not set."""
        if self.is_flag:
            return isinstance(value, bool)
        if self.is_number:
            whole = isinstance(value, int) and not isinstance(value, bool)
            return value is None or (whole and self.least <= value <= self.most)  # type: ignore[operator]
        return isinstance(value, str) and (not value or self.fits(value))

    def words(self, value: Any) -> str:
        """A value that differs from the usual one: "comp-zstd-level 3", "tls", "no persistent"."""
        if self.is_flag:
            return self.short if value else f"no {self.short}"
        if self.unit == BYTES:
            return f"{self.short} {exact_size(value)}"
        if self.is_file:
            return f"{self.short} {fingerprint(value)}"
        space = " " if self.unit == MIB_S else ""
        return f"{self.short} {value}{space}{self.unit}"


def fingerprint(text: str) -> str:
    """What tells a file from another one in a line: the first digits of its SHA-256."""
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()[:8]


URI = r"(tcp|rdma)://(\[[0-9A-Fa-f:.]+\]|[\w.-]+)(:\d{1,5})?/?"
HOST = r"[\w.:-]{1,255}"
DISKS = r"\w+(,\w+)*"
XML_EXPECTED = "a file with the XML of the VM"
DISKS_EXPECTED = "one or more disks such as vda, separated by commas"

OPTIONS = (
    Option(
        "comp_methods",
        "compression",
        "compress the memory: xbzrle, or with parallel connections zlib or zstd",
        expected="one or more of xbzrle, zlib, zstd, mt, separated by commas",
        fits=_methods,
        is_list=True,
    ),
    Option(
        "comp_xbzrle_cache_bytes",
        "compression.xbzrle.cache",
        "the cache of xbzrle, a power of two",
        4096,
        1 << 46,
        BYTES,
    ),
    Option("comp_zlib_level", "compression.zlib.level", "from 0 (fast) to 9 (small)", 0, 9),
    Option("comp_zstd_level", "compression.zstd.level", "from 0 (its default) to 20 (small)", 0, 20),
    Option("comp_mt_level", "compression.mt.level", "from 0 (fast) to 9 (small)", 0, 9),
    Option("comp_mt_threads", "compression.mt.threads", "threads of mt that compress", 1, 255),
    Option("comp_mt_dthreads", "compression.mt.dthreads", "threads of mt that decompress", 1, 255),
    Option("zerocopy", 1 << 20, "send without a copy by the kernel; needs parallel connections"),
    Option("auto_converge_initial", "auto_converge.initial", "the first throttle of auto-converge", 1, 99, PERCENT),
    Option(
        "auto_converge_increment", "auto_converge.increment", "each further throttle of auto-converge", 1, 99, PERCENT
    ),
    Option(
        "postcopy_bandwidth_mib_s", "bandwidth.postcopy", "at most, in post-copy; 0 means no limit", 0, 1_000_000, MIB_S
    ),
    Option(
        "available_switchover_bandwidth_mib_s",
        "bandwidth.avail.switchover",
        "QEMU plans the switchover with this bandwidth",
        0,
        1_000_000,
        MIB_S,
    ),
    Option("tls", 1 << 16, "encrypt the migration"),
    Option(
        "tls_destination",
        "tls.destination",
        "the name in the destination's certificate",
        expected="a host name",
        fits=_matches(HOST),
    ),
    Option("tunnelled", 1 << 2, "send through libvirt's own connection"),
    Option(
        "migrateuri",
        "migrate_uri",
        "where the destination listens, for a network of its own",
        expected="a URI such as tcp://192.0.2.10, with a port if it is fixed",
        fits=_matches(URI),
    ),
    Option(
        "listen_address",
        "listen_address",
        "the destination listens on it",
        expected="an address of it",
        fits=_matches(HOST),
    ),
    Option(
        "graphicsuri",
        "graphics_uri",
        "where viewers of the screen connect next",
        expected="a URI such as spice://192.0.2.10:5900",
        fits=_matches(r"(vnc|spice)://\S+"),
    ),
    Option("rdma_pin_all", 1 << 14, "lock all memory before a migration over RDMA"),
    Option(
        "dname", "destination_name", "the name of the VM on the destination", expected="the name of a VM", fits=_name
    ),
    Option(
        "xml",
        "destination_xml",
        "the VM's definition there, such as with other paths or addresses",
        expected=XML_EXPECTED,
        fits=_file,
        is_file=True,
    ),
    Option(
        "persistent_xml",
        "persistent_xml",
        "its definition there from the next start on",
        expected=XML_EXPECTED,
        fits=_file,
        is_file=True,
    ),
    Option("persistent", 1 << 3, "keep the VM's definition on the destination"),
    Option("undefinesource", 1 << 4, "remove the VM's definition from the source"),
    Option("suspend", 1 << 5, "leave the VM paused on the destination"),
    Option("abort_on_error", 1 << 12, "cancel if a disk reports an error meanwhile"),
    Option("change_protection", 1 << 8, "fail if libvirt cannot protect the VM from changes meanwhile"),
    Option("copy_storage_all", 1 << 6, "copy the disks, so that the hosts need no shared storage"),
    Option("copy_storage_inc", 1 << 7, "copy the disks without their backing files, which the target has"),
    Option(
        "migrate_disks",
        "migrate_disks",
        "copy these disks only",
        expected=DISKS_EXPECTED,
        fits=_matches(DISKS),
        is_list=True,
    ),
    Option(
        "migrate_disks_detect_zeroes",
        "migrate_disks_detect_zeroes",
        "do not send blocks of zeroes of these disks",
        expected=DISKS_EXPECTED,
        fits=_matches(DISKS),
        is_list=True,
    ),
    Option(
        "copy_storage_synchronous_writes", 1 << 18, "write to both hosts at once, so that the copy of the disks ends"
    ),
    Option("disks_port", "disks_port", "the destination listens on it for the disks", 1, 65535),
    Option(
        "disks_uri",
        "disks_uri",
        "where the destination listens for the disks",
        expected="a URI such as tcp://192.0.2.10:49200",
        fits=_matches(r"tcp://(\[[0-9A-Fa-f:.]+\]|[\w.-]+)(:\d{1,5})?/?|unix:///\S+"),
    ),
)
BY_NAME = {each.name: each for each in OPTIONS}
USUAL: dict[str, Any] = {each.name: each.default for each in fields(VirshOptions)}


# They hold for one direction or for one migration: the way back must not repeat them. A port that is free and open on
# one host is no known one of the other.
ONE_WAY = (
    "tls_destination", "migrateuri", "rdma_pin_all", "listen_address", "graphicsuri", "dname", "xml", "persistent_xml",
    "suspend", "disks_port", "disks_uri",
)  # fmt: skip


def option_words(options: VirshOptions) -> list[str]:
    """Those that differ from the usual ones, each as a person reads it."""
    values = ((each, getattr(options, each.name)) for each in OPTIONS)
    return [each.words(value) for each, value in values if value != each.usual]


def read_options(table: Mapping[str, Any]) -> dict[str, Any]:
    """Those of a record, by the names of the fields; missing and damaged ones are left out."""
    return {each.name: table[each.name] for each in OPTIONS if each.name in table and each.valid(table[each.name])}
