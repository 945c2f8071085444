"""What firewalld lets in, as `firewall-cmd --zone=ZONE --list-all` prints it: now, and after its next start."""

import re
from dataclasses import dataclass

from tui.model.addresses import within

RICH = re.compile(r'^\s*rule .*source address="([^"]+)".*(?:service name="nfs"|port="2049").* accept')


@dataclass(frozen=True)
class Zone:
    """One zone: what it lets in from everybody, and from whom besides."""

    name: str
    target: str = "default"
    services: tuple[str, ...] = ()
    ports: tuple[str, ...] = ()
    nfs_from: tuple[str, ...] = ()  # addresses and networks of rich rules

    def lets_in(self, address: str) -> bool:
        """Whether a connection to NFS from this address passes."""
        return (
            self.target == "ACCEPT"
            or "nfs" in self.services
            or "2049/tcp" in self.ports
            or any(within(address, each) for each in self.nfs_from)
        )


@dataclass(frozen=True)
class Firewalld:
    """firewalld of a host: the zone that the clients come through, as it is now and as it is kept."""

    running: bool
    now: Zone = Zone("")
    kept: Zone = Zone("")


def parse_zone(text: str) -> Zone:
    """One zone of `--list-all`."""
    lines = text.splitlines()
    values = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines[1:])}
    return Zone(
        name=lines[0].split(" ")[0] if lines else "",
        target=values.get("target", "default").strip("%"),
        services=tuple(values.get("services", "").split()),
        ports=tuple(values.get("ports", "").split()),
        nfs_from=tuple(found[1] for line in lines if (found := RICH.match(line))),
    )


def rich_rule(address: str) -> str:
    """The rule that lets NFS in from one address."""
    family = "ipv6" if ":" in address else "ipv4"
    return f'rule family="{family}" source address="{address}" service name="nfs" accept'
