"""What only root may read on a host: the settings of its libvirt that a migration to it depends on."""

import re
from dataclasses import dataclass

from tui.model.host_ports import FIRST, LAST

SCRIPT = "cat /etc/libvirt/qemu.conf 2>/dev/null; :"


@dataclass(frozen=True)
class QemuConf:
    """What /etc/libvirt/qemu.conf says, or libvirt does without it; "" is "not set"."""

    migration_host: str = ""
    migration_address: str = ""
    ports: tuple[int, int] = (FIRST, LAST)
    user: str = ""


def parse_qemu_conf(text: str) -> QemuConf:
    """What SCRIPT printed."""
    found = dict(re.findall(r"""^[ \t]*([a-z_]+)[ \t]*=[ \t]*["']?([^"'\s#]*)""", text, re.MULTILINE))
    first, last = (found.get(f"migration_port_{end}", "") for end in ("min", "max"))
    return QemuConf(
        migration_host=found.get("migration_host", ""),
        migration_address=found.get("migration_address", ""),
        ports=(int(first) if first.isdigit() else FIRST, int(last) if last.isdigit() else LAST),
        user=found.get("user", ""),
    )
