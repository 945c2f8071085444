"""`vmlm-tui hosts matrix` and `hosts baseline`: what hosts are to each other, as text or as JSON."""

# ruff: noqa: PLC0415

import json
from typing import TYPE_CHECKING, Any

from tui.app.commands.output import Output
from tui.core.actions import without_keys

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.hosts.model.baseline import Baseline
    from tui.hosts.model.matrix import Cell

JSON_FORMAT = 1  # raised when a key changes its meaning or is removed; new keys do not change it


def print_matrix(hosts: "Sequence[str]", cells: "Sequence[Cell]", output: Output, *, as_json: bool) -> int:
    """Print all ways between the hosts; returns 1 if a VM can't go one of them, or if that is unknown, else 0."""
    from tui.checklist.model.check import FAILED, UNKNOWN

    if as_json:
        output.lines([json.dumps({"format": JSON_FORMAT, "hosts": list(hosts), "ways": [*map(fields, cells)]})])
    else:
        output.lines(_table(hosts, cells))
        for each in cells:
            for reason in each.bad:
                found = without_keys(f"{reason.what}: {reason.finding.found}")
                output.lines([f"{each.words}: {found}"])
    return int(any(each.state in (FAILED, UNKNOWN) for each in cells))


def fields(cell: "Cell") -> dict[str, Any]:
    """One way as JSON."""
    reasons = [
        {
            "what": reason.what,
            "state": reason.finding.state,
            "found": without_keys(reason.finding.found),
            "hint": without_keys(reason.finding.hint),
        }
        for reason in cell.reasons
    ]
    return {"from": cell.pair[0], "to": cell.pair[1], "state": cell.state, "reasons": reasons}


def _table(hosts: "Sequence[str]", cells: "Sequence[Cell]") -> list[str]:
    """A line for each host that a VM leaves, a column for each one that it goes to."""
    from tui.hosts.model.matrix import WORDS

    known = {each.pair: WORDS[each.state] for each in cells}
    wide = max(map(len, ("from / to", *hosts)))
    columns = [max(len(host), *map(len, WORDS.values())) for host in hosts]
    rows = [("from / to", *hosts)]
    rows += [(start, *("-" if start == end else known.get((start, end), "") for end in hosts)) for start in hosts]
    widths = (wide, *columns)
    return ["  ".join(f"{word:<{size}}" for word, size in zip(row, widths, strict=True)).rstrip() for row in rows]


def print_baseline(found: "Baseline", output: Output, *, as_json: bool) -> int:
    """Print the CPU that all hosts have; returns 1 if one of them can't run it, else 0."""
    if as_json:
        document = {
            "format": JSON_FORMAT,
            "hosts": list(found.hosts),
            "virtualization": found.virtualization,
            "model": found.model,
            "changes": list(found.changes),
            "without": list(found.without),
            "more": {host: list(names) for host, names in found.more.items()},
            "xml": found.xml,
        }
        output.lines([json.dumps(document)])
    else:
        output.lines(baseline_lines(found))
    return int(bool(found.without))


def baseline_lines(found: "Baseline") -> list[str]:
    """The sentence, what each host has besides, and libvirt's XML."""
    return [found.sentence, *found.besides, "", *found.xml.strip().splitlines()]
