"""The heartbeat program in the guest: its options, status and UDP datagrams; see workloads/heartbeat.c."""

import ipaddress
import struct
from dataclasses import dataclass

from tui.core.quantity import whole
from tui.guest.model.workload import parse_values

PROGRAM = "heartbeat"
SUBFOLDER = "/heartbeat"  # of the app's folder in the guest; the workload uses the folder itself
BEAT_S = 0.01
IDLE_S = 3600  # it exits after this time without a probe, so nothing of the app stays in a guest for ever

DATAGRAM = struct.Struct("!8sQQQQQ16x")
PROBE, REPLY = b"VMLM-HB?", b"VMLM-HB!"
NEVER_NS = 2**64 - 1  # a time so late that no gap is reported

MOST_ADDRESSES = 4


@dataclass(frozen=True)
class HeartbeatSpec:
    """How to start the heartbeat; the UDP port to listen on."""

    port: int
    name: str = PROGRAM
    program: str = PROGRAM

    @property
    def options(self) -> tuple[str, ...]:
        """The command-line options of the program."""
        return ("--port", str(self.port), "--idle", str(IDLE_S))


@dataclass(frozen=True)
class HeartbeatStatus:
    """The heartbeat in the guest; `port` is 0 until it prints one, `output` is its last line once it has ended."""

    running: bool = False
    port: int = 0
    output: str = ""


@dataclass(frozen=True)
class HeartbeatReply:
    """One reply, in ns of the guest's CLOCK_MONOTONIC; `number` is that of the probe.

    `gap_ns` is the longest gap between two beats since the probe's `since_ns`, `gap_ended_ns` its end; 0: no gap.
    """

    number: int
    now_ns: int
    beats: int
    gap_ns: int
    gap_ended_ns: int


def probe(number: int, since_ns: int) -> bytes:
    """A datagram that requests the longest gap since a time of the guest's clock."""
    return DATAGRAM.pack(PROBE, number, since_ns, 0, 0, 0)


def parse_reply(datagram: bytes) -> HeartbeatReply | None:
    """The reply in a datagram, None if it is not one."""
    if len(datagram) != DATAGRAM.size:
        return None
    what, *numbers = DATAGRAM.unpack(datagram)
    return HeartbeatReply(*numbers) if what == REPLY else None


def parse_heartbeat(text: str) -> HeartbeatStatus:
    """Parses the output of backend.guest's status script in the heartbeat's folder."""
    facts = dict(line.partition(" ")[::2] for line in text.splitlines() if not line.startswith("line "))
    lines = [line.removeprefix("line ") for line in text.splitlines() if line.startswith("line ")]
    ports = [values["port"] for values in map(parse_values, lines) if "port" in values]
    port = whole(ports[-1]) or 0 if ports else 0
    running = "running" in facts or "starting" in facts
    return HeartbeatStatus(running, port if 0 < port < 65536 else 0, lines[-1] if lines and not running else "")


def parse_addresses(text: str) -> tuple[str, ...]:
    """Those of the guest's addresses, separated by spaces, that another machine may reach; at most MOST_ADDRESSES."""
    found: list[str] = []
    for word in text.split():
        try:
            address = ipaddress.ip_address(word.partition("/")[0].partition("%")[0])
        except ValueError:
            continue
        hidden = address.is_loopback or address.is_link_local or address.is_multicast or address.is_unspecified
        if not hidden and str(address) not in found:
            found.append(str(address))
    return tuple(found[:MOST_ADDRESSES])
