"""The host to which `vmlm-tui migrate VM` goes without --to, where it can go to several."""

# Imports are local so that a wrong option and --help are fast.
# ruff: noqa: PLC0415

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from tui.core.failure import Failure
from tui.core.plan import Plan

if TYPE_CHECKING:
    from tui.core.settings import Config
    from tui.vm.model.location import Inventory
    from tui.vm.model.targets import Choices


class Ranks(Protocol):
    """What it needs of vm.backend.targets.Targets."""

    async def choices(self, name: str, host: str) -> "Choices":
        """The hosts to which the VM on `host` can go, read now."""


async def with_target(config: "Config", plan: Plan, report: Callable[[str], None]) -> Plan:
    """The plan with the best host, which is reported with the reason; itself if it names one, or if there is no choice.

    Failure with the reason of each host if the VM can go to none.
    """
    if plan.to or len(config.hypervisors) < 3:
        return plan
    from tui.app.wiring import targets_alone
    from tui.migration.backend.inventory import HostVms

    connections, targets = targets_alone(config)
    try:
        return await chosen(plan, await HostVms(connections).read(), targets, report)
    finally:
        await connections.close()


async def chosen(plan: Plan, inventory: "Inventory", ranks: Ranks, report: Callable[[str], None]) -> Plan:
    """As `with_target`; a VM that no host has is left to the check before the start."""
    found = inventory.origin(plan.vm)
    if found is None:
        return plan
    known = await ranks.choices(plan.vm, found.host)
    if not known.best:
        reasons = "; ".join(f"{each.host}: {each.reasons[0].rstrip('.')}" for each in known.ranked)
        hint = f"`vmlm-tui check {plan.vm} --to HOST` shows what mends it; --to HOST lets libvirt decide."
        raise Failure(f"{plan.vm} can go to none of the other hosts", reasons, hint)
    report(f"{plan.vm} goes to {known.best}. {known.why}")
    return replace(plan, to=known.best)
