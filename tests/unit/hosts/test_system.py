"""The system and the clock of a host, as the scripts print them on the supported systems."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tui.hosts.model.clock import Clock, measured, most_accurate
from tui.hosts.model.host import SYSTEM_SCRIPT, System, parse_system

MIB = 1 << 20
DEBIAN_13 = """hostname kvm-a
kernel 6.12.48+deb13-amd64
cpus 32
cpu_model AMD EPYC 9354P 32-Core Processor
os "Debian GNU/Linux 13 (trixie)"
memory_kib 263822864
memory_available_kib 259101232
address 192.0.2.10
address 2001:db8:2::10
address 192.168.122.1
ssh 192.0.2.5 50212 192.0.2.10 22
disk 473921032192 401253212160
"""
UBUNTU_2404 = """hostname kvm-b
kernel 6.8.0-51-generic
cpus 16
cpu_model Intel(R) Xeon(R) Gold 6338 CPU @ 2.00GHz
os "Ubuntu 24.04.1 LTS"
memory_kib 131890180
memory_available_kib 128001232
address 192.0.2.20
ssh 2001:db8::5 50212 2001:db8::20 2222
"""


@pytest.mark.parametrize(
    ("text", "system"),
    [
        (
            DEBIAN_13,
            System(
                "kvm-a", "Debian GNU/Linux 13 (trixie)", "6.12.48+deb13-amd64", 32,
                "AMD EPYC 9354P 32-Core Processor", 263822864 * 1024, 259101232 * 1024,
                ("192.0.2.10", "2001:db8:2::10", "192.168.122.1"), 473921032192, 401253212160,
                "192.0.2.5", "192.0.2.10",
            ),
        ),
        (
            UBUNTU_2404,
            System(
                "kvm-b", "Ubuntu 24.04.1 LTS", "6.8.0-51-generic", 16, "Intel(R) Xeon(R) Gold 6338 CPU @ 2.00GHz",
                131890180 * 1024, 128001232 * 1024, ("192.0.2.20",),
                reached_from="2001:db8::5", reached_at="2001:db8::20",
            ),
        ),
        ("ssh \ndisk \naddress\n", System(addresses=("",))),
        ("ssh 192.0.2.5\ndisk lots free\n", System()),
    ],
)  # fmt: skip
def test_a_system_is_parsed_from_the_output_of_its_script(text: str, system: System) -> None:
    assert parse_system(text) == system


def test_the_script_reads_the_space_of_a_folder_whose_name_needs_quoting(tmp_path: Path) -> None:
    folder = tmp_path / "vm images; $(id) 50%"
    folder.mkdir()
    done = subprocess.run(
        ["sh", "-c", SYSTEM_SCRIPT, "sh", str(folder)], capture_output=True, text=True, check=True, timeout=60
    )
    system = parse_system(done.stdout)
    assert system.disk_bytes == shutil.disk_usage(folder).total
    assert 0 < system.disk_free_bytes <= system.disk_bytes
    assert system.memory_bytes > 64 * MIB


def test_a_missing_folder_loses_no_other_fact() -> None:
    argv = ["sh", "-c", SYSTEM_SCRIPT, "sh", "/no/such/folder"]
    done = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=60)
    system = parse_system(done.stdout)
    assert system.disk_bytes == 0
    assert system.kernel


@pytest.mark.parametrize(
    ("sent_at", "reply", "received_at", "words"),
    [
        (100.0, "100.005\n", 100.01, "equal (±5.0 ms)"),
        (100.0, "103.005000000\n", 100.01, "3.0 s ahead (±5.0 ms)"),
        (100.0, "40.0\n", 100.2, "1 min 0 s behind (±100 ms)"),
        (100.0, "100.4\n", 101.0, "equal (±500 ms)"),
    ],
)
def test_the_error_of_a_clock_is_half_the_round_trip(
    sent_at: float, reply: str, received_at: float, words: str
) -> None:
    clock = measured(sent_at, reply, received_at)
    assert clock is not None
    assert clock.words == words


@pytest.mark.parametrize("reply", ["", "1700000000.%N", "Mon Nov 24"])
def test_a_date_without_fractions_is_no_measurement(reply: str) -> None:
    assert measured(1.0, reply, 2.0) is None


def test_the_smallest_round_trip_wins() -> None:
    assert most_accurate([None, Clock(3.0, 0.2), Clock(1.0, 0.01), Clock(0.0, 0.5)]) == Clock(1.0, 0.01)
    assert most_accurate([None]) is None


@pytest.mark.parametrize(
    ("clock", "off"),
    [(Clock(0.6, 0.05), True), (Clock(-0.6, 0.05), True), (Clock(0.6, 0.2), False), (Clock(0.1, 0.0), False)],
)
def test_a_clock_is_wrong_only_if_the_error_does_not_explain_it(clock: Clock, off: bool) -> None:
    assert clock.exceeds(0.5) is off


@pytest.mark.parametrize("reply", ["", "soon", "inf", "-inf", "nan", "1e999"])
def test_a_time_that_is_no_finite_number_is_no_clock(reply: str) -> None:
    assert measured(1.0, reply, 1.1) is None


def test_a_clock_that_is_absurdly_ahead_has_words() -> None:
    clock = measured(1.0, "1e300", 1.1)
    assert clock is not None
    assert clock.exceeds(1.0)
    assert len(clock.words) < 40
