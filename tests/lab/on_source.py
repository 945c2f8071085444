"""The backend on the lab's source host, in a process of its own, as the app is: `python -m tests.lab.on_source ORDER`.

Prints the answer as one line of JSON, or the Failure's sentence and exit status 1.
"""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

from tui import config
from tui.adapters.libvirt import connect
from tui.adapters.local import LocalShell
from tui.adapters.ssh import SshShell
from tui.backend.connections import Connections
from tui.backend.hosts import Hosts
from tui.backend.launch import Launch
from tui.config import state_folder
from tui.model.failure import Failure
from tui.model.host import HostFacts
from tui.model.workload import WorkloadSpec
from tui.wiring import changes_through

Answer = dict[str, Any]


def tell(text: str) -> None:
    """Progress goes where a failed test shows it."""
    print(text, file=sys.stderr)


async def hosts(connections: Connections) -> Answer:
    room = Hosts(connections, changes_through(connections, state_folder() / "changes.jsonl"))

    async def last(host: HostFacts) -> HostFacts:
        return [facts async for facts in room.read(host)][-1]

    found = await asyncio.gather(*map(last, room.unread()))
    return {facts.name: {"state": facts.state, "failures": list(map(str, facts.failures))} for facts in found}


async def where(connections: Connections) -> Answer:
    return {"sentence": (await Launch(connections).vm_state()).sentence}


async def boot(connections: Connections) -> Answer:
    return {"sentence": await Launch(connections).boot(tell)}


async def shut_down(connections: Connections) -> Answer:
    await Launch(connections).shut_down(tell)
    return await where(connections)


async def force_off(connections: Connections) -> Answer:
    await Launch(connections).force_off(tell)
    return await where(connections)


async def start(connections: Connections, name: str, *numbers: str) -> Answer:
    return asdict(await Launch(connections).start_workload(WorkloadSpec(name, *map(int, numbers)), tell))


async def status(connections: Connections) -> Answer:
    launch = Launch(connections)
    return asdict(await launch.workload_status()) | {"current": await launch.current_workload_name()}


async def stop(connections: Connections) -> Answer:
    found = await Launch(connections).stop_workload(tell)
    return asdict(found) | {"error": found.error}


ORDERS: dict[str, Callable[..., Awaitable[Answer]]] = {
    order.__name__: order for order in (hosts, where, boot, shut_down, force_off, start, status, stop)
}


def configured() -> Connections:
    """To the hosts of the lab's own configuration."""
    return Connections(
        config.load(config.find()), connect, lambda address: SshShell(address) if address else LocalShell()
    )


async def main(order: str, *words: str) -> int:
    connections = configured()
    try:
        print(json.dumps(await ORDERS[order](connections, *words)))
    except Failure as failure:
        print(failure)
        return 1
    finally:
        await connections.close()
    return 0


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main(*sys.argv[1:])))
