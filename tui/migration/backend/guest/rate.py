"""The rate of the workload in the guest, read from its newest lines once a second."""

import asyncio
import contextlib
import itertools
import time
from collections.abc import Callable, Iterable

from tui.core.failure import Failure
from tui.guest.backend.guest import Guest
from tui.guest.model.rate import NewestOutput, rate_before, rate_of
from tui.guest.model.workload import number_of, parse_values
from tui.migration.backend.recording.run_log import RunLog
from tui.migration.model import record

READ_EVERY_S = 1.0  # the workload writes a line every second
LATE_S = 2.0  # without a new line, or without a reply


class GuestRate:
    """Writes the guest events of one migration; `caught_up` is cleared while a reply of the guest is overdue."""

    def __init__(self, run_log: RunLog) -> None:
        self.caught_up = asyncio.Event()
        self.caught_up.set()
        self._run_log = run_log
        self._compared = False  # the rate before the migration was looked up

    async def follow(self, *ways: Callable[[], Guest]) -> None:
        """Read the workload's newest lines until cancelled: one request at a time, on an absolute schedule.

        Each of the `ways` opens the guest, by the names that the VM has before and after; the next one is tried where
        one fails.
        """
        due = news = time.monotonic()
        known = ""  # the newest line read so far; the first one may be an hour old
        guests = itertools.cycle(ways)
        try:
            guest = next(guests)()
        except Failure as failure:  # the guest's address is unknown
            self._log_silence(news, failure.reason)
            return
        while True:
            why, requested, before = "its workload wrote no new line", time.monotonic(), known
            try:
                reply = await self._reply(guest, news)
            except Failure as failure:
                why, late = failure.reason, True
                if len(ways) > 1:
                    with contextlib.suppress(Failure):  # unknown by this name; the turn of each comes again
                        guest = next(guests)()
            else:
                fresh, known = bool(known) and reply.line != known, reply.line
                if fresh:
                    self._log_rates(reply, reply.after(before), time.monotonic() - requested)
                # Without a workload, or with one that has no rate, no line is overdue.
                news = time.monotonic() if fresh or rate_of(reply.values) is None else news
                late = time.monotonic() - news > LATE_S
            self.caught_up.set()
            if late:
                self._log_silence(news, why)
            due += READ_EVERY_S * (int(max(0.0, time.monotonic() - due) / READ_EVERY_S) + 1)
            await asyncio.sleep(due - time.monotonic())

    async def _reply(self, guest: Guest, news: float) -> NewestOutput:
        """The guest's reply, however long it takes; while it is overdue, the log records that."""
        request = asyncio.ensure_future(guest.newest_output())
        try:
            while not (await asyncio.wait({request}, timeout=LATE_S))[0]:
                self.caught_up.clear()
                self._log_silence(news, "it has not replied yet")
            return await request
        finally:
            request.cancel()

    def _log_silence(self, since: float, why: str) -> None:
        self._run_log.event(record.GUEST, silent_s=round(time.monotonic() - since, 3), why=why)

    def _log_rates(self, reply: NewestOutput, lines: Iterable[str], waited: float) -> None:
        """Also of the seconds in which the guest did not reply: the workload's log has them."""
        newest = number_of(reply.values, "seconds")
        before = None if self._compared else rate_before(reply, self._run_log.now())
        self._compared = True
        for line in lines:
            values = parse_values(line)
            rate, seconds = rate_of(values), number_of(values, "seconds")
            ago = newest - seconds if newest is not None and seconds is not None else 0.0
            if rate is None or (line != reply.line and ago <= 0):  # a restarted workload counts from 0 again
                continue
            data = {"workload": reply.name, "rate": rate[0], "unit": rate[1], "seconds": seconds}
            data |= {"waited": round(waited, 3)} | ({"ago": round(ago, 3)} if ago else {})
            if before is not None:
                data, before = data | {"before": before}, None
            self._run_log.log(record.GUEST, data)
