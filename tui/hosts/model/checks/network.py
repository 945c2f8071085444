"""The step that an active network of libvirt connects the VMs of a host."""

from tui.checklist.model.check import FAILED, NOT_NEEDED, OK, UNKNOWN, Finding
from tui.checklist.model.step import Step
from tui.hosts.model.facts import HostsFacts, unread
from tui.hosts.model.networks import DEFAULT, Network
from tui.hosts.model.software import NETWORK_FILE, Software
from tui.linux.change import Change, Move, reversible

WHY = (
    "A VM with a network card in a libvirt network starts, and arrives, only where that network is active; after a"
    " restart of the host, libvirt starts it only with autostart."
)
NO_DRIVER = "not supported by the connection driver"


def network(host: str) -> Step[HostsFacts]:
    """The networks of the configured VM; libvirt's own as long as there is no VM."""

    def check(facts: HostsFacts) -> Finding | None:
        software = facts.at(host).software
        if not isinstance(software, Software):
            return unread(software)
        if facts.vm is None and facts.vm_awaited:
            return None
        names, networks = _wanted(facts), software.networks
        if names == ():
            return Finding(NOT_NEEDED, f"{facts.configured.vm} uses no network of libvirt")
        wanted = f"{_listed(names) if names else 'a network'} active, with autostart"
        if software.missing:
            return Finding(FAILED, "libvirt is not complete yet", wanted)
        if isinstance(networks, str):
            if NO_DRIVER in networks:
                return Finding(FAILED, "its libvirt has no network driver", wanted)
            return Finding(UNKNOWN, networks.removeprefix("error: "), wanted)
        up = [each for each in networks if each.active and each.autostart]
        lacking = [name for name in names or () if name not in [each.name for each in up]]
        if up and not lacking:
            return Finding(OK, f"active: {_listed([each.name for each in up])}")
        known = {each.name: each for each in networks}
        return Finding(FAILED, "; ".join(_state(name, known.get(name)) for name in lacking or [DEFAULT]), wanted)

    def change(facts: HostsFacts) -> Change | str:
        software = facts.at(host).software
        if not isinstance(software, Software) or isinstance(software.networks, str):
            return ""
        if software.missing:
            return "libvirt must be installed first"
        known, moves = {each.name: each for each in software.networks}, []
        for name in _wanted(facts) or (DEFAULT,):
            one = known.get(name)
            if one is None and (name != DEFAULT or not software.network_file):
                return f"libvirt has no network {name} here: define it as on the other host"
            if one is None:
                moves.append(_virsh(host, ("net-define", NETWORK_FILE), ("net-undefine", name)))
            if one is None or not one.autostart:
                moves.append(_virsh(host, ("net-autostart", name), ("net-autostart", "--disable", name)))
            if one is None or not one.active:
                moves.append(_virsh(host, ("net-start", name), ("net-destroy", name)))
        return Change(tuple(moves), "It makes a bridge of its own, with DHCP and NAT; no other network changes.")

    needs = (f"{host}.packages", f"{host}.daemon")
    return Step(f"{host}.network", host, "a network for VMs is active", WHY, check, change, needs)


def _wanted(facts: HostsFacts) -> tuple[str, ...] | None:
    """The networks that the configured VM uses; None without a VM."""
    if facts.vm is None:
        return None
    return tuple(dict.fromkeys(nic.source for nic in facts.vm.nics if nic.kind == "network" and nic.source))


def _state(name: str, one: Network | None) -> str:
    if one is None:
        return f"there is no network {name}"
    return f"{name} is {'active' if one.active else 'inactive'}{'' if one.autostart else ', without autostart'}"


def _listed(names: tuple[str, ...] | list[str]) -> str:
    return " and ".join(names)


def _virsh(host: str, do: tuple[str, ...], undo: tuple[str, ...]) -> Move:
    virsh = ("timeout", "60", "virsh", "-c", "qemu:///system")
    return reversible(host, (*virsh, *do), (*virsh, *undo))
