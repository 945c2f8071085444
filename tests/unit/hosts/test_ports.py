"""The listener and the connector run against each other, and their parsers."""

import socket
import subprocess
from collections.abc import Iterator

import pytest

from tui.hosts.model.ports import (
    CONNECTOR,
    LISTENER,
    OPEN,
    READY,
    REFUSED,
    SILENT,
    Tried,
    parse_connector,
    parse_listener,
    ranges,
)
from tui.linux import perl

TOKEN = "the-end"


@pytest.fixture
def ports() -> tuple[int, int]:
    """Four consecutive ports that are not in use."""
    for first in range(40000, 60000, 50):
        taken = False
        for port in range(first, first + 4):
            with socket.socket() as probe:
                try:
                    probe.bind(("", port))
                except OSError:
                    taken = True
        if not taken:
            return first, first + 3
    raise AssertionError("no free ports")


@pytest.fixture
def listener(ports: tuple[int, int]) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The running listener and its output."""
    argv = perl.argv(LISTENER, *map(str, ports), "60", TOKEN)
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        output = ""
        while READY not in output and (line := process.stdout.readline()):
            output += line
        yield process, output
        process.kill()


def connected(address: str, ports: tuple[int, ...], limit_s: int = 5) -> tuple[tuple[int, str], ...]:
    words = [address, str(limit_s), TOKEN, *map(str, ports)]
    done = subprocess.run(perl.argv(CONNECTOR, *words), capture_output=True, text=True, check=True, timeout=60)
    return parse_connector(done.stdout)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_ports_of_the_listener_are_open_and_the_token_ends_it(
    address: str, ports: tuple[int, int], listener: tuple[subprocess.Popen[str], str]
) -> None:
    process, output = listener
    all_four = tuple(range(ports[0], ports[1] + 1))
    assert parse_listener(output) == (all_four, ())
    assert connected(address, (*all_four, ports[1] + 1)) == (
        *((port, OPEN) for port in all_four),
        (ports[1] + 1, REFUSED),
    )
    assert process.wait(30) == 0


def test_a_port_in_use_is_reported_and_left_alone(ports: tuple[int, int]) -> None:
    with socket.socket() as other:
        other.bind(("0.0.0.0", ports[0] + 1))  # noqa: S104
        other.listen()
        argv = perl.argv(LISTENER, *map(str, ports), "1", TOKEN)
        done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)
    listening, in_use = parse_listener(done.stdout)
    assert in_use == (ports[0] + 1,)
    assert listening == (ports[0], ports[0] + 2, ports[0] + 3)


def test_a_host_that_accepts_no_connection_is_silent_after_the_limit() -> None:
    with socket.socket() as full:  # its accept queue is full, so the kernel drops new connections
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        fillers = [socket.socket() for _ in range(4)]
        for each in fillers:
            each.setblocking(False)
            each.connect_ex(address)
        assert connected("127.0.0.1", (address[1],), limit_s=1) == ((address[1], SILENT),)
        for each in fillers:
            each.close()


def test_other_errors_of_the_system_are_kept() -> None:
    assert parse_connector("49153 No route to host\n49152 open\nnonsense\n") == (
        (49152, OPEN),
        (49153, "No route to host"),
    )


def test_invalid_lines_are_ignored() -> None:
    assert parse_listener("\nlistening\nlistening x\nlistening ²\nlistening 5\nin_use 6\nready\n") == ((5,), (6,))
    assert parse_connector("\n² open\n5 open\n") == ((5, OPEN),)


def test_closed_ports_are_grouped_by_outcome() -> None:
    tried = Tried("192.0.2.2", ((1, OPEN), (2, SILENT), (3, REFUSED), (4, SILENT)))
    assert tried.closed == {SILENT: (2, 4), REFUSED: (3,)}


@pytest.mark.parametrize(
    ("ports", "text"),
    [((), ""), ((5,), "5"), ((5, 6), "5-6"), ((9, 5, 6, 7), "5-7, 9"), (range(49152, 49216), "49152-49215")],
)
def test_ports_are_written_as_ranges(ports: tuple[int, ...], text: str) -> None:
    assert ranges(ports) == text


@pytest.mark.parametrize("port", ["\u00b2", "\u0663", "9" * 5000, "-1", "x", ""])
def test_a_port_that_is_no_number_is_skipped(port: str) -> None:
    assert parse_connector(f"{port} open\n49153 open\n") == ((49153, OPEN),)
    assert parse_listener(f"in_use {port}\nlistening {port}\nin_use 2\n") == ((), (2,))
