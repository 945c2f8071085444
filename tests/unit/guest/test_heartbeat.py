"""The heartbeat as the app speaks to it: datagrams, and what it finds of it in a guest."""

import struct

import pytest

from tui.guest.model.heartbeat import (
    NEVER_NS,
    Answer,
    HeartbeatSpec,
    HeartbeatStatus,
    parse_addresses,
    parse_answer,
    parse_heartbeat,
    probe,
)

LINE = (
    "seconds=3.000 state=beating port=4711 priority=normal beats=300 longest_gap_ms=10.4 longest_gap_at=1.210 probes=2"
)
WHAT = "name heartbeat\noptions --port 4711 --idle 3600\n"


def test_a_probe_and_its_answer_are_as_long_as_each_other() -> None:
    assert len(probe(1, 2)) == 64
    assert probe(1, NEVER_NS)[:24] == b"VMLM-HB?" + struct.pack("!QQ", 1, 2**64 - 1)
    answer = b"VMLM-HB!" + struct.pack("!5Q", 1, 20, 3, 40, 5) + bytes(16)
    assert parse_answer(answer) == Answer(1, 20, 3, 40, 5)


@pytest.mark.parametrize("datagram", [b"", b"VMLM-HB!", bytes(64), probe(1, 2), b"VMLM-HB!" + bytes(57)])
def test_what_is_no_answer_is_none(datagram: bytes) -> None:
    assert parse_answer(datagram) is None


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("", HeartbeatStatus()),
        (f"{WHAT}running 12\nline {LINE}\n", HeartbeatStatus(True, 4711)),
        (f"{WHAT}starting\n", HeartbeatStatus(True)),
        (f"{WHAT}gone\nline {LINE}\n", HeartbeatStatus(False, 4711, LINE)),
        (
            f"{WHAT}ended 2\nline heartbeat: UDP port 4711 cannot be had.\n",
            HeartbeatStatus(False, 0, "heartbeat: UDP port 4711 cannot be had."),
        ),
        (f"{WHAT}running 12\nline port=99999\n", HeartbeatStatus(True)),
        (f"{WHAT}running 12\nline port=x\n", HeartbeatStatus(True)),
    ],
)
def test_it_is_found_as_the_status_script_tells_it(text: str, status: HeartbeatStatus) -> None:
    assert parse_heartbeat(text) == status


def test_it_is_started_on_its_port_and_ends_by_itself() -> None:
    assert HeartbeatSpec(4711).options == ("--port", "4711", "--idle", "3600")


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        ("", ()),
        ("10.77.0.10\n127.0.0.1/8 10.77.0.10/24 fe80::1/64 2001:db8::5/64", ("10.77.0.10", "2001:db8::5")),
        ("0.0.0.0 :: ::1 224.0.0.1 169.254.1.1 ff02::1%eth0", ()),  # no guest can be reached there
        ("guest1 10.0.0.300 ; rm -rf / $(id)", ()),
        ("10.0.0.1 10.0.0.2 10.0.0.3 10.0.0.4 10.0.0.5", ("10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4")),
    ],
)
def test_only_what_another_machine_can_reach_is_an_address(text: str, addresses: tuple[str, ...]) -> None:
    assert parse_addresses(text) == addresses
