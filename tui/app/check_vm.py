"""`vmlm-tui check VM`: prints what keeps a VM from migrating, and the commands that mend it."""

import json
import textwrap
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tui import __version__
from tui.core.actions import without_keys
from tui.core.failure import Failure
from tui.core.plain_text import plain
from tui.vm.model.blockers import Blocker
from tui.vm.model.fix import FORGET
from tui.vm.model.rules.rule import BLOCKED, DOUBTFUL

if TYPE_CHECKING:
    from tui.launch.backend.launch import Launch

JSON_FORMAT = 1  # raised when a key changes its meaning or is removed; new keys do not change it
LEVEL = 10


async def findings_of(launch: "Launch", name: str, to: str) -> tuple[tuple[str, str], tuple[Blocker, ...]]:
    """The hosts of its way, and its findings with the exact commands; Failure if it is not found, or is at `to`."""
    where = await launch.vm_state(name)
    if where.vm is None:
        raise Failure(f"{name} can't be checked", where.sentence)
    if to == where.host:
        others = " or ".join(launch.config.targets(to))
        raise Failure(f"{name} is on {to} already", "", f"Leave --to out, or give {others}.")
    target = launch.config.target(where.host, to)
    found = await launch.fixes.findings(name, where.host, target)
    return (where.host, target), tuple([await _exact(launch, where.host, each) for each in found])


async def _exact(launch: "Launch", host: str, finding: Blocker) -> Blocker:
    """The finding with one change, whose commands are those that the app would do now; none if it is done already."""
    for fix in finding.fixes[:1]:
        if fix.kind == FORGET:  # its files belong in the current folder
            return replace(finding, fixes=(fix,))
        try:
            return replace(finding, fixes=(await launch.fixes.prepared(fix, host),))
        except Failure as failure:
            return replace(finding, text=f"{finding.text} {failure}", fixes=())
    return finding


def as_text(name: str, way: tuple[str, str], findings: tuple[Blocker, ...], width: int) -> str:
    """The findings in `width` columns; the commands are not wrapped."""
    lines = [f"{name}  {way[0]} -> {way[1]}"]
    for each in findings:
        lines += _wrapped(f"  {each.level:<{LEVEL}}", each.text, width)
        for fix in each.fixes:
            lines += _wrapped(" " * (LEVEL + 2), fix.costs, width)
            lines += (f"{'':{LEVEL + 4}}{line}" for command in fix.commands for line in command.splitlines())
    counts = {level: sum(each.level == level for each in findings) for level in (BLOCKED, DOUBTFUL)}
    known = ", ".join(f"{count} {level}" for level, count in counts.items() if count)
    lines.append(f"{known}." if known else "Nothing known blocks its migration.")
    return "\n".join(map(plain, lines)) + "\n"


def _wrapped(label: str, text: str, width: int) -> list[str]:
    words = " ".join(without_keys(text).split())
    indent = " " * len(label)
    return textwrap.wrap(
        words, width, initial_indent=label, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def as_json(name: str, way: tuple[str, str], findings: tuple[Blocker, ...]) -> str:
    """The findings as one JSON object."""
    document: dict[str, Any] = {
        "format": JSON_FORMAT,
        "version": __version__,
        "vm": name,
        "origin": way[0],
        "target": way[1],
        "blocked": any(each.blocks for each in findings),
        "findings": [
            {
                "level": each.level,
                "sentence": without_keys(each.text),
                "costs": each.fixes[0].costs if each.fixes else "",
                "commands": [command for fix in each.fixes for command in fix.commands],
            }
            for each in findings
        ],
    }
    return json.dumps(document, indent=1, ensure_ascii=True) + "\n"
