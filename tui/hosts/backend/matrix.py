"""Works out who can move VMs to whom, for the ways that are asked for, and keeps it with its age."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Collection, Mapping

from tui.core.failure import Failure, or_failure
from tui.core.settings import Config
from tui.core.threads import on_thread
from tui.core.together import together
from tui.hosts.backend.matrix_file import MatrixFile
from tui.hosts.backend.reading import HostReading, configured
from tui.hosts.backend.rounds import Rounds
from tui.hosts.model.facts import HostsFacts
from tui.hosts.model.matrix import Cell, Pair, cell
from tui.hosts.model.share import Share

Shares = Mapping[str, "asyncio.Future[Share | Failure]"]  # by host, what it sees of the folder of images


class Matrix:
    """The cells that are known, by way, and the ways that are being read."""

    def __init__(self, config: Config, reading: HostReading) -> None:
        self.config = config
        self.hosts = config.hypervisors
        self._reading = reading
        self.cells: dict[Pair, Cell] = {}
        self.file: MatrixFile | None = None  # if it is set, the cells are kept over restarts
        self._recalled = False
        self.under_way: set[Pair] = set()
        self.waits_for: Callable[[], str] = lambda: ""  # what is not read yet, in words

    def pairs(self, hosts: Collection[str]) -> tuple[Pair, ...]:
        """All ways between these hosts."""
        return tuple(
            (start, end) for start in self.hosts for end in self.hosts if start != end and {start, end} <= {*hosts}
        )

    async def recall(self) -> None:
        """Take the cells of earlier starts, once, for the ways that were not read since."""
        if self.file is not None and not self._recalled:
            self._recalled = True
            self.cells = await on_thread(self.file.cells) | self.cells

    async def read(self, pairs: Collection[Pair]) -> AsyncIterator[Cell]:
        """Yield each cell when it is complete; every host at the end of a way is read once."""
        wanted = [pair for pair in pairs if pair not in self.under_way]
        if not wanted:
            return
        self.under_way |= set(wanted)
        known = configured(self.config).between(wanted)
        facts, left = HostsFacts(known), set(wanted)
        found_now: list[Cell] = []
        rounds = Rounds(self._reading, facts)
        self.waits_for = rounds.waits_for
        shares = {host: asyncio.ensure_future(or_failure(self._reading.share(host))) for host in known.hypervisors}
        try:
            async for newer in rounds.run():
                facts = newer
                for pair in [each for each in left if _tried(facts, each)]:
                    if found := self._cell(facts, pair, shares):
                        left.discard(pair)
                        found_now.append(found)
                        yield found
            await together(*shares.values())
            for pair in sorted(left, key=wanted.index):
                if found := self._cell(facts, pair, shares):
                    found_now.append(found)
                    yield found
        finally:
            self.under_way -= set(wanted)
            for each in shares.values():
                each.cancel()
            if self.file is not None:  # also what was read before an end by a key
                await on_thread(self.file.keep, found_now)

    def _cell(
        self, facts: HostsFacts, pair: Pair, shares: "Mapping[str, asyncio.Future[Share | Failure]]"
    ) -> Cell | None:
        seen = tuple(shares[host].result() if shares[host].done() else None for host in pair)
        found = cell(facts, pair, (seen[0], seen[1]), time.monotonic())
        if found is not None:
            self.cells[pair] = found
        return found


def _tried(facts: HostsFacts, pair: Pair) -> bool:
    """Whether all that is tried between the hosts is known; the rest is cheap to evaluate then."""
    way = facts.way(*pair)
    return None not in (way.names, way.ssh, way.ports, way.cpu)
