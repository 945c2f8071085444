"""Measures a running VM for the commands `forecast` and `migrate --forecast`, with its progress on the terminal."""

import argparse
from typing import NamedTuple

from tui.app.commands.forecast_lines import progress_figures, progress_words
from tui.app.commands.session import Session
from tui.core.connections import Connections
from tui.core.failure import Failure
from tui.core.plan import Plan
from tui.forecast.backend.forecaster import BandwidthUnknown, Forecaster, Progress
from tui.forecast.model.forecast import Inputs
from tui.migration.backend.before.preflight import Moved, checked
from tui.vm.model.location import VmOnHost


class Measured(NamedTuple):
    """A VM on its host, the host to which it would go, and what a forecast starts from."""

    found: VmOnHost
    target: str
    inputs: Inputs


async def measured(
    session: Session, connections: Connections, forecaster: Forecaster, plan: Plan, options: argparse.Namespace
) -> Measured:
    """Measure the VM of the plan, with a probe of the link first if `options` have it; raises Failure."""
    found = await _located(connections, plan)
    target = connections.config.target(found.host, plan.to)

    def on_progress(progress: Progress) -> None:
        session.output.progress(progress_figures(progress), progress_words(plan.vm, progress.inputs))

    if options.probe:
        session.output.progress("probe", f"sending from {found.host} to {target} for one second")
        await forecaster.probe(found.host, target)
    try:
        inputs = await forecaster.inputs(found.vm, found.host, target, plan, on_progress)
    except BandwidthUnknown as unknown:
        hint = "Add --probe, which sends over the link for one second, or --bandwidth with a limit."
        raise BandwidthUnknown(unknown.what, unknown.why, hint) from unknown
    return Measured(found, target, inputs)


async def _located(connections: Connections, plan: Plan) -> VmOnHost:
    """The VM on its host; Failure for what would keep the migration from starting."""
    try:
        return (await checked(connections, plan))[0]
    except Moved as moved:
        raise Failure(f"{plan.vm} is on {plan.to} already", "", "Nothing was measured.") from moved
