"""TCP wrappers: /etc/hosts.allow and /etc/hosts.deny, for the daemons that still ask them; see hosts_access(5).

Read only as far as our own line needs it: whether a pattern means a host is not judged.
"""

from collections.abc import Iterable

DAEMONS = ("rpcbind", "mountd")


def allow_line(clients: Iterable[str]) -> str:
    """The line of /etc/hosts.allow that lets these clients use the daemons of NFS."""
    return f"{' '.join(DAEMONS)} : {' '.join(f'[{each}]' if ':' in each else each for each in clients)}"


def rules(text: str) -> tuple[str, ...]:
    """The lines about the daemons of NFS, or about all daemons."""
    meant = {"ALL", *DAEMONS, *(f"rpc.{each}" for each in DAEMONS)}
    lines = (line.strip() for line in text.replace("\\\n", " ").splitlines())
    return tuple(
        line
        for line in lines
        if not line.startswith("#") and meant & set(line.partition(":")[0].replace(",", " ").split())
    )


def means_everybody(rule: str) -> bool:
    """Whether a line is about all clients without exception."""
    return rule.partition(":")[2].partition(":")[0].split() == ["ALL"]
