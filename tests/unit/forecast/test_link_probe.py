"""The probe of a link: its two Perl programs against each other, on loopback."""

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.fake_hosts import FakeHosts, FakeShell, guest1
from tests.unit.forecast.test_forecaster import no_wait
from tui.adapters.local import LocalShell
from tui.core.command import Completed
from tui.core.connections import Connections
from tui.core.failure import Failure
from tui.core.plan import Plan
from tui.core.quantity import MIB
from tui.forecast.backend.forecaster import Forecaster
from tui.forecast.backend.link_probe import probe
from tui.forecast.model.dirty_curve import WINDOWS_S
from tui.forecast.model.link import PROBE
from tui.forecast.model.link_probe import READY, RECEIVER, SENDER, parse_moved, parse_port
from tui.linux import perl

TOKEN = "0123456789abcdef"
PORTS = (47100, 47180)


@contextmanager
def receiving(first: int, last: int) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A receiver and its port."""
    argv = perl.argv(RECEIVER, str(first), str(last), "60", "0.05", TOKEN)
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            port = parse_port(process.stdout.readline())
            assert port is not None
            assert process.stdout.readline() == f"{READY}\n"
            yield process, port
        finally:
            process.kill()


def sent(port: int, *names: str) -> "subprocess.CompletedProcess[str]":
    argv = perl.argv(SENDER, str(port), "0.4", TOKEN, *names)
    return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "localhost"])
def test_what_arrives_is_counted(address: str) -> None:
    with receiving(*PORTS) as (process, port):
        assert sent(port, address).stdout.startswith("sent to ")
        rate = parse_moved(process.communicate(timeout=60)[0])
    assert rate is not None
    assert rate > MIB


def test_the_first_free_port_is_used_and_a_stranger_does_not_end_the_probe() -> None:
    with receiving(*PORTS) as (process, port), receiving(port, PORTS[1]) as (_other, next_port):
        assert next_port > port
        with socket.create_connection(("127.0.0.1", port)) as stranger:
            stranger.sendall(b"GET / HTTP/1.0\r\n\r\n")
            assert sent(port, "127.0.0.1").returncode == 0
        assert parse_moved(process.communicate(timeout=60)[0])


def test_a_receiver_ends_when_nobody_reads_it_any_more() -> None:
    """So does that of a cancelled probe: its session is closed, and no sender comes."""
    with receiving(*PORTS) as (process, _port):
        assert process.stdout
        assert process.stdout.readline() == "waiting\n"
        process.stdout.close()
        assert process.wait(timeout=30) != 0  # it would live for 60 s


def test_ports_that_are_all_in_use_are_reported() -> None:
    with receiving(*PORTS) as (_process, port):
        argv = perl.argv(RECEIVER, str(port), str(port), "60", "0.05", TOKEN)
        done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode != 0, done.stderr) == (True, f"all ports from {port} to {port} are in use\n")


def test_the_next_name_is_tried_after_one_that_does_not_lead_there() -> None:
    with receiving(*PORTS) as (process, port):
        assert sent(port, "no-such-host.invalid", "127.0.0.1").returncode == 0
        assert parse_moved(process.communicate(timeout=60)[0])


def test_a_closed_port_is_named_with_its_reason() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        done = sent(port, "127.0.0.1")
    assert (done.returncode != 0, done.stderr) == (True, f"127.0.0.1 port {port}: Connection refused\n")


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("listening 5\nready\nmoved 1000 0.5\n", 2000.0),
        ("moved 1000 0\n", None),
        ("moved 0 0.9\n", None),
        ("moved 1000 0.1\n", None),  # too short to be a bandwidth
        ("moved x 0.9\nmoved\n", None),
        ("", None),
    ],
)
def test_the_output_of_the_receiver(text: str, rate: float | None) -> None:
    assert parse_moved(text) == rate


@pytest.fixture
def world() -> FakeHosts:
    world = FakeHosts()
    world.destination.hostname = "localhost"
    return world


def here(world: FakeHosts) -> Connections:
    """Both hosts are this machine."""
    return Connections(world.config, world.open_hypervisor, lambda _address: LocalShell())


async def test_a_probe_between_two_hosts_is_the_bandwidth_of_the_next_forecast(
    world: FakeHosts, tmp_path: Path
) -> None:
    vm = guest1("running")
    world.source.known, world.source.dirtied = {"guest1": vm}, dict.fromkeys(WINDOWS_S, MIB)
    forecaster = Forecaster(here(world), tmp_path, sleep=no_wait)
    moved = await forecaster.probe("source", "destination")
    assert moved > MIB
    found = await forecaster.inputs(vm, "source", "destination", Plan("guest1"), lambda _: None)
    assert (found.bandwidth.high, found.bandwidth_source) == (moved, PROBE)


async def test_a_host_without_perl_is_named(world: FakeHosts) -> None:
    world.shells["root@destination"].answers = {"perl": Completed(127, "", "sh: perl: not found\n")}
    with pytest.raises(Failure, match="Perl is not installed on destination"):
        await probe(world.connections, "source", "destination")


class Listening(FakeShell):
    """A target whose receiver listens, and receives nothing."""

    async def run(self, argv: Any, *, on_output: Any = None, **_: Any) -> Completed:
        if on_output is None:
            return Completed(0, "", "")
        on_output("listening 49152\nready\n")
        return Completed(0, "listening 49152\nready\n", "")


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (Completed(110, "", "beta port 49152: Connection timed out\n"), "beta port 49152: Connection timed out"),
        (Completed(127, "", ""), "Perl is not installed on source"),
        ("sent to 192.0.2.2\n", "too little arrived within a second"),
    ],
)
async def test_a_probe_that_does_not_arrive_has_a_reason(world: FakeHosts, answer: Any, why: str) -> None:
    world.shells["root@destination"] = Listening()
    world.shells[""].answers = {"perl": answer}
    with pytest.raises(Failure, match=why):
        await probe(world.connections, "source", "destination")
