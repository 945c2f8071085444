"""The configuration: reading, writing, and problems as sentences with file, table, key and expected value."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.app.configurations import MINIMAL, read
from tui.app.config import load
from tui.core import schema, settings
from tui.core.settings import Config

EXAMPLE = Path(__file__).parents[3] / "config.example.toml"


def test_four_keys_are_required(path: Path) -> None:
    found = read(path, MINIMAL)
    assert [(host.name, host.ssh) for host in found.machines] == [
        ("source", "root@a"),
        ("destination", "root@b"),
        ("storage", "root@c"),
    ]
    assert found.vm.name == "guest1"


def test_the_example_has_the_values_of_the_original_experiment() -> None:
    found = load(EXAMPLE)
    assert (found.vm.vcpus, found.vm.memory_bytes) == (16, 8 << 30)
    assert found.storage.export == "/var/lib/libvirt-img/images"
    assert (found.workload.cpu.threads, found.workload.memory.threads) == (16, 14)
    assert found.workload.memory.size_bytes == 512 << 20
    assert (found.migration.timeout_s, found.sampling.interval_s) == (25.0, 1.0)


def test_the_example_shows_the_defaults(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    example = load(EXAMPLE)
    assert example == Config(example.hosts, settings.VmConfig("ubuntu22.04", ssh=example.vm.ssh))


def every_key(table: type, name: str = "") -> Iterator[tuple[str, str]]:
    for key in schema.keys(table):
        if key.kind is None:
            yield from every_key(key.type, f"{name}.{key.name}".lstrip("."))
        else:
            yield name, key.name


@pytest.mark.parametrize(("table", "key"), list(every_key(Config)))
def test_the_example_mentions_every_key(table: str, key: str) -> None:
    if not table:  # a table of texts by any name
        assert re.search(rf"^# \[{key}\]", EXAMPLE.read_text(), re.MULTILINE)
        return
    section = EXAMPLE.read_text().split(f"\n[{table}]", 1)[1].split("\n[", 1)[0]
    assert re.search(rf"^(# )?{key} = ", section, re.MULTILINE)


def test_the_example_is_valid_with_its_commented_keys(path: Path) -> None:
    text = re.sub(r"^# (libvirt|peer) = ", r"\1 = ", EXAMPLE.read_text(), flags=re.MULTILINE)
    assert text != EXAMPLE.read_text()
    assert read(path, text) == load(EXAMPLE)


@pytest.mark.parametrize(
    ("keys", "libvirt", "peer"),
    [
        ("", "qemu:///system", "qemu+ssh://root@a/system?no_tty=1"),
        ('peer = "qemu+tls://a/system"', "qemu:///system", "qemu+tls://a/system"),
        ('libvirt = "qemu+ssh://a/system"', "qemu+ssh://a/system?no_tty=1", "qemu+ssh://a/system?no_tty=1"),
        (
            'libvirt = "qemu+ssh://a/system?no_tty=0&keyfile=/k"',
            "qemu+ssh://a/system?keyfile=/k&no_tty=1",
            "qemu+ssh://a/system?keyfile=/k&no_tty=1",
        ),
    ],
)
def test_the_source_is_local_for_the_app_and_remote_for_its_peer(
    path: Path, keys: str, libvirt: str, peer: str
) -> None:
    source = read(path, MINIMAL.replace('ssh = "root@a"', f'ssh = "root@a"\n{keys}')).hosts["source"]
    assert (source.libvirt, source.peer_uri) == (libvirt, peer)


def test_the_destination_is_reached_over_ssh_without_prompts(path: Path) -> None:
    destination = read(path, MINIMAL).hosts["destination"]
    assert destination.libvirt == destination.peer_uri == "qemu+ssh://root@b/system?no_tty=1"


def test_the_defaults_of_the_migrate_page_become_a_plan(path: Path) -> None:
    plan = read(path, f'{MINIMAL}[migration]\ntimeout = "2 min"\nbandwidth = "1 Gbit/s"').migration.plan("guest1")
    assert (plan.vm, plan.timeout_s, plan.bandwidth_mib_s, plan.downtime_ms) == ("guest1", 120.0, 119, 300)


def test_a_byte_order_mark_is_accepted(path: Path) -> None:
    path.write_bytes(b"\xef\xbb\xbf" + MINIMAL.encode())
    assert load(path).vm.name == "guest1"


def test_a_folder_that_begins_with_two_slashes_is_that_of_one(path: Path) -> None:
    assert read(path, f'{MINIMAL}[storage]\nexport = "//srv/images"').storage.export == "/srv/images"
