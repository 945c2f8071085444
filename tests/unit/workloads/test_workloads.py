"""The workload programs: their output, the options they refuse, and the detection of wrong pages."""

import math
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tui.guest.model.heartbeat import DATAGRAM, NEVER_NS, Answer, parse_answer, probe
from workloads import folder

PAGE = 4096
STEP = 0xD1342543DE82EF95  # between the words of a page, as in memory_intensive.c
COMPILERS = [name for name in ("gcc", "tcc") if shutil.which(name)]
# Every run has a time limit, so that a test fails instead of waiting for ever.
LIMIT = ["--seconds", "60"]


@pytest.fixture(scope="module", params=COMPILERS)
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the programs, built by their Makefile, once per compiler."""
    here = tmp_path_factory.mktemp(request.param)
    make = ["make", "-f", str(folder() / "Makefile"), f"CC={request.param}"]
    result = subprocess.run(make, cwd=here, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return here


class Running:
    """A running workload program, with access to its output and memory."""

    def __init__(self, argv: list[str]) -> None:
        self.process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
        self.lines: list[dict[str, str]] = []

    def until(self, condition: Callable[[dict[str, str]], bool]) -> dict[str, str]:
        """Reads lines until the condition is true of one, and returns that line."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(parsed(line))
            if condition(self.lines[-1]):
                return self.lines[-1]
        raise AssertionError(f"the program ended before it printed such a line: {self.lines[-3:]}")

    def end(self) -> int:
        """Reads the rest of the output and returns the exit status."""
        assert self.process.stdout is not None
        self.lines += [parsed(line) for line in self.process.stdout]
        return self.process.wait()

    def halt(self) -> None:
        self.process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self.process.pid, os.WSTOPPED | os.WNOWAIT)

    def go_on(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def read(self, address: int, size: int = PAGE) -> bytes:
        with Path(f"/proc/{self.process.pid}/mem").open("rb", buffering=0) as memory:
            memory.seek(address)
            return memory.read(size)

    def write(self, address: int, content: bytes) -> None:
        with Path(f"/proc/{self.process.pid}/mem").open("wb", buffering=0) as memory:
            memory.seek(address)
            assert memory.write(content) == len(content)

    def pages(self) -> list[int]:
        """The ascending addresses of the worker's pages, found by content because mappings may be merged."""
        found = []
        for line in Path(f"/proc/{self.process.pid}/maps").read_text().splitlines():
            fields = line.split()
            start, end = (int(address, 16) for address in fields[0].split("-"))
            if fields[1].startswith("rw") and len(fields) == 5:  # anonymous: it has no name
                content = self.read(start, end - start)
                found += [start + at for at in range(0, len(content), PAGE) if is_own(content[at : at + PAGE])]
        return found


def is_own(page: bytes) -> bool:
    first, second = (int.from_bytes(page[at : at + 8], "little") for at in (0, 8))
    return first != 0 and (second - first) % 2**64 == STEP


def parsed(line: str) -> dict[str, str]:
    return dict(pair.split("=") for pair in line.split())


def error_of(program: Running) -> dict[str, str]:
    [error] = [line for line in program.lines if "error" in line]
    return error


@pytest.fixture
def start(built: Path) -> Iterator[Callable[..., Running]]:
    programs = []

    def start_one(*options: str) -> Running:
        programs.append(Running([str(built / "memory_intensive"), *LIMIT, *options]))
        return programs[-1]

    yield start_one
    for program in programs:
        program.process.kill()
        program.process.communicate()


def run(built: Path, name: str, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(built / name), *options], capture_output=True, text=True, check=False, timeout=60)


def lines_of(result: subprocess.CompletedProcess[str]) -> list[dict[str, str]]:
    return [parsed(line) for line in result.stdout.splitlines()]


# ---- a wrong page ----


def lost(now: bytes, old: bytes) -> bytes:  # the kernel maps zeros for a page that never arrived
    return bytes(PAGE)


def stale(now: bytes, old: bytes) -> bytes:
    return old


def lost_last_word(now: bytes, old: bytes) -> bytes:
    return now[:-8] + bytes(8)


def flipped_bit_in_the_middle(now: bytes, old: bytes) -> bytes:
    return now[:2051] + bytes([now[2051] ^ 4]) + now[2052:]


@pytest.mark.parametrize(
    ("corrupt", "word", "wrong_words", "looks_like"),
    [
        (lost, "0", "512", "zeros"),
        (stale, "0", "512", "older_pass"),
        (lost_last_word, "511", "1", "zeros"),
        (flipped_bit_in_the_middle, "256", "1", "garbage"),
    ],
)
def test_a_page_changed_from_outside_is_reported_and_ends_the_program(
    start: Callable[..., Running],
    corrupt: Callable[[bytes, bytes], bytes],
    word: str,
    wrong_words: str,
    looks_like: str,
) -> None:
    program = start("--threads", "1", "--size", "3", "--rate", "20")
    first = program.until(lambda line: line["state"] == "dirtying")
    program.halt()
    pages = program.pages()
    address = pages[500]
    old = program.read(address)
    program.go_on()
    program.until(lambda line: float(line["passes"]) > float(first["passes"]) + 2)
    program.halt()
    now = program.read(address)
    program.write(address, corrupt(now, old))
    program.go_on()

    assert program.end() == 1
    assert len(pages) == 3 * 256
    assert now != old
    error = error_of(program)
    assert error["error"] == "wrong_page"
    assert (error["thread"], error["page"], error["word"]) == ("0", "500", word)
    assert (error["wrong_words"], error["looks_like"]) == (wrong_words, looks_like)
    assert int(error["expected"], 16) == int.from_bytes(now[int(word) * 8 :][:8], "little")
    assert int(error["found"], 16) == int.from_bytes(corrupt(now, old)[int(word) * 8 :][:8], "little")
    assert (program.lines[-1]["state"], program.lines[-1]["wrong_pages"]) == ("failed", "1")


def test_two_exchanged_pages_are_found(start: Callable[..., Running]) -> None:
    program = start("--threads", "1", "--size", "2", "--rate", "1")
    program.until(lambda line: line["state"] == "dirtying")
    program.halt()
    pages = program.pages()
    one, other = program.read(pages[500]), program.read(pages[501])
    program.write(pages[500], other)
    program.write(pages[501], one)
    program.go_on()

    assert program.end() == 1
    assert error_of(program)["looks_like"] == "other_page"
    assert program.lines[-1]["wrong_pages"] == "2"


def test_a_wrong_page_not_yet_reached_at_a_slow_rate_is_found_at_the_end(start: Callable[..., Running]) -> None:
    program = start("--threads", "1", "--size", "8", "--rate", "0.1")
    program.until(lambda line: line["state"] == "dirtying")
    program.halt()
    program.write(program.pages()[2000], bytes(PAGE))
    program.process.terminate()
    program.go_on()

    assert program.end() == 1
    assert error_of(program)["page"] == "2000"
    assert float(program.lines[-1]["passes"]) < 1.5


def test_unchanged_memory_has_no_wrong_pages(start: Callable[..., Running]) -> None:
    program = start("--threads", "3", "--size", "2")
    program.until(lambda line: float(line["passes"]) > 10)
    program.process.terminate()

    assert program.end() == 0
    last = program.lines[-1]
    assert (last["state"], last["wrong_pages"]) == ("done", "0")
    # Each pass except the first checks each page; the final check does it once more.
    assert int(last["checked_pages"]) == round(float(last["dirtied_mib"]) * 256)


# ---- lines ----


def assert_one_line_a_second(lines: list[dict[str, str]]) -> None:
    full_seconds = [math.floor(float(line["seconds"])) for line in lines[:-1]]
    assert full_seconds == sorted(set(full_seconds))
    assert full_seconds[:1] == [0]
    assert len(full_seconds) >= 2
    assert float(lines[-1]["seconds"]) >= 2.5


def test_memory_intensive_prints_one_line_a_second(built: Path) -> None:
    lines = lines_of(
        run(built, "memory_intensive", "--threads", "2", "--size", "4", "--rate", "10", "--seconds", "2.5")
    )
    keys = "seconds state threads working_set_mib mib_per_s dirtied_mib passes checked_pages wrong_pages"
    assert all(" ".join(line) == keys for line in lines)
    assert_one_line_a_second(lines)
    assert {(line["threads"], line["working_set_mib"]) for line in lines} == {("2", "8")}
    assert lines[0]["state"] == "filling"
    assert lines[-1]["state"] == "done"


def test_memory_intensive_keeps_the_rate(built: Path) -> None:
    options = ["--threads", "2", "--size", "4", "--rate", "32", "--seconds", "3.5"]
    dirtying = [line for line in lines_of(run(built, "memory_intensive", *options)) if line["state"] == "dirtying"]
    first, last = dirtying[0], dirtying[-1]
    passed = float(last["seconds"]) - float(first["seconds"])
    assert 16 < (float(last["dirtied_mib"]) - float(first["dirtied_mib"])) / passed < 48


def test_cpu_util_prints_one_line_a_second(built: Path) -> None:
    lines = lines_of(run(built, "cpu_util", "--threads", "2", "--seconds", "2.5"))
    assert all(" ".join(line) == "seconds state threads additions_per_s additions sum" for line in lines)
    assert_one_line_a_second(lines)
    assert [line["state"] for line in lines[:1] + lines[-1:]] == ["running", "done"]
    assert int(lines[-1]["additions"]) > int(lines[1]["additions"]) > 0


def test_cpu_util_computes_the_sum_of_the_original_experiment(built: Path) -> None:
    last = lines_of(run(built, "cpu_util", "--threads", "1", "--seconds", "0.2"))[-1]
    expected = math.fsum(math.sin(i) ** i for i in range(int(last["additions"])))  # the only thread has number 0
    assert float(last["sum"]) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("name", ["cpu_util", "memory_intensive"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_workload_with_a_last_line(built: Path, name: str, number: signal.Signals) -> None:
    options = ["--threads", "1"] + (["--size", "2"] if name == "memory_intensive" else [])
    program = Running([str(built / name), *LIMIT, *options])
    program.until(lambda line: line["seconds"].startswith("0."))  # the first line: the signal mask is set
    program.process.send_signal(number)
    assert program.end() == 0
    assert program.lines[-1]["state"] == "done"


# ---- refusals ----


@pytest.mark.parametrize("name", ["cpu_util", "memory_intensive"])
@pytest.mark.parametrize(
    "options",
    [
        ["--threads", "0"],
        ["--threads", "1025"],
        ["--threads", "-1"],
        ["--threads", "1.5"],
        ["--threads", "two"],
        ["--threads", ""],
        ["--threads"],
        ["--seconds", "nan"],
        ["--seconds", "0x1"],
        ["--seconds", "1.2.3"],
        ["--no-such-option"],
        ["4"],
    ],
)
def test_a_wrong_option_is_refused_with_one_sentence(built: Path, name: str, options: list[str]) -> None:
    result = run(built, name, *options)
    assert (result.returncode, result.stdout, len(result.stderr.splitlines())) == (2, "", 1)
    assert name in result.stderr


@pytest.mark.parametrize("options", [["--size", "0"], ["--size", "1e3"], ["--rate", "-5"], ["--rate", "fast"]])
def test_a_wrong_size_or_rate_is_refused_with_one_sentence(built: Path, options: list[str]) -> None:
    result = run(built, "memory_intensive", *options)
    assert (result.returncode, result.stdout, len(result.stderr.splitlines())) == (2, "", 1)
    assert f"{options[0]} requires a" in result.stderr


def test_more_memory_than_available_is_refused_with_one_sentence(built: Path) -> None:
    result = run(built, "memory_intensive", "--threads", "1024", "--size", "1048576")
    assert (result.returncode, result.stdout, len(result.stderr.splitlines())) == (2, "", 1)
    assert "1024 threads x 1048576 MiB is 1073741824 MiB" in result.stderr
    assert "try fewer --threads or a smaller --size" in result.stderr


@pytest.mark.parametrize(("name", "mib"), [("memory_intensive", "64"), ("cpu_util", "")])
def test_a_too_small_address_space_is_reported_with_one_sentence(built: Path, name: str, mib: str) -> None:
    options = ["--threads", "200"] + (["--size", mib] if mib else [])
    limited = ["sh", "-c", 'ulimit -v 300000; exec "$0" "$@"', str(built / name), *LIMIT, *options]
    result = subprocess.run(limited, capture_output=True, text=True, check=False)
    assert (result.returncode, len(result.stderr.splitlines())) == (2, 1)
    assert "try fewer --threads" in result.stderr


def test_the_static_programs_need_no_shared_library(tmp_path: Path) -> None:
    make = ["make", "-f", str(folder() / "Makefile"), "static"]
    subprocess.run(make, cwd=tmp_path, capture_output=True, text=True, check=True)
    for name in ("cpu_util", "memory_intensive", "heartbeat"):
        # A program that needs the dynamic loader names it in a PT_INTERP header.
        assert b"/ld-linux" not in (tmp_path / name).read_bytes()[:4096]
        options = {"cpu_util": ["--threads", "1"], "memory_intensive": ["--threads", "1", "--size", "1"]}
        own = options.get(name, ["--port", a_free_port()])
        assert run(tmp_path, name, "--seconds", "0.1", *own).returncode == 0


# ---- the heartbeat ----

PROBE = b"VMLM-HB?"


def a_free_port() -> str:
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as udp:
        udp.bind(("::", 0))
        return str(udp.getsockname()[1])


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

    def send_probe(self, number: int = 7, since_ns: int = 0) -> Answer:
        self.udp.send(probe(number, since_ns))
        return self.reply()

    def reply(self) -> Answer:
        datagram = self.udp.recv(1024)
        answer = parse_answer(datagram)
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
