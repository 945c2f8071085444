"""How many hypervisors a lab has; it is chosen for a new lab, and stays."""

from tui.core.failure import Failure
from tui.lab.inventory import FEWEST, MOST, Host, hosts_of
from tui.lab.place import Place


def parse(text: str) -> int:
    """The number of hypervisors; Failure if a lab can't have so many."""
    if text.isdecimal() and FEWEST <= int(text) <= MOST:
        return int(text)
    raise Failure(f"{text!r} is not a number of hosts", hint=f"Use a number from {FEWEST} to {MOST}.")


def hosts(place: Place) -> tuple[Host, ...]:
    """All hosts of a lab, the storage host last."""
    return hosts_of(int(place.size.read_text()) if place.size.exists() else FEWEST)


def choose(place: Place, count: int) -> None:
    """Store the number for this and the next starts; Failure if the lab exists with another one."""
    present = sum(host.hypervisor for host in hosts(place))
    if count == present:
        return
    if place.config.exists() or any(place.host(host.name).exists() for host in hosts(place)):
        raise Failure(
            f"lab {place.name!r} exists with {present} hosts that run VMs",
            "it keeps its hosts",
            place.way_out,
        )
    place.size.write_text(f"{count}\n")
