"""Steps about host names: what each host calls itself, and how the others resolve it."""

from collections.abc import Mapping

from tui.checklist.model.check import FAILED, NOT_NEEDED, OK, WARNING, Finding
from tui.checklist.model.step import Step
from tui.core.ssh_target import parse_target
from tui.hosts.model.facts import HostsFacts, unread
from tui.hosts.model.host import System
from tui.hosts.model.names import is_local
from tui.linux.addresses import is_address
from tui.linux.change import Change, added
from tui.linux.qemu_conf import QemuConf

HOSTS_FILE = "/etc/hosts"


def own_name(host: str) -> Step[HostsFacts]:
    """The host name that this host sends to others."""

    def check(facts: HostsFacts) -> Finding | None:
        conf, names, name = facts.at(host).conf, facts.way(host, host).names, facts.announced(host)
        if host in facts.configured.migration_address:
            return Finding(OK, f"the configuration sets migration_address to {name}")
        if isinstance(conf, QemuConf) and conf.migration_host:
            return Finding(OK, f"qemu.conf sets migration_host to {name}")
        if not name or not isinstance(names, Mapping):
            return unread(facts.at(host).libvirt) or unread(names)
        if name.startswith("localhost"):
            hint = "Set a name with `hostnamectl set-hostname NAME` and restart libvirtd."
            return Finding(FAILED, f"its host name is {name}", "a name that identifies this host", hint)
        addresses = names.get(name, ())
        if not addresses or any(map(is_local, addresses)):
            found = f"{name} resolves to {', '.join(addresses) or 'nothing'} here"
            hint = f"Harmless if the other hosts resolve {name} to its address. To be safe, correct {HOSTS_FILE} here."
            return Finding(WARNING, found, "its network address", hint)
        return Finding(OK, f"{name} resolves to {', '.join(addresses)}")

    why = "The destination replies with its own name; libvirt refuses a name that means the local host."
    return Step(f"{host}.own_name", host, "its own name is not localhost", why, check)


def names(host: str) -> Step[HostsFacts]:
    """The addresses of the other hosts' names."""

    def check(facts: HostsFacts) -> Finding | None:
        resolved = []
        for other in _others(facts, host):
            names = facts.way(host, other).names
            if not isinstance(names, Mapping):
                return unread(names)
            resolved += [(other, name, names.get(name, ())) for name in _wanted(facts, host, other)]
        if not resolved:
            found = "all hosts are configured by address" if _others(facts, host) else "there is no other host"
            return Finding(NOT_NEEDED, found)
        wanted = "the address of the host of that name"
        for other, name, addresses in resolved:
            if not addresses:
                return Finding(FAILED, f"{name} ({other}) can't be resolved here", wanted)
            if any(map(is_local, addresses)):
                return Finding(FAILED, f"{name} ({other}) resolves to {', '.join(addresses)}: this host itself", wanted)
        if any(facts.at(other).system is None for other, _, _ in resolved):
            return None  # the addresses of that host are not known yet
        for other, name, addresses in resolved:
            own = _addresses(facts, other)
            if own and not set(own) & set(addresses):
                found = f"{name} resolves to {', '.join(addresses)}, but {other} has {', '.join(own)}"
                return Finding(WARNING, found, wanted, "Correct only behind network address translation.")
        return Finding(OK, "; ".join(f"{name} resolves to {', '.join(addresses)}" for _, name, addresses in resolved))

    def change(facts: HostsFacts) -> Change | str:
        lines = []
        for other in _others(facts, host):
            known = facts.way(host, other).names
            if not isinstance(known, Mapping):
                return ""  # the missing names are not known
            wanted = _wanted(facts, host, other)
            if any(is_local(address) for name in wanted for address in known.get(name, ())):
                return f"{HOSTS_FILE} there, or DNS, has that address: remove it by hand, then check again"
            missing = [name for name in wanted if not known.get(name)]
            address = facts.address(other)
            if missing and not address:
                return f"the address of {other} is unknown"
            lines += [f"{address} {' '.join(missing)}"] * bool(missing)
        return Change((added(host, HOSTS_FILE, tuple(lines)),)) if lines else ""

    why = (
        "The configuration names the hosts, and the source sends a VM to the name that the destination reports for "
        "itself."
    )
    return Step(f"{host}.names", host, "it resolves the names of the other hosts", why, check, change)


def _others(facts: HostsFacts, host: str) -> list[str]:
    """Those whose names it must resolve, in the order of the hosts."""
    ends = {end for start, end in facts.configured.ways if start == host != end}
    return [each for each in facts.configured.hosts if each in ends]


def _wanted(facts: HostsFacts, host: str, other: str) -> tuple[str, ...]:
    """The names of `other` that `host` resolves; the announced name matters between the hypervisors only."""
    if facts.configured.storage not in (host, other):
        return facts.names_of(other)
    name = parse_target(facts.configured.ssh[other]).host
    return () if is_address(name) else (name,)


def _addresses(facts: HostsFacts, host: str) -> tuple[str, ...]:
    system = facts.at(host).system
    return system.addresses if isinstance(system, System) else ()
