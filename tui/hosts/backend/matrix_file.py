"""The matrix over restarts: the cells that were read last, in a file that the app and the commands share."""

import json
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tui.checklist.model.check import STATES, Finding
from tui.core.log import log
from tui.core.regular_file import read_regular
from tui.core.settings import Config
from tui.hosts.model.matrix import Cell, Pair, Reason

NAME = "matrix.json"
MOST = 2_000  # cells, the newest ones: each has a few kilobytes
TEXTS = ("state", "found", "wanted", "hint")


class MatrixFile:
    """The cells by the libvirt URIs of their hosts, because two configurations may give one name to two hosts.

    Its calls block. A file that cannot be used costs only the cells.
    """

    def __init__(self, config: Config, path: Path) -> None:
        self._path = path
        self._uris = {name: config.hosts[name].libvirt for name in config.hypervisors}

    def cells(self) -> dict[Pair, Cell]:
        """The cells of the configured hosts, each with its age."""
        names = {uri: name for name, uri in self._uris.items()}
        passed = time.time() - time.monotonic()
        found: dict[Pair, Cell] = {}
        for each in self._read():
            pair = names.get(str(each.get("from"))), names.get(str(each.get("to")))
            cell = _cell_of(each, (pair[0], pair[1]), passed) if pair[0] and pair[1] else None
            if cell is not None:
                found[cell.pair] = cell
        return found

    def keep(self, cells: Iterable[Cell]) -> None:
        """Write cells in place of those of the same ways."""
        passed = time.time() - time.monotonic()
        new = {(self._uris[each.pair[0]], self._uris[each.pair[1]]): each for each in cells}
        if not new:
            return
        lines = [each for each in self._read() if (each.get("from"), each.get("to")) not in new]
        for (start, end), cell in new.items():
            reasons = [{"what": each.what, **_finding_fields(each.finding)} for each in cell.reasons]
            lines.append({"from": start, "to": end, "read": round(cell.read_at + passed, 1), "reasons": reasons})
        lines.sort(key=lambda each: _number(each.get("read")))
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            part = self._path.with_suffix(".new")
            part.write_text(json.dumps({"cells": lines[-MOST:]}, ensure_ascii=False), "utf-8")
            part.replace(self._path)
        except OSError as error:
            log.warning("The matrix is not kept in %s: %s", self._path, error)

    def _read(self) -> list[Mapping[str, Any]]:
        try:
            found = json.loads(read_regular(self._path))
        except FileNotFoundError:
            return []
        except (OSError, ValueError, RecursionError) as error:
            log.warning("The matrix of before cannot be read: %s", error)
            return []
        cells = found.get("cells") if isinstance(found, Mapping) else None
        return [each for each in cells if isinstance(each, Mapping)] if isinstance(cells, list) else []


def _finding_fields(finding: Finding) -> dict[str, str]:
    return {name: getattr(finding, name) for name in TEXTS}


def _cell_of(fields: Mapping[str, Any], pair: Pair, passed: float) -> Cell | None:
    """The cell of such JSON; None if it is damaged."""
    reasons, listed = [], fields.get("reasons")
    for each in listed if isinstance(listed, list) else ():
        if not isinstance(each, Mapping) or each.get("state") not in STATES:
            return None
        reasons.append(Reason(str(each.get("what", "")), Finding(*(str(each.get(name, "")) for name in TEXTS))))
    return Cell(pair, tuple(reasons), _number(fields.get("read")) - passed, old=True) if reasons else None


def _number(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) and 0 <= value < 1e11 else 0.0
