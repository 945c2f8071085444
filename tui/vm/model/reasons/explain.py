"""Explains a message by the first row of the table that matches it; a message without one keeps its own words."""

import re
from typing import NamedTuple

from tui.vm.model.reasons import agent, connections, devices, machine, operations, programs, storage
from tui.vm.model.reasons.noise import halves, shortened, without_noise
from tui.vm.model.reasons.row import CANCELLED, EVERYWHERE, MIGRATION, OTHERWISE, Row

TABLE: tuple[Row, ...] = (
    *agent.ROWS,
    *connections.TLS,
    *connections.SSH,
    *operations.VM_STATE,
    *devices.PASSED_THROUGH,
    *devices.CONNECTED,
    *programs.ROWS,
    *devices.CONSOLE,
    *devices.NETWORK,
    *machine.CPU,
    *machine.FIRMWARE,
    *machine.ABI,
    *machine.MEMORY,
    *storage.ROWS,
    *machine.STATE[:-1],
    *operations.OPTIONS,
    *connections.NETWORK,
    machine.STATE[-1],
    *operations.ENDS,
    *connections.SAID,
    *connections.BROKEN,
)
COMPILED = tuple((re.compile(row.pattern, re.IGNORECASE), row) for row in TABLE)

LONGEST = 16_000  # characters of a message that are searched, the last ones: a banner comes before the reason


class Explained(NamedTuple):
    """`known`: a row explains the message, so that `why` is not only its own words. `result`: see Row.

    `clause` is one of the sentences in row.py that callers compare with, or something else.
    """

    why: str
    hint: str
    known: bool
    result: bool = False
    clause: str = ""


def explain(message: str, *, migration: bool = False) -> Explained:
    """Why and what to try; of a message with both hosts' words, each host's part is explained.

    `migration`: it is the error of a migration, whose hosts are "the origin" and "the destination".
    """
    both = halves(message)
    if both is None:
        return _explain(without_noise(message[-LONGEST:]), migration)
    source, destination = (_explain(without_noise(part[-LONGEST:]), migration=True) for part in both)
    first = source if destination.result and source.known and not source.result else destination
    why = f"the destination reports: {destination.why}; the origin reports: {source.why}"
    result = source.result and destination.result
    clause = source.why if result or source.why == CANCELLED else ""
    return Explained(why, first.hint, source.known or destination.known, result, clause)


def _explain(text: str, migration: bool) -> Explained:
    when = MIGRATION if migration else OTHERWISE
    for pattern, row in COMPILED:
        if row.when in (EVERYWHERE, when) and (found := pattern.search(text)):
            return _filled(row, found, migration, text)
    return Explained(shortened(text), "", known=False)


def _filled(row: Row, found: re.Match[str], migration: bool, text: str) -> Explained:
    host, on = ("the destination", "on the destination") if migration else ("the host", "there")
    groups = [*(shortened(group or "").strip(" ,;.") for group in found.groups()), "", "", ""]
    words = {"{1}": groups[0], "{2}": groups[1], "{3}": groups[2], "{host}": host, "{on}": on}
    why, hint = (" ".join(_replaced(part, words).split()).rstrip(":, ") for part in (row.why, row.hint))
    return Explained(why or shortened(text), hint, known=bool(why), result=row.result, clause=why)


def _replaced(sentence: str, words: dict[str, str]) -> str:
    """The sentence with its placeholders filled once: a name of a VM may look like one."""
    return re.sub(r"\{(?:[123]|host|on)\}", lambda token: words[token[0]], sentence)
