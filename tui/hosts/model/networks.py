"""The networks of a host's libvirt."""

from dataclasses import dataclass

from tui.linux.script_sections import Section

DEFAULT = "default"  # the name of libvirt's own
ACTIVE, YES = "active", "yes"


@dataclass(frozen=True)
class Network:
    """One network of libvirt."""

    name: str
    active: bool = False
    autostart: bool = False


def parse_networks(part: Section | None) -> tuple[Network, ...] | str:
    """The networks from `virsh -q net-list --all`, or virsh's message if it failed; none without virsh."""
    if part is None:
        return ()
    lines = part.text.strip().splitlines()
    if part.status:
        return lines[-1] if lines else "virsh does not respond"
    rows = (line.rsplit(None, 3) for line in lines)  # name, state, autostart, persistent
    return tuple(Network(row[0].strip(), row[1] == ACTIVE, row[2] == YES) for row in rows if len(row) == 4)
