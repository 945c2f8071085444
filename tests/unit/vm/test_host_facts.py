"""The script that reads what a host has, run on this one, and the parser of its output."""

import socket
import subprocess
from pathlib import Path

import pytest

from tests.unit.vm.cases import FACTS
from tui.vm.model.host_facts import SCRIPT, HostFacts, HostFile, parse_facts


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    path = tmp_path / "a file  with spaces; $(x)"
    path.write_bytes(b"123")
    return path


def run(*paths: str) -> HostFacts:
    done = subprocess.run(["sh", "-c", SCRIPT, "sh", *paths], capture_output=True, text=True, timeout=60, check=True)
    return parse_facts(done.stdout)


def test_this_host_is_read(odd: Path) -> None:
    facts = run(str(odd), str(odd.parent), "/nowhere/at all")
    assert facts.mtus["lo"] > 0
    assert facts.cpus
    assert facts.available_bytes > 0
    assert (facts.files[str(odd)].kind, facts.files[str(odd)].size) == ("file", 3)
    assert facts.files[str(odd.parent)].kind == "folder"
    assert not facts.files["/nowhere/at all"].exists


def test_a_listening_port_is_found() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert server.getsockname()[1] in run().ports


def test_a_udp_port_that_a_program_receives_on_is_found() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        assert receiver.getsockname()[1] in run().udp_ports


def test_the_output_of_the_script_is_parsed() -> None:
    facts = parse_facts(FACTS.format(host=10))
    assert facts.bridges == ("br0", "virbr0")
    assert facts.mtus["eth0"] == 1500
    assert facts.addresses == {"127.0.0.1", "192.168.2.10", "fe80::1"}
    assert (facts.cpus, facts.nodes) == ({0, 1, 2, 3}, {0})
    assert (facts.available_bytes, facts.page_kib) == (16 << 30, 2048)
    assert facts.free_pages == {1048576: 0, 2048: 256}
    assert facts.ports == {5850, 22}
    assert facts.programs == {"swtpm"}
    assert facts.files["/dev/mapper/san-vm1"] == HostFile("block", 10 << 30, "", "wwn-0x5000c5")


@pytest.mark.parametrize(
    "line",
    [
        "net eth9",
        "net eth9 x card",
        "pages 1",
        "socket 0A zz",
        "datagram 01 11CB",
        "datagram 07",
        "socket",
        "file block",
        "",
    ],
)
def test_a_damaged_line_is_skipped(line: str) -> None:
    assert parse_facts(f"{line}\n") == HostFacts()
