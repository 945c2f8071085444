"""What the Migrate page says while nothing migrates: what could be moved, and how to begin."""

from collections.abc import Iterable, Sequence

from rich.cells import cell_len
from textual.content import Content

from tui.core import actions
from tui.core.failure import Failure
from tui.core.plan import POST_COPY_TIMEOUT, TECHNIQUES, Plan
from tui.core.vm import Vm

Place = tuple[Vm, str]  # a VM, and the host that has it


def idle_lines(
    places: Sequence[Place] | None, unreachable: Iterable[Failure], defaults: Plan, with_keys: actions.WithKeys
) -> tuple[Content, ...]:
    """The whole page as lines; `places` is None until the hosts have answered."""
    start, post_copy, cancel, log = map(with_keys, (actions.START, actions.POST_COPY, actions.CANCEL, actions.LOG))
    limits = with_keys(f"{actions.DOWNTIME} {actions.BANDWIDTH}")
    lines = [Content(""), Content.styled(" Nothing is migrating.", "bold"), Content("")]
    lines += _vms(places)
    lines += [Content.assemble(" ", (with_keys(str(failure)), "$error")) for failure in unreachable]
    lines += [Content(""), _key(start, "start a migration: a form opens, and Enter starts it as it stands,")]
    lines += [
        _key("", _defaults(defaults)),
        _key(post_copy, "while it runs: post-copy now. The VM moves at once, its memory follows."),
        _key(cancel, "while it runs: cancel. The VM stays where it is."),
        _key(limits, "while it runs: change the maximum downtime, the bandwidth limit."),
        _key(log, "the raw statistics and events, all of which the Runs page keeps."),
    ]
    return tuple(lines)


def _key(keys: str, text: str) -> Content:
    return Content.assemble(" ", (f"{keys:<5}", "bold $accent"), text)


def _vms(places: Sequence[Place] | None) -> list[Content]:
    if places is None:
        return [Content(" Asking both hosts for their VMs ...")]
    if not places:
        return [Content(" No VM was found. The Launch page starts one.")]
    wide = min(30, max(cell_len(vm.name) for vm, _ in places))
    ordered = sorted(places, key=lambda place: (not place[0].active, place[0].name))
    return [_vm(vm, host, wide) for vm, host in ordered]


def _vm(vm: Vm, host: str, wide: int) -> Content:
    style = "bold" if vm.running else "dim"
    about = f"{vm.state} on {host}, {vm.shape}"
    return Content.assemble(" ", (vm.name.ljust(wide), style), "  ", about)


def _defaults(plan: Plan) -> str:
    technique = TECHNIQUES.get(plan.technique, plan.technique)
    if plan.technique == POST_COPY_TIMEOUT:
        technique = f"post-copy after {plan.timeout_s:g} s"
    bandwidth = f"at most {plan.bandwidth_mib_s} MiB/s" if plan.bandwidth_mib_s else "no bandwidth limit"
    return f"{technique}, {bandwidth}, at most {plan.downtime_ms} ms downtime."
