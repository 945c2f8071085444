"""The probes of one guest's heartbeat, on a thread and an absolute schedule of their own."""

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable, Sequence

from tui.guest.model.heartbeat import NEVER_NS, Answer, parse_answer, probe
from tui.guest.model.udp_probe import EVERY_S, ProbeAnswers, Window

REPORT_EVERY_S = 1.0
STOP_LIMIT_S = 0.5
SO_TIMESTAMPNS = 35  # of Linux; the socket module does not name it
TIMESPEC = struct.Struct("qq")
ANCILLARY_BYTES = socket.CMSG_SPACE(TIMESPEC.size)

Report = Callable[[Window, ProbeAnswers], None]


class UdpProbe:
    """Probes all of `addresses` until one has answered, and from then on that one.

    `since_ns` is the moment of the guest's clock since which gaps count, None: from the first answer on. `report` is
    called on the thread, once a second and only once something has answered.
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
        self.trouble = ""  # what the way there said
        self._addresses = addresses
        self._port = port
        self._report = report
        self._lock = threading.Lock()  # over the echoes
        self._stop = threading.Event()
        self._switched_over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="echo", daemon=True)
        self._heard = threading.Condition(self._lock)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Send and report nothing more; takes no longer than it is to the next probe."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(STOP_LIMIT_S)

    def switch_over(self) -> None:
        """The VM has just been stopped; blocks nobody."""
        self._switched_over.set()

    def settle(self, limit_s: float) -> bool:
        """Wait until the guest answers and its clock has been read, and then stop; False where the limit came first.

        Where nothing has ever answered, it is not waited for.
        """
        with self._heard:
            after = self.probe_answers.newest
            in_time = self.probe_answers.answer is None or self._heard.wait_for(
                lambda: self._is_settled(after), limit_s
            )
            self.probe_answers.compare()  # as well as it can be
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
        """A socket that hears that address alone; None where there is no way to it."""
        udp = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
        udp.setblocking(False)
        try:
            # When a datagram came is the kernel's to say: this thread may have to wait for a busy one's turn to end.
            udp.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
            udp.connect((address, self._port))
        except OSError as error:
            self.trouble = error.strerror or str(error)
            udp.close()
            return None
        return udp

    def _probe(self, sockets: list[socket.socket]) -> None:
        """Wakes once a probe: what has come meanwhile bears the kernel's time, and can wait until then."""
        due = time.monotonic()
        report = due + REPORT_EVERY_S
        while not self._stop.is_set():
            if self._switched_over.is_set():  # it is, before the first answer after the pause
                self._mark()
            answering = [each for each in sockets if self._receive(each)]
            sockets = answering[:1] or sockets
            now = time.monotonic()
            self._send(sockets, now)
            due += (int((now - due) / EVERY_S) + 1) * EVERY_S
            if now >= report:
                report += REPORT_EVERY_S
                self._tell()
            time.sleep(max(0.0, due - time.monotonic()))
        self._tell()

    def _send(self, sockets: Iterable[socket.socket], now: float) -> None:
        with self._lock:
            number = self.probe_answers.send(now)
        datagram = probe(number, NEVER_NS if self.since_ns is None else self.since_ns)
        for each in sockets:
            try:
                each.send(datagram)
            except OSError as error:  # unreachable for now; a lost probe is what is looked for
                self.trouble = error.strerror or str(error)

    def _receive(self, udp: socket.socket) -> bool:
        """Takes all that has come; whether an answer was among it."""
        answered = False
        while True:
            try:
                datagram, extra, _, _ = udp.recvmsg(256, ANCILLARY_BYTES)
            except BlockingIOError:
                return answered
            except OSError as error:  # refused: nothing listens there
                self.trouble = error.strerror or str(error)
                return answered
            answer = parse_answer(datagram)
            if answer is not None:
                self._take(answer, _moment(extra))
                answered = True

    def _take(self, answer: Answer, t: float) -> None:
        with self._heard:
            if self.since_ns is None or answer.now_ns < self.since_ns:
                self.since_ns = answer.now_ns  # the first, or the clock began anew
            self.probe_answers.add(answer, t)
            self._heard.notify_all()

    def _mark(self) -> None:
        self._switched_over.clear()
        with self._lock:
            # Where nothing was answered before it, nobody can say how long the VM was away.
            if self.probe_answers.pause_before is None and self.probe_answers.answer is not None:
                self.probe_answers.switch_over()
                self.since_ns = self.probe_answers.answer.now_ns

    def _tell(self) -> None:
        with self._lock:
            if self.probe_answers.answer is None:
                return
            window, self.probe_answers.window = self.probe_answers.window, Window()
            self._report(window, self.probe_answers)


def _moment(extra: Sequence[tuple[int, int, bytes]]) -> float:
    """The monotonic moment at which the kernel got a datagram."""
    now, wall = time.monotonic(), time.time_ns()
    for level, kind, data in extra:
        if level == socket.SOL_SOCKET and kind == SO_TIMESTAMPNS and len(data) == TIMESPEC.size:
            seconds, nanoseconds = TIMESPEC.unpack(data)
            age = (wall - seconds * 10**9 - nanoseconds) / 1e9
            return now - age if 0 <= age < 1 else now  # else the wall clock was set just now
    return now
