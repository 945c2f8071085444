"""Where the VM of an entry is, as far as the hosts reply: what decides whether it may be started again."""

from dataclasses import dataclass

from tui.vm.model.location import Inventory, state_words

AT_TARGET, AT_ORIGIN, ELSEWHERE = "at target", "at origin", "elsewhere"
MOVING, TWICE, STUCK, GONE, UNKNOWN = "moving", "twice", "stuck", "gone", "unknown"


@dataclass(frozen=True)
class Whereabouts:
    """`kind` is one of the above; `sentence` says it for a person, without the name of the VM."""

    kind: str
    sentence: str


def whereabouts(inventory: Inventory, uuid: str, origin: str, target: str) -> Whereabouts:
    """Where the VM of a UUID is active; UNKNOWN if it is on no host that replies, and one does not."""
    active = [each for each in inventory.found if each.vm.uuid == uuid and each.vm.active]
    if any(each.vm.incoming for each in active):
        return Whereabouts(MOVING, f"it arrives on {next(each.host for each in active if each.vm.incoming)}")
    if len(active) > 1:
        hosts = " and ".join(each.host for each in active)
        return Whereabouts(TWICE, f"it is active on {hosts}")
    if not active:
        silent = [host for host in (origin, target) if host in inventory.failures] or list(inventory.failures)
        if silent:
            return Whereabouts(UNKNOWN, f"{' and '.join(silent)} cannot be reached")
        return Whereabouts(GONE, "it runs on no host")
    found = active[0]
    if not found.vm.running:
        return Whereabouts(STUCK, f"it is {state_words(found.vm)} on {found.host}")
    return Whereabouts({target: AT_TARGET, origin: AT_ORIGIN}.get(found.host, ELSEWHERE), f"it runs on {found.host}")
