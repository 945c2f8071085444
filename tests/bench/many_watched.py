"""Fifty migrations watched by one client: a recorded one, replayed to it over the runner's protocol.

tests.bench runs the server as `python -m tests.bench.many_watched serve SOCKET` and the client, which is measured, as
`python -m tests.bench.many_watched watch SOCKET`. No page is shown.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from itertools import chain, cycle
from pathlib import Path
from typing import Any

from tests.bench.terminal import cpu_seconds, whole_resident_mib
from tests.fake_hosts import FakeHosts
from tests.unit.fakes import recording
from tests.unit.until import until
from tui import __version__
from tui.core.plan import Plan
from tui.core.threads import on_thread
from tui.migration.backend.messages import FIND, FOLLOW, RECORDS
from tui.migration.backend.migrations import Migrations
from tui.migration.model.record import Record, Sample, to_line
from tui.runner.protocol import LONGEST_REPLY
from tui.runner.server import Peer, Server

MANY = 50
EVERY_S = 1.0
WATCH_S = 20.0
RECORDING = "post-copy-by-hand"


def many_watched() -> Iterator[tuple[str, float, str]]:
    """The CPU time and the resident memory of the client, each migration sampled once a second."""
    with tempfile.TemporaryDirectory() as folder:
        words = [sys.executable, "-m", "tests.bench.many_watched"]
        path = str(Path(folder) / "s")
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        with subprocess.Popen([*words, "serve", path], **pipes) as server:
            _line(server)
            with subprocess.Popen([*words, "watch", path], **pipes) as client:
                _line(client)  # it follows all
                before, began = cpu_seconds(client.pid), time.monotonic()
                time.sleep(WATCH_S)
                yield "watch_50_cpu", 100 * (cpu_seconds(client.pid) - before) / (time.monotonic() - began), "%"
                yield "watch_50_resident", whole_resident_mib(client.pid), "MiB"
                assert client.stdin is not None
                client.stdin.close()
                yield "watch_50_samples", float(_line(client)) / WATCH_S, "/s"
            assert server.stdin is not None
            server.stdin.close()


def _line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline()


class Replay:
    """The session of a client: all migrations are the same recording, which goes round before its post-copy."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._playing: set[asyncio.Task[None]] = set()

    @property
    def actions(self) -> tuple[str, ...]:
        """The requests that it takes."""
        return FIND, FOLLOW

    async def call(self, action: str, parameters: Mapping[str, Any]) -> Any:
        """The descriptions of all migrations, or the start of one replay."""
        if action == FIND:
            return [self._description(number) for number in range(MANY)]
        self._playing.add(asyncio.ensure_future(self._play(str(parameters["run"]))))
        return None

    def close(self) -> None:
        """Ends all replays."""
        for each in self._playing:
            each.cancel()

    def _description(self, number: int) -> dict[str, Any]:
        name = f"vm{number}"
        vm = {"name": name, "uuid": f"uuid-{number}", "state": "running"}
        hosts = {"origin": "source", "target": "destination"}
        run = {"run": name, "folder": f"/nowhere/{name}", "plan": Plan(name).fields}
        return {**run, **hosts, "vm": vm, "zero": time.monotonic(), "seen": False}

    async def _play(self, run: str) -> None:
        began = time.monotonic()
        for number, each in enumerate(_endless()):
            await asyncio.sleep(began + number * EVERY_S - time.monotonic())
            now = each._replace(t=number * EVERY_S) if isinstance(each, Sample) else each
            self._peer.notify(RECORDS, run=run, lines=[to_line(now)])


def _endless() -> Iterator[Record]:
    start, *rest = recording(RECORDING)
    samples = [each for each in rest if isinstance(each, Sample) and each.state == "running"]
    return chain([start], samples, cycle([each for each in samples if each.number("memory_iteration") >= 2]))


async def _serve(path: str) -> None:
    async def open_session(peer: Peer, _hello: Mapping[str, Any]) -> Replay:
        return Replay(peer)

    server = Server(open_session, __version__, lambda: False)
    listening = await asyncio.start_unix_server(server.serve, path)
    print("ready", flush=True)
    await on_thread(sys.stdin.read)
    listening.close()
    os._exit(0)  # its client may still be connected


async def _watch(path: str) -> None:
    async def connect() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_unix_connection(path, limit=LONGEST_REPLY)

    client = Migrations(FakeHosts().connections, connect, Path("/config.toml"))
    await client.attach()
    await until(lambda: len(client.all) == MANY and all(each.timeline.iteration for each in client.all.values()))

    def samples() -> int:
        return sum(each.timeline.points.added for each in client.all.values())

    before = samples()
    print("ready", flush=True)
    await on_thread(sys.stdin.read)
    print(samples() - before, flush=True)
    await client.close()


if __name__ == "__main__":
    asyncio.run({"serve": _serve, "watch": _watch}[sys.argv[1]](sys.argv[2]))
