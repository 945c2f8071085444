"""What lets both hosts through to the NFS server: ufw, firewalld, and TCP wrappers where they are still asked."""

from tui.checklist.model.check import FAILED, NOT_NEEDED, OK, WARNING, Finding
from tui.core.settings import STORAGE
from tui.linux import tcp_wrappers
from tui.linux.addresses import Resolved
from tui.linux.change import AddLines, Change, Command, Move, RemoveLines
from tui.linux.firewalld import NFS, rich_rule
from tui.nfs.model.checks.common import clients_awaited
from tui.nfs.model.facts import CLIENTS, OPEN, ClientRead, NfsFacts, ServerRead

PORT = 2049
HOSTS_ALLOW = "/etc/hosts.allow"


def comes_from(facts: NfsFacts, server: ServerRead, role: str) -> str:
    """The address a host reaches the server from, as far as is known; empty where the server can't find the host."""
    client, known = facts.client(role), server.names.get(role, Resolved(""))
    if isinstance(client, ClientRead) and client.own_address in known.addresses:
        return client.own_address
    return known.first


def check_firewall(facts: NfsFacts, server: ServerRead) -> Finding | None:
    if not (server.ufw.active or server.firewalld.running):
        return _no_firewall(facts, server)
    unknown = [facts.address(role) for role in CLIENTS if not comes_from(facts, server, role)]
    if unknown:
        hint = f"Add it to /etc/hosts of the storage server, or give its address in the configuration: {unknown[0]}"
        return Finding(FAILED, f"the storage server does not know where {unknown[0]} is", "an address to let in", hint)
    if any(facts.client(role) is None and len(server.names[role].addresses) > 1 for role in CLIENTS):
        return None  # it is not known yet from which of them it comes
    shut = _shut_out(facts, server)
    which = " and ".join(["ufw"] * server.ufw.active + ["firewalld"] * server.firewalld.running)
    if not shut:
        return Finding(OK, f"{which} lets both hosts in on tcp {PORT}")
    denied = _denied(facts, server)
    return Finding(FAILED, denied or f"{which} does not let {' and '.join(shut)} in", f"both let in on tcp {PORT}")


def change_firewall(facts: NfsFacts, server: ServerRead) -> Change | str:
    addresses = _shut_out(facts, server)
    if not addresses:
        return "the hosts' addresses are not known there"
    if denied := _denied(facts, server):
        return f"{denied}: what comes after it has no effect. Remove it, or put a rule before it"
    moves: list[Move] = []
    for address in addresses:
        if server.ufw.active and not server.ufw.lets_in(address, PORT):
            rule = ("allow", "from", address, "to", "any", "port", "nfs")
            moves.append(_move(("ufw", *rule), ("ufw", "delete", *rule)))
        if server.firewalld.running:
            moves += _through_firewalld(server, address)
    return Change(tuple(moves), "Opens the port of NFS to these addresses only. ufw wants addresses, not names.")


def check_wrappers(facts: NfsFacts, server: ServerRead) -> Finding:
    if not server.wrapped:
        return Finding(NOT_NEEDED, "no daemon of NFS on this host asks TCP wrappers")
    refused = _refused(facts, server)
    if refused:
        return Finding(
            FAILED,
            f"/etc/hosts.deny refuses {' and '.join(refused)}",
            f"both hosts allowed in {HOSTS_ALLOW}",
        )
    if any(line.strip() and not line.lstrip().startswith("#") for line in server.hosts_deny.splitlines()):
        return Finding(OK, f"{' and '.join(server.wrapped)} may be used by both hosts")
    return Finding(NOT_NEEDED, "/etc/hosts.deny refuses nobody")


def change_wrappers(facts: NfsFacts, server: ServerRead) -> Change | str:
    refused = _refused(facts, server)
    if not refused:
        return "the hosts' addresses are not known there"
    lines = (tcp_wrappers.allow_line(refused),)
    move = Move(AddLines(STORAGE, HOSTS_ALLOW, lines), (RemoveLines(STORAGE, HOSTS_ALLOW, lines),))
    return Change((move,), "NFS 4 itself asks nobody; rpcbind and mountd do, which older clients need.")


def _no_firewall(facts: NfsFacts, server: ServerRead) -> Finding | None:
    if server.drops and clients_awaited(facts):
        return None
    if server.drops and not all(client.port == OPEN for client in facts.clients):
        return Finding(
            WARNING,
            "neither ufw nor firewalld is active, but rules of nftables drop what comes in",
            f"tcp {PORT} open to both hosts",
            "If they can't reach the server, let them in where those rules are made.",
        )
    return Finding(NOT_NEEDED, "neither ufw nor firewalld is active")


def _shut_out(facts: NfsFacts, server: ServerRead) -> tuple[str, ...]:
    """The addresses of our hosts that one of the firewalls keeps out."""
    addresses = dict.fromkeys(comes_from(facts, server, role) for role in CLIENTS)
    return tuple(each for each in addresses if each and not _lets_in(server, each))


def _lets_in(server: ServerRead, address: str) -> bool:
    through_ufw = not server.ufw.active or server.ufw.lets_in(address, PORT)
    return through_ufw and (not server.firewalld.running or server.firewalld.lets_in(address, PORT))


def _denied(facts: NfsFacts, server: ServerRead) -> str:
    """The rule that was written to keep one of them out."""
    for address in _shut_out(facts, server):
        rule = server.ufw.decides(address, PORT) if server.ufw.active else None
        if rule is not None and rule.action in ("DENY", "REJECT"):
            return f"rule {rule.number} of ufw refuses {rule.origin}"
        if server.firewalld.running and (refusing := server.firewalld.refuses(address, PORT)):
            return f"firewalld refuses {address}: {refusing}"
    return ""


def _through_firewalld(server: ServerRead, address: str) -> list[Move]:
    """Now, and as it is kept, wherever it is not let in yet."""
    rule, moves = rich_rule(address, f'service name="{NFS}"'), []
    for zone, kept in zip(server.firewalld.zones(address), ((), ("--permanent",)), strict=True):
        if not zone.lets_in(address, PORT):
            words = ("firewall-cmd", *kept, f"--zone={zone.name}")
            moves.append(_move((*words, f"--add-rich-rule={rule}"), (*words, f"--remove-rich-rule={rule}")))
    return moves


def _move(do: tuple[str, ...], undo: tuple[str, ...]) -> Move:
    return Move(Command(STORAGE, do), (Command(STORAGE, undo),))


def _refused(facts: NfsFacts, server: ServerRead) -> tuple[str, ...]:
    refused = []
    for role in CLIENTS:
        address, known = comes_from(facts, server, role), server.names.get(role, Resolved(""))
        daemons = [each.removeprefix("rpc.") for each in server.wrapped]
        if address and not all(
            tcp_wrappers.lets_in(server.hosts_allow, server.hosts_deny, each, known.names) for each in daemons
        ):
            refused.append(address)
    return tuple(dict.fromkeys(refused))
