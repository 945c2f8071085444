"""TCP wrappers, hosts_access(5): reads /etc/hosts.allow and /etc/hosts.deny without matching patterns."""

from collections.abc import Iterable

DAEMONS = ("rpcbind", "mountd")


def allow_line(clients: Iterable[str]) -> str:
    """The line of /etc/hosts.allow that lets these clients use the NFS daemons."""
    return f"{' '.join(DAEMONS)} : {' '.join(f'[{each}]' if ':' in each else each for each in clients)}"


def rules(text: str) -> tuple[str, ...]:
    """The lines for an NFS daemon or for all daemons."""
    meant = {"ALL", *DAEMONS, *(f"rpc.{each}" for each in DAEMONS)}
    lines = (line.strip() for line in text.replace("\\\n", " ").splitlines())
    active = (line for line in lines if not line.startswith("#"))
    return tuple(line for line in active if meant & set(line.partition(":")[0].replace(",", " ").split()))


def matches_all_clients(rule: str) -> bool:
    """Whether a line is for all clients without exception."""
    return rule.partition(":")[2].partition(":")[0].split() == ["ALL"]
