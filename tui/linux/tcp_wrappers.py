"""TCP wrappers: /etc/hosts.allow and /etc/hosts.deny, for the daemons that still ask them; see hosts_access(5)."""

from collections.abc import Iterator

from tui.linux.addresses import is_address, plain, within

DAEMONS = ("rpcbind", "mountd")


def lets_in(allow: str, deny: str, daemon: str, names: frozenset[str]) -> bool:
    """Whether a client that is known by these names may use the daemon: allowed first, then denied, else allowed."""
    if any(_meets(daemons, clients, daemon, names) for daemons, clients in _rules(allow)):
        return True
    return not any(_meets(daemons, clients, daemon, names) for daemons, clients in _rules(deny))


def allow_line(clients: tuple[str, ...]) -> str:
    """The line of /etc/hosts.allow that lets these clients use the daemons of NFS."""
    return f"{' '.join(DAEMONS)} : {' '.join(f'[{each}]' if ':' in each else each for each in clients)}"


def _rules(text: str) -> Iterator[tuple[list[str], list[str]]]:
    for line in text.replace("\\\n", " ").splitlines():
        daemons, colon, rest = line.partition(":")
        if colon and not line.lstrip().startswith("#"):
            yield _words(daemons), _words(_clients(rest))


def _clients(rest: str) -> str:
    """What stands between the daemons and a command, which a further colon begins; not one of an IPv6 address."""
    depth = 0
    for at, each in enumerate(rest):
        depth += (each == "[") - (each == "]")
        if each == ":" and not depth:
            return rest[:at]
    return rest


def _words(text: str) -> list[str]:
    return text.replace(",", " ").split()


def _meets(daemons: list[str], clients: list[str], daemon: str, names: frozenset[str]) -> bool:
    return any(each in ("ALL", daemon, f"rpc.{daemon}") for each in _but(daemons)) and any(
        _is_client(each, names) for each in _but(clients)
    )


def _but(words: list[str]) -> list[str]:
    """The list before an EXCEPT; who is excepted is not looked at."""
    return words[: words.index("EXCEPT")] if "EXCEPT" in words else words


def _is_client(pattern: str, names: frozenset[str]) -> bool:
    pattern = pattern.lower()
    if pattern == "all":
        return True
    if pattern.startswith("["):
        pattern = pattern[1:].replace("]", "")
    if is_address(pattern):
        return plain(pattern) in names
    if pattern.startswith("."):
        return any(name.endswith(pattern) for name in names)
    if pattern.endswith("."):
        return any(name.startswith(pattern) for name in names)
    return pattern in names or any(within(name, pattern) for name in names)
