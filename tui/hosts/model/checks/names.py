"""Steps of the Hosts list about names: what each host is called, and what that leads to on the others."""

from collections.abc import Iterator, Mapping

from tui.checklist.model.check import FAILED, NOT_NEEDED, OK, WARNING, Finding
from tui.checklist.model.step import Step
from tui.core.settings import HYPERVISORS
from tui.core.ssh_target import parse_target
from tui.hosts.model.facts import ALL, HostsFacts, unread
from tui.hosts.model.host import System
from tui.hosts.model.names import is_local
from tui.linux.addresses import is_address
from tui.linux.change import AddLines, Change, Move, RemoveLines
from tui.linux.qemu_conf import QemuConf

HOSTS_FILE = "/etc/hosts"


def own_name(host: str) -> Step[HostsFacts]:
    def check(facts: HostsFacts) -> Finding | None:
        conf, names, name = facts.at(host).conf, facts.way(host, host).names, facts.announced(host)
        if isinstance(conf, QemuConf) and conf.migration_host:
            return Finding(OK, f"qemu.conf sets migration_host to {name}")
        if not name or not isinstance(names, Mapping):
            return unread(facts.at(host).libvirt) or unread(names)
        if name.startswith("localhost"):
            hint = "Give it a name: `hostnamectl set-hostname NAME`, and restart libvirtd."
            return Finding(FAILED, f"it calls itself {name}", "a name that means this host to others", hint)
        addresses = names.get(name, ())
        if not addresses or any(map(is_local, addresses)):
            found = f"here {name} is {', '.join(addresses) or 'not known'}"
            hint = (
                f"Harmless as long as the others know {name} by its address. To be safe, mend it in {HOSTS_FILE} here."
            )
            return Finding(WARNING, found, "its address in the network", hint)
        return Finding(OK, f"{name} is {', '.join(addresses)}")

    why = "A host that is sent a VM answers with its own name; libvirt refuses where that means the local host."
    return Step(f"{host}.own_name", host, "its own name does not mean the local host", why, check)


def names(host: str) -> Step[HostsFacts]:
    def check(facts: HostsFacts) -> Finding | None:
        looked_up = []
        for other in _others(host):
            known = facts.way(host, other).names
            if not isinstance(known, Mapping):
                return unread(known)
            looked_up += [(other, name, known.get(name, ())) for name in _wanted(facts, host, other)]
        if not looked_up:
            return Finding(NOT_NEEDED, "all are configured by their addresses")
        wanted = "the address of the host that bears the name"
        for other, name, addresses in looked_up:
            if not addresses:
                return Finding(FAILED, f"{name} ({other}) is not known here", wanted)
            if any(map(is_local, addresses)):
                return Finding(FAILED, f"{name} ({other}) is {', '.join(addresses)}: this host itself", wanted)
        if any(facts.at(other).system is None for other, _, _ in looked_up):
            return None  # which addresses it really has is not known yet
        for other, name, addresses in looked_up:
            own = _addresses(facts, other)
            if own and not set(own) & set(addresses):
                found = f"{name} is {', '.join(addresses)}, and {other} has {', '.join(own)}"
                return Finding(WARNING, found, wanted, "Right only where something in between translates addresses.")
        return Finding(OK, "; ".join(f"{name} is {', '.join(addresses)}" for _, name, addresses in looked_up))

    def change(facts: HostsFacts) -> Change | str:
        lines = []
        for other in _others(host):
            known = facts.way(host, other).names
            if not isinstance(known, Mapping):
                return ""  # it is not known what is missing
            wanted = _wanted(facts, host, other)
            if any(is_local(address) for name in wanted for address in known.get(name, ())):
                return f"a line of {HOSTS_FILE} there, or DNS, says so: take it out by hand, then look again"
            missing = [name for name in wanted if not known.get(name)]
            address = facts.address(other)
            if missing and not address:
                return f"the address of {other} is not known"
            lines += [f"{address} {' '.join(missing)}"] * bool(missing)
        if not lines:
            return ""
        add = AddLines(host, HOSTS_FILE, tuple(lines))
        return Change((Move(add, (RemoveLines(host, HOSTS_FILE, tuple(lines)),)),))

    why = (
        "The hosts are configured, and call each other, by name: the source sends a VM to the name that the "
        "destination gives for itself."
    )
    return Step(f"{host}.names", host, "the names of the others lead to them", why, check, change)


def _others(host: str) -> Iterator[str]:
    return (other for other in ALL if other != host)


def _wanted(facts: HostsFacts, host: str, other: str) -> tuple[str, ...]:
    """The names of `other` that `host` looks up: what it announces itself as matters between the hypervisors only."""
    if host in HYPERVISORS and other in HYPERVISORS:
        return facts.names_of(other)
    name = parse_target(facts.configured.ssh[other]).host
    return () if is_address(name) else (name,)


def _addresses(facts: HostsFacts, host: str) -> tuple[str, ...]:
    system = facts.at(host).system
    return system.addresses if isinstance(system, System) else ()
