"""What the tests of workloads share."""

import math
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

PAGE = 4096


STEP = 0xD1342543DE82EF95  # between the words of a page, as in memory_intensive.c


COMPILERS = [name for name in ("gcc", "tcc") if shutil.which(name)]


# Every run has a time limit, so that a test fails instead of waiting for ever.
LIMIT = ["--seconds", "60"]


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


def run(built: Path, name: str, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(built / name), *options], capture_output=True, text=True, check=False, timeout=60)


def lines_of(result: subprocess.CompletedProcess[str]) -> list[dict[str, str]]:
    return [parsed(line) for line in result.stdout.splitlines()]


def assert_one_line_a_second(lines: list[dict[str, str]]) -> None:
    full_seconds = [math.floor(float(line["seconds"])) for line in lines[:-1]]
    assert full_seconds == sorted(set(full_seconds))
    assert full_seconds[:1] == [0]
    assert len(full_seconds) >= 2
    assert float(lines[-1]["seconds"]) >= 2.5


def a_free_port() -> str:
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as udp:
        udp.bind(("::", 0))
        return str(udp.getsockname()[1])
