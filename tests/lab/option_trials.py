"""Which migration of the lab tries each option of virsh; a unit test fails for one without a trial."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tui.lab.inventory import GUEST

VM, RENAMED = GUEST.name, f"{GUEST.name}-moved"
TARGET = "{target}"  # in a value: the target's address in the lab
FILE = "{file}"  # the definition of the VM, as its host has it


@dataclass(frozen=True)
class Trial:
    """One migration with these options, which go into one call of libvirt.

    `completes` is False where this machine's kernel or the lab's certificates cannot do it: the call is made anyway.
    """

    given: Mapping[str, Any]
    completes: bool = True
    vm: str = VM

    def plan(self, target: str, file: str) -> dict[str, Any]:
        """The options with the values of the moment."""
        texts = {TARGET: target, FILE: file}

        def filled(value: Any) -> Any:
            for mark, text in texts.items():
                value = value.replace(mark, text) if isinstance(value, str) else value
            return value

        return {name: filled(value) for name, value in self.given.items()}


# The VM goes there and back in turns.
SHARED = (
    Trial(
        {
            "comp_methods": "zstd",
            "comp_zstd_level": 5,
            "parallel": 2,
            "auto_converge": True,
            "auto_converge_initial": 31,
            "auto_converge_increment": 17,
            "available_switchover_bandwidth_mib_s": 77,
            "migrateuri": f"tcp://{TARGET}:49170",
            "listen_address": TARGET,
            "graphicsuri": f"vnc://{TARGET}:5900",
            "abort_on_error": True,
            "change_protection": True,
        }
    ),
    Trial({"comp_methods": "xbzrle", "comp_xbzrle_cache_bytes": 32 << 20, "postcopy_bandwidth_mib_s": 123}),
    Trial({"comp_methods": "zlib", "comp_zlib_level": 0, "parallel": 3}),
    Trial({"tunnelled": True}),
    Trial({"dname": RENAMED, "xml": FILE, "persistent": False, "undefinesource": False, "suspend": True}),
    Trial({"dname": VM, "persistent_xml": FILE}, vm=RENAMED),
    Trial({"zerocopy": True, "parallel": 2}, completes=False),
    Trial({"tls": True, "tls_destination": "host.example.org"}, completes=False),
)

# They need a VM whose disks lie on one host: test_copy_storage tries each, and finds it in the logged call.
COPIES = (
    "copy_storage_all", "copy_storage_inc", "migrate_disks", "migrate_disks_detect_zeroes",
    "copy_storage_synchronous_writes", "disks_port", "disks_uri",
)  # fmt: skip

# What the gate refuses on every host of a lab, and its sentence.
REFUSED = (
    (
        {"comp_methods": "mt", "comp_mt_level": 1, "comp_mt_threads": 2, "comp_mt_dthreads": 2},
        "QEMU has no compression by mt since 9.1",
    ),
    (
        {"migrateuri": "rdma://10.77.0.2", "rdma_pin_all": True},
        "RDMA locks memory, and the VM has no <hard_limit>",
    ),
)
