"""Probes one guest's heartbeat over UDP, on its own thread and an absolute schedule."""

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable, Sequence

from tui.guest.model.heartbeat import NEVER_NS, HeartbeatReply, parse_reply, probe
from tui.guest.model.udp_probe import EVERY_S, ProbeAnswers, Window

REPORT_EVERY_S = 1.0
STOP_LIMIT_S = 0.5
READ_LIMIT_S = 1.0  # one reading of the sockets takes no longer, also on a busy machine
SO_TIMESTAMPNS = 35  # Linux; the socket module lacks it
TIMESPEC = struct.Struct("qq")
ANCILLARY_BYTES = socket.CMSG_SPACE(TIMESPEC.size)

Report = Callable[[Window, ProbeAnswers], None]


class UdpProbe:
    """Probes all of `addresses` until one replies, and from then on only that one.

    Gaps count from `since_ns` of the guest's clock; None: from the first reply. `report` is called on the probe's
    thread once a second, after the first reply.
    """

    def __init__(
        self,
        addresses: Sequence[str],
        port: int,
        report: Report,
        probe_answers: ProbeAnswers,
        since_ns: int | None = None,
    ) -> None:
        self.probe_answers = probe_answers
        self.since_ns = since_ns

        self._addresses = addresses
        self._port = port
        self._report = report
        self._lock = threading.Lock()  # guards probe_answers
        self._stop = threading.Event()
        self._switched_over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="udp-probe", daemon=True)
        self._received = threading.Condition(self._lock)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread; blocks at most until the next probe is due."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(STOP_LIMIT_S)

    def switch_over(self) -> None:
        """The VM has just been stopped; returns at once."""
        self._switched_over.set()

    def settle(self, limit_s: float) -> bool:
        """Wait until the guest replies and its clock is compared, then stop; False if that takes longer than the limit.

        Does not wait for a guest that has never replied.
        """
        with self._received:
            after = self.probe_answers.newest
            in_time = self.probe_answers.answer is None or self._received.wait_for(
                lambda: self._is_settled(after), limit_s
            )
            self.probe_answers.compare()  # with the replies received so far
        self.stop()
        return in_time

    def _is_settled(self, after: int) -> bool:
        return self.probe_answers.settled(time.monotonic(), after)

    def _run(self) -> None:
        with contextlib.ExitStack() as closing:
            opened = [closing.enter_context(each) for each in map(self._connected, self._addresses) if each]
            if opened:
                self._probe(opened)

    def _connected(self, address: str) -> socket.socket | None:
        """A socket that receives from that address only; None if it is unreachable."""
        udp = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
        udp.setblocking(False)
        try:
            # The kernel timestamps each datagram, because this thread may be scheduled late.
            udp.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
            udp.connect((address, self._port))
        except OSError:
            udp.close()
            return None
        return udp

    def _probe(self, sockets: list[socket.socket]) -> None:
        """Wakes once per probe: received datagrams have the kernel's timestamp and can wait until then."""
        due = read = time.monotonic()
        report = due + REPORT_EVERY_S
        while not self._stop.is_set():
            if self._switched_over.is_set():  # set before the first reply after the pause arrives
                self._mark_switchover()
            waited_s = time.monotonic() - read + READ_LIMIT_S
            answering = [each for each in sockets if self._receive(each, waited_s)]
            read = time.monotonic()
            sockets = answering[:1] or sockets
            now = time.monotonic()
            self._send(sockets, now)
            due = _next(due, EVERY_S, now)
            if now >= report:
                report = _next(report, REPORT_EVERY_S, now)
                self._report_window()
            time.sleep(max(0.0, due - time.monotonic()))
        self._report_window()

    def _send(self, sockets: Iterable[socket.socket], now: float) -> None:
        with self._lock:
            number = self.probe_answers.send(now)
        datagram = probe(number, NEVER_NS if self.since_ns is None else self.since_ns)
        for each in sockets:
            with contextlib.suppress(OSError):  # unreachable for now: the probe counts as lost
                each.send(datagram)

    def _receive(self, udp: socket.socket, waited_s: float) -> bool:
        """Read all datagrams received within `waited_s`; whether a reply was among them."""
        answered = False
        while True:
            try:
                datagram, extra, _, _ = udp.recvmsg(256, ANCILLARY_BYTES)
            except OSError:  # nothing more to read, or refused because nothing listens there
                return answered
            reply = parse_reply(datagram)
            if reply is not None:
                self._add(reply, received_at(extra, waited_s))
                answered = True

    def _add(self, reply: HeartbeatReply, t: float) -> None:
        with self._received:
            if self.since_ns is None or reply.now_ns < self.since_ns:
                self.since_ns = reply.now_ns  # the first reply, or the guest's clock restarted
            self.probe_answers.add(reply, t)
            self._received.notify_all()

    def _mark_switchover(self) -> None:
        self._switched_over.clear()
        with self._lock:
            # Without a reply before the switchover its downtime is unknown.
            if self.probe_answers.pause_before is None and self.probe_answers.answer is not None:
                self.probe_answers.switch_over()
                self.since_ns = self.probe_answers.answer.now_ns

    def _report_window(self) -> None:
        with self._lock:
            if self.probe_answers.answer is None:
                return
            window, self.probe_answers.window = self.probe_answers.window, Window()
            self._report(window, self.probe_answers)


def _next(due: float, every_s: float, now: float) -> float:
    """The next time of a schedule after `now`."""
    return due + (int((now - due) / every_s) + 1) * every_s


def received_at(extra: Sequence[tuple[int, int, bytes]], waited_s: float) -> float:
    """The monotonic time at which the kernel received a datagram, of those that it received within `waited_s`."""
    now, wall = time.monotonic(), time.time_ns()
    for level, kind, data in extra:
        if level == socket.SOL_SOCKET and kind == SO_TIMESTAMPNS and len(data) == TIMESPEC.size:
            seconds, nanoseconds = TIMESPEC.unpack(data)
            age = (wall - seconds * 10**9 - nanoseconds) / 1e9
            return now - age if 0 <= age < waited_s else now  # otherwise the wall clock was just set
    return now
