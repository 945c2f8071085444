"""The Migrate page while nothing migrates: the VMs, and how to start."""

from collections.abc import Sequence

from rich.cells import cell_len
from textual.content import Content

from tui.core import actions
from tui.core.host_words import all_of
from tui.core.plan import Plan
from tui.vm.model.location import Inventory, VmOnHost, VmPlacement


def idle_lines(
    inventory: Inventory | None, hosts: Sequence[str], defaults: Plan, with_keys: actions.WithKeys
) -> tuple[Content, ...]:
    """The whole page as lines; `inventory` is None until some of the `hosts` have replied."""
    start, post_copy, cancel, log = map(with_keys, (actions.START, actions.POST_COPY, actions.CANCEL, actions.LOG))
    limits = with_keys(f"{actions.DOWNTIME} {actions.BANDWIDTH}")
    lines = [Content(""), Content.styled(" Nothing is migrating.", "bold"), Content("")]
    if inventory is None:
        lines.append(Content(f" Reading the VMs of {all_of(hosts)} ..."))
    else:
        lines += _vms(inventory)
        for host, failure in inventory.failures.items():
            style = "$warning" if host in inventory.late else "$error"
            lines.append(Content.assemble(" ", (with_keys(str(failure)), style)))
    lines += [Content(""), _key(start, "start a migration: a form opens, and Enter starts it with its defaults:")]
    lines += [
        _key("", _defaults(defaults)),
        _key(post_copy, "while it runs: post-copy now. The VM moves at once, its memory follows."),
        _key(cancel, "while it runs: cancel. The VM stays where it is."),
        _key(limits, "while it runs: change the maximum downtime, the bandwidth limit."),
        _key(log, "show the raw statistics and events; the Runs page keeps them all."),
    ]
    return tuple(lines)


def _key(keys: str, text: str) -> Content:
    return Content.assemble(" ", (f"{keys:<5}", "bold $accent"), text)


def _vms(inventory: Inventory) -> list[Content]:
    """The VMs that are there, and below them, grey, those that only silent hosts had."""
    lost = inventory.lost
    if not inventory.found and not lost:
        if inventory.late:
            return []
        return [Content(" No VM was found. The Launch page starts one.")]
    names = [*(each.vm.name for each in inventory.found), *(each.name for each in lost)]
    wide = min(30, max(map(cell_len, names)))
    ordered = sorted(inventory.found, key=lambda each: (not each.vm.active, each.vm.name))
    lines = [_vm(each, wide, inventory.where(each.vm.name)) for each in ordered]
    return lines + [Content.styled(f" {each.name.ljust(wide)}  {each.last_seen}", "dim") for each in lost]


def _vm(found: VmOnHost, wide: int, where: VmPlacement) -> Content:
    vm, style = found.vm, "bold" if found.vm.running else "dim"
    arrival = where.arrival if vm.incoming else ""
    place = arrival if arrival.endswith(f" on {found.host}") else f"{arrival or vm.state} on {found.host}"
    return Content.assemble(" ", (vm.name.ljust(wide), style), "  ", f"{place}, {vm.shape}")


def _defaults(plan: Plan) -> str:
    bandwidth = f"at most {plan.bandwidth_mib_s} MiB/s" if plan.bandwidth_mib_s else "no bandwidth limit"
    return f"{plan.words}, {bandwidth}, at most {plan.downtime_ms} ms downtime."
