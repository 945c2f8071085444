"""The heartbeat's datagrams, and its status parsed from the output of the guest."""

import struct

import pytest

from tui.guest.model.heartbeat import (
    NEVER_NS,
    HeartbeatReply,
    HeartbeatSpec,
    HeartbeatStatus,
    parse_addresses,
    parse_heartbeat,
    parse_reply,
    probe,
)

LINE = (
    "seconds=3.000 state=beating port=4711 priority=normal beats=300 longest_gap_ms=10.4 longest_gap_at=1.210 probes=2"
)
WHAT = "name heartbeat\noptions --port 4711 --idle 3600\n"


def test_a_probe_and_its_reply_have_the_same_length() -> None:
    assert len(probe(1, 2)) == 64
    assert probe(1, NEVER_NS)[:24] == b"VMLM-HB?" + struct.pack("!QQ", 1, 2**64 - 1)
    reply = b"VMLM-HB!" + struct.pack("!5Q", 1, 20, 3, 40, 5) + bytes(16)
    assert parse_reply(reply) == HeartbeatReply(1, 20, 3, 40, 5)


@pytest.mark.parametrize("datagram", [b"", b"VMLM-HB!", bytes(64), probe(1, 2), b"VMLM-HB!" + bytes(57)])
def test_any_other_datagram_is_ignored(datagram: bytes) -> None:
    assert parse_reply(datagram) is None


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
def test_the_status_is_parsed_from_the_status_script(text: str, status: HeartbeatStatus) -> None:
    assert parse_heartbeat(text) == status


def test_it_is_started_with_its_port_and_an_idle_limit() -> None:
    assert HeartbeatSpec(4711).options == ("--port", "4711", "--idle", "3600")


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        ("", ()),
        ("10.77.0.10\n127.0.0.1/8 10.77.0.10/24 fe80::1/64 2001:db8::5/64", ("10.77.0.10", "2001:db8::5")),
        ("0.0.0.0 :: ::1 224.0.0.1 169.254.1.1 ff02::1%eth0", ()),  # none is reachable from another machine
        ("guest1 10.0.0.300 ; rm -rf / $(id)", ()),
        ("10.0.0.1 10.0.0.2 10.0.0.3 10.0.0.4 10.0.0.5", ("10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4")),
    ],
)
def test_only_addresses_that_another_machine_can_reach_are_kept(text: str, addresses: tuple[str, ...]) -> None:
    assert parse_addresses(text) == addresses
