"""The heartbeat in the guest: how it is started, found again and asked; workloads/heartbeat.c is the other side."""

import ipaddress
import struct
from dataclasses import dataclass

from tui.guest.model.workload import parse_values

PROGRAM = "heartbeat"
PLACE = "/heartbeat"  # in the guest's folder, beside the workload
BEAT_S = 0.01
IDLE_S = 3600  # after which it ends when nobody probes it: nothing of the app's stays in a guest for ever

DATAGRAM = struct.Struct("!8sQQQQQ16x")
ASKS, ANSWERS = b"VMLM-HB?", b"VMLM-HB!"
NEVER_NS = 2**64 - 1  # a moment after which nothing has happened

MOST_ADDRESSES = 4


@dataclass(frozen=True)
class HeartbeatSpec:
    """The heartbeat as it is to be started."""

    port: int
    name: str = PROGRAM
    program: str = PROGRAM

    @property
    def options(self) -> tuple[str, ...]:
        return ("--port", str(self.port), "--idle", str(IDLE_S))


@dataclass(frozen=True)
class HeartbeatStatus:
    """The heartbeat in the guest; `port` is 0 before it has said which, `said` is its last word where it ended."""

    running: bool = False
    port: int = 0
    said: str = ""


@dataclass(frozen=True)
class Answer:
    """One reply, in ns of the guest's CLOCK_MONOTONIC; `gap_ns` is the longest between two beats since the moment that
    the probe named, `gap_ended_ns` when it ended (both 0: none)."""

    number: int
    now_ns: int
    beats: int
    gap_ns: int
    gap_ended_ns: int


def probe(number: int, since_ns: int) -> bytes:
    """The datagram that asks for the longest gap since a moment of the guest's clock."""
    return DATAGRAM.pack(ASKS, number, since_ns, 0, 0, 0)


def parse_answer(datagram: bytes) -> Answer | None:
    """What a datagram answers, None where it is no reply."""
    if len(datagram) != DATAGRAM.size:
        return None
    what, *numbers = DATAGRAM.unpack(datagram)
    return Answer(*numbers) if what == ANSWERS else None


def parse_heartbeat(text: str) -> HeartbeatStatus:
    """What the status script of backend.guest printed of the heartbeat's place."""
    facts = dict(line.partition(" ")[::2] for line in text.splitlines() if not line.startswith("line "))
    lines = [line.removeprefix("line ") for line in text.splitlines() if line.startswith("line ")]
    ports = [values["port"] for values in map(parse_values, lines) if "port" in values]
    port = int(ports[-1]) if ports and ports[-1].isascii() and ports[-1].isdigit() else 0
    running = "running" in facts or "starting" in facts
    return HeartbeatStatus(running, port if 0 < port < 65536 else 0, lines[-1] if lines and not running else "")


def parse_addresses(text: str) -> tuple[str, ...]:
    """The addresses, a word each, at which another machine may reach the guest that printed them."""
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
