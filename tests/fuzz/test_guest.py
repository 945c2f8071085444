"""Output from a guest: its workload, heartbeat, agent, addresses and cloud-init."""

import contextlib
import json

from tests.fuzz.inputs import files, json_lines, reads, texts
from tests.unit.guest.test_cloud_init import FAILED
from tests.unit.guest.test_rate import CPU, MEMORY
from tests.unit.launch.launch_world import DONE, GONE, ODD, REFUSED, RUNNING
from tests.unit.launch.test_workload_values import STARTING, WRONG
from tui.core.failure import Failure
from tui.guest.model import agent
from tui.guest.model.cloud_init import parse_cloud_init
from tui.guest.model.heartbeat import parse_addresses, parse_heartbeat, parse_reply, probe
from tui.guest.model.rate import parse_newest_output, rate_of
from tui.guest.model.udp_probe import ProbeAnswers
from tui.guest.model.workload import kill_failed, live_line, number_of, parse_status
from tui.migration.model import entry

STATUSES = (RUNNING, DONE, GONE, REFUSED, STARTING, WRONG, f"name {ODD}\nended 1\nline first\nline [b]no[/b]\n")
REPLIES = (
    {"return": {"pid": 812}},
    {"return": 1000},
    {"return": {"count": 4096, "eof": False}},
    {"return": {"exited": True, "exitcode": 0, "out-data": "Z3Vlc3QxCg==", "err-data": ""}},
    {"return": {"exited": True, "signal": 9}},
)


def test_the_damaged_status_of_a_workload_is_read_and_shown() -> None:
    def read(text: str) -> None:
        status = parse_status(text)
        assert "\n" not in live_line(status)
        assert "\n" not in status.error
        json.dumps(status.parameters)
        kill_failed(status, "guest1", 3)

    reads(texts(*STATUSES), read)


def test_the_damaged_newest_lines_of_a_workload_are_read() -> None:
    def read(text: str) -> None:
        output = parse_newest_output(text)
        output.after("line")
        rate_of(output.values)
        number_of(output.values, "seconds")

    reads(texts(f"name memory\nline {MEMORY}\nline {MEMORY}\n", f"name cpu\nline {CPU}\n"), read)


def test_the_damaged_status_of_the_heartbeat_is_read() -> None:
    def read(text: str) -> None:
        assert 0 <= parse_heartbeat(text).port < 65536

    reads(texts("name heartbeat\nrunning 9\nline port=48613\n", "name heartbeat\nended 1\nline error=bind\n"), read)


def test_a_damaged_datagram_is_counted_or_ignored() -> None:
    def read(datagram: bytes) -> None:
        answers = ProbeAnswers()
        answers.send(1.0)
        reply = parse_reply(datagram)
        if reply is not None:
            answers.add(reply, 1.01)
            answers.switch_over()

    sent = probe(1, 10**9).replace(b"?", b"!")
    reads(
        files(sent.decode("latin-1")).map(lambda data: data.decode(errors="replace").encode("latin-1", "replace")), read
    )


def reply(text: str) -> None:
    for read in (agent.pid, agent.handle, agent.written, agent.completed):
        with contextlib.suppress(Failure):
            read(text)


def test_a_damaged_reply_of_the_agent_is_read_or_refused() -> None:
    reads(texts(*map(json.dumps, REPLIES)), reply)


def test_odd_values_in_a_reply_of_the_agent_are_read_or_refused() -> None:
    reads(json_lines(*([each] for each in REPLIES)), reply)


def test_damaged_addresses_of_a_guest_are_ignored() -> None:
    reads(texts("192.0.2.7/24 fe80::1%eth0/64 2001:db8::7/64 127.0.0.1/8\n"), parse_addresses)


def test_the_damaged_result_of_cloud_init_is_read() -> None:
    reads(texts("running\n", FAILED), parse_cloud_init)


def test_the_odd_result_of_cloud_init_is_read() -> None:
    reads(json_lines([json.loads(FAILED)]), lambda text: parse_cloud_init(text.strip()))


ENTRIES = [each for each in vars(entry).values() if isinstance(each, entry.Entry)]


def test_what_a_person_types_is_a_number_or_refused() -> None:
    # the forms catch the ValueError and show it
    def read(text: str) -> None:
        for each in ENTRIES:
            with contextlib.suppress(ValueError):
                value = each.read_whole(text) if each.whole else each.read(text)
                assert each.least <= value <= each.most

    reads(texts("300", "1.5 s", "2 min 5 s", "100 MiB/s", "8 GiB"), read)
