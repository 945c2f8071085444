"""The storage server's firewall and TCP wrappers: whether they let both hosts in."""

from tui.checklist.model.check import FAILED, NOT_NEEDED, OK, WARNING, Finding
from tui.core.host_words import all_of
from tui.linux import tcp_wrappers
from tui.linux.addresses import Resolved
from tui.linux.change import Change, added
from tui.linux.firewall import BLOCKED
from tui.nfs.model.checks.common import clients_unread
from tui.nfs.model.facts import OPEN, REFUSED, UNTRIED, ClientRead, NfsFacts, ServerRead

PORT = 2049
PORTS = (PORT, PORT)
HOSTS_ALLOW, HOSTS_DENY = "/etc/hosts.allow", "/etc/hosts.deny"
DENIED_HINT = "If it is there by mistake, delete it: `ufw status numbered`, then `ufw delete NUMBER`."
UNKNOWN_ADDRESS = "the storage server does not find the hosts' addresses"


def check_firewall(facts: NfsFacts, server: ServerRead) -> Finding | None:
    """Whether both hosts reach the port; the rules matter only if one host does not."""
    if not server.firewall.name:
        return _no_firewall(facts, server)
    if clients_unread(facts):
        return None
    name, wanted = server.firewall.name, f"{all_of(facts.shared.clients)} reach tcp {PORT}"
    blocked = _blocked(facts, server)
    if not blocked:
        untried = next((why for role in facts.shared.clients if (why := _untried(facts, server, role))), "")
        if untried:
            return Finding(WARNING, f"tcp {PORT} could not be tried through {name}: {untried}", wanted)
        return Finding(OK, f"{all_of(facts.shared.clients)} reach tcp {PORT} through {name}")
    unknown = [facts.address(role) for role in blocked if not client_address(facts, server, role)]
    if unknown:
        hint = "Add it to /etc/hosts of the storage server, or configure its address."
        return Finding(FAILED, f"the storage server finds no address for {unknown[0]}", "an address to let in", hint)
    if refusal := _refusal(facts, server, blocked):
        return Finding(FAILED, f"{' and '.join(blocked)} can't reach tcp {PORT}: {refusal}", wanted, DENIED_HINT)
    missing = [
        role for role in blocked if server.firewall.moves(server.role, client_address(facts, server, role), PORTS)
    ]
    who = " and ".join(missing or blocked)
    if missing:
        addresses = " and ".join(dict.fromkeys(client_address(facts, server, role) for role in missing))
        return Finding(FAILED, f"{who} can't reach tcp {PORT}: no rule in {name} for {addresses}", wanted)
    return Finding(FAILED, f"{who} can't reach tcp {PORT} although {name} has a rule for it", wanted)


def change_firewall(facts: NfsFacts, server: ServerRead) -> Change | str:
    """Adds the rules for the hosts that don't reach the port."""
    addresses = tuple(dict.fromkeys(client_address(facts, server, role) for role in _blocked(facts, server)))
    if not all(addresses):
        return UNKNOWN_ADDRESS
    if refusal := _refusal(facts, server, _blocked(facts, server)):
        return refusal
    moves = [move for address in addresses for move in server.firewall.moves(server.role, address, PORTS)]
    if not moves:
        return f"{server.firewall.name} already has a rule for {' and '.join(addresses)}, {BLOCKED}"
    return Change(tuple(moves), "Opens the NFS port to these addresses only. ufw requires addresses, not names.")


def check_wrappers(facts: NfsFacts, server: ServerRead) -> Finding | None:
    """Whether hosts.deny certainly refuses the hosts; a connection can't test it, because NFS 4 does not use it."""
    if not server.wrapped:
        return Finding(NOT_NEEDED, "no NFS daemon on this host uses TCP wrappers")
    refusing = tcp_wrappers.rules(server.hosts_deny)
    if not refusing:
        return Finding(NOT_NEEDED, f"{HOSTS_DENY} has no rule for NFS")
    if clients_unread(facts):
        return None
    daemons, line, wanted = (
        " and ".join(server.wrapped),
        _allow_line(facts, server),
        f"{all_of(facts.shared.clients)} in {HOSTS_ALLOW}",
    )
    allowing = tcp_wrappers.rules(server.hosts_allow)
    if line in allowing:
        return Finding(OK, f"{HOSTS_ALLOW} lets {all_of(facts.shared.clients)} use {daemons}")
    if not allowing and any(map(tcp_wrappers.matches_all_clients, refusing)):
        return Finding(FAILED, f"{HOSTS_DENY} refuses all hosts, and {HOSTS_ALLOW} allows none for {daemons}", wanted)
    hint = f"NFS 4 does not need them. If a mount with NFS 3 is refused, add to {HOSTS_ALLOW}: {line}"
    found = f"{HOSTS_DENY} has rules for {daemons}; whether they refuse the hosts is unknown"
    return Finding(WARNING, found, wanted, hint)


def change_wrappers(facts: NfsFacts, server: ServerRead) -> Change | str:
    """Adds the line to hosts.allow."""
    if not all(client_address(facts, server, role) for role in facts.shared.clients):
        return UNKNOWN_ADDRESS
    move = added(server.role, HOSTS_ALLOW, (_allow_line(facts, server),))
    return Change((move,), "NFS 4 does not use TCP wrappers; rpcbind and mountd, which older clients need, do.")


def client_address(facts: NfsFacts, server: ServerRead, role: str) -> str:
    """The address from which a client reaches the server; empty if the server finds no address for it."""
    client, known = facts.client(role), server.names.get(role, Resolved(""))
    if isinstance(client, ClientRead) and client.own_address in known.addresses:
        return client.own_address
    return known.first


def _refusal(facts: NfsFacts, server: ServerRead, roles: list[str]) -> str:
    """The firewall's rule that keeps one of these hosts out, as a sentence; empty if there is none."""
    addresses = (client_address(facts, server, role) for role in roles)
    return next((why for each in addresses if (why := server.firewall.refusal(each, PORTS))), "")


def _blocked(facts: NfsFacts, server: ServerRead) -> list[str]:
    """The hosts that tried the port and did not reach it."""
    closed = [client.role for client in facts.clients if client.port != OPEN]
    return [role for role in closed if not _untried(facts, server, role)]


def _untried(facts: NfsFacts, server: ServerRead, role: str) -> str:
    """Why a host's attempt on the port shows nothing; empty if it does."""
    client = facts.client(role)
    if not isinstance(client, ClientRead):
        return f"{role} could not be read"
    if client.port == OPEN:
        return ""
    if not client.names.get(facts.shared.server, Resolved("")).addresses:
        return f"{role} finds no address for {facts.shared.storage}"
    if client.port == UNTRIED:
        return f"{role} has no bash"
    return "the NFS server does not run yet" if client.port == REFUSED and not server.threads else ""


def _no_firewall(facts: NfsFacts, server: ServerRead) -> Finding | None:
    if server.drops and clients_unread(facts):
        return None
    if server.drops and not all(client.port == OPEN for client in facts.clients):
        found = "neither ufw nor firewalld is active, but nftables rules drop incoming packets"
        hint = "If they can't reach the server, allow them in the program that makes those rules."
        return Finding(WARNING, found, f"tcp {PORT} open to {all_of(facts.shared.clients)}", hint)
    return Finding(NOT_NEEDED, "neither ufw nor firewalld is active")


def _allow_line(facts: NfsFacts, server: ServerRead) -> str:
    addresses = (client_address(facts, server, role) or facts.address(role) for role in facts.shared.clients)
    return tcp_wrappers.allow_line(dict.fromkeys(addresses))
