"""The Hosts room's list on the lab's source host, in its own process: `python -m tests.lab.list_on_source ORDER`.

ORDER is look, undo, or apply with the ids of steps, or without for all missing ones. Prints the items as one line of
JSON.
"""

import asyncio
import json
import sys
from collections.abc import Iterable
from typing import Any

from tests.lab.on_source import configured
from tui.app.wiring import changes_through
from tui.checklist.model.check import Item
from tui.checklist.model.transcript import Progress
from tui.core.failure import Failure
from tui.core.settings import state_folder
from tui.hosts.backend.hosts import Hosts


def print_progress(progress: Progress) -> None:
    """Prints to stderr, which pytest shows for a failed test."""
    print(f"{progress.kind} {progress.action.host}: {progress.text or progress.action.text}", file=sys.stderr)


def as_json(items: Iterable[Item]) -> dict[str, dict[str, Any]]:
    """The parts of each item that the tests check, by item id."""
    return {
        item.id: {
            "state": item.state,
            "found": item.finding.found if item.finding else "",
            "why_not": item.why_not,
            "change": [action.text for action in item.change.actions] if item.change else [],
            "note": item.change.note if item.change else "",
        }
        for item in items
    }


async def main(request: str, *ids: str) -> int:
    connections = configured()
    hosts = Hosts(connections, changes_through(connections, state_folder() / "changes.jsonl")).checklist
    try:
        items: Iterable[Item] = await hosts.refresh_fully()
        if request == "apply":
            items = [await hosts.apply(id, print_progress) for id in ids] or await hosts.apply_missing(print_progress)
        elif request == "undo":
            await hosts.undo_all(print_progress)
            items = hosts.items
        print(json.dumps(as_json(items)))
    except Failure as failure:
        print(failure)
        return 1
    finally:
        await connections.close()
    return 0


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main(*sys.argv[1:])))
