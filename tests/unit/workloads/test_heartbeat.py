"""The heartbeat program, probed over UDP."""

import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.workloads.programs import LIMIT, Running, a_free_port, assert_one_line_a_second, lines_of, run
from tui.guest.model.heartbeat import DATAGRAM, NEVER_NS, HeartbeatReply, parse_reply, probe

PROBE = b"VMLM-HB?"


class ProbedHeartbeat:
    """A running heartbeat, and a socket that probes it."""

    def __init__(self, built: Path, address: str = "127.0.0.1") -> None:
        self.port = a_free_port()
        self.program = Running([str(built / "heartbeat"), *LIMIT, "--port", self.port])
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.udp = socket.socket(family, socket.SOCK_DGRAM)
        self.udp.settimeout(60)
        self.udp.connect((address, int(self.port)))
        self.program.until(lambda line: line["state"] == "beating")

    def send_probe(self, number: int = 7, since_ns: int = 0) -> HeartbeatReply:
        self.udp.send(probe(number, since_ns))
        return self.reply()

    def reply(self) -> HeartbeatReply:
        datagram = self.udp.recv(1024)
        answer = parse_reply(datagram)
        assert answer is not None, datagram
        assert len(datagram) == DATAGRAM.size  # no larger than the probe, so that it cannot amplify a flood
        return answer

    def close(self) -> None:
        self.udp.close()
        self.program.process.kill()
        self.program.process.communicate()


@pytest.fixture(params=["127.0.0.1", "::1"])
def beating(built: Path, request: pytest.FixtureRequest) -> Iterator[ProbedHeartbeat]:
    heart = ProbedHeartbeat(built, request.param)
    yield heart
    heart.close()


def test_the_heartbeat_replies_to_a_probe_with_its_clock_and_its_beats(beating: ProbedHeartbeat) -> None:
    before, first = time.monotonic_ns(), beating.send_probe(2**63 + 5)
    assert first.number == 2**63 + 5
    assert before <= first.now_ns <= time.monotonic_ns()
    while (later := beating.send_probe()).beats < first.beats + 20:
        pass
    assert later.now_ns - first.now_ns > 0.1e9  # a beat every 10 ms, not one for each probe
    assert later.gap_ns > 5e6
    assert later.gap_ended_ns <= later.now_ns


def test_an_invalid_probe_gets_no_reply(beating: ProbedHeartbeat) -> None:
    reply = b"VMLM-HB!" + bytes(56)
    for junk in (b"", b"x", PROBE, PROBE + bytes(55), PROBE + bytes(57), PROBE + bytes(1000), bytes(64), reply):
        beating.udp.send(junk)
    assert beating.send_probe(1234).number == 1234  # the first reply


def test_a_halt_is_the_longest_gap_except_for_probes_about_the_time_after_it(beating: ProbedHeartbeat) -> None:
    start = beating.send_probe()
    beating.program.halt()
    halted = time.monotonic_ns()
    while time.monotonic_ns() < halted + 400_000_000:
        pass
    beating.program.go_on()
    after = beating.send_probe(since_ns=start.now_ns)
    while after.gap_ns < 300_000_000:  # the first beat after the halt may still be due
        after = beating.send_probe(since_ns=start.now_ns)
    assert halted < after.gap_ended_ns
    assert beating.send_probe(since_ns=after.gap_ended_ns).gap_ns < after.gap_ns
    none = beating.send_probe(since_ns=NEVER_NS)
    assert (none.gap_ns, none.gap_ended_ns) == (0, 0)


def test_the_heartbeat_prints_one_line_a_second(built: Path) -> None:
    lines = lines_of(run(built, "heartbeat", "--port", a_free_port(), "--seconds", "2.5"))
    keys = "seconds state port priority beats longest_gap_ms longest_gap_at probes"
    assert all(" ".join(line) == keys for line in lines)
    assert_one_line_a_second(lines)
    assert [line["state"] for line in lines[:1] + lines[-1:]] == ["beating", "done"]
    assert int(lines[-1]["beats"]) > 100
    assert 0 < float(lines[-1]["longest_gap_at"]) <= float(lines[-1]["seconds"])


def test_a_heartbeat_without_probes_ends_after_the_idle_limit(built: Path) -> None:
    last = lines_of(run(built, "heartbeat", "--port", a_free_port(), "--idle", "1.2", "--seconds", "50"))[-1]
    assert 1.2 <= float(last["seconds"]) < 50


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_heartbeat(built: Path, number: signal.Signals) -> None:
    heart = ProbedHeartbeat(built)
    heart.program.process.send_signal(number)
    assert heart.program.end() == 0
    assert heart.program.lines[-1]["state"] == "done"
    heart.close()


def test_a_port_in_use_is_reported_with_one_sentence(beating: ProbedHeartbeat, built: Path) -> None:
    result = run(built, "heartbeat", "--port", beating.port)
    assert (result.returncode, result.stdout, len(result.stderr.splitlines())) == (2, "", 1)
    assert f"UDP port {beating.port}" in result.stderr


@pytest.mark.parametrize("options", [["--port", "0"], ["--port", "65536"], ["--idle", "-1"], ["--beat", "1"], ["5"]])
def test_a_wrong_option_of_the_heartbeat_is_refused_with_one_sentence(built: Path, options: list[str]) -> None:
    result = run(built, "heartbeat", *options)
    assert (result.returncode, result.stdout, len(result.stderr.splitlines())) == (2, "", 1)
    assert "heartbeat" in result.stderr
