"""Every mistake in config.toml is one sentence."""

import os
from pathlib import Path

import pytest

from tests.unit.app.configurations import HOSTS, MINIMAL, read
from tui.app.config import MAX_BYTES, Misconfigured, Missing, find, load
from tui.core.failure import Failure

SSH_EXPECTED = 'is not an ssh target such as "root@192.0.2.10" or "user@host:2222".'


COMMAND_EXPECTED = 'is not a command line as a list of words, such as ["stress-ng", "--vm", "2"].'


RATE_EXPECTED = 'is not a rate with its unit, from "1 MiB/s" to "1000000 MiB/s", or "0 MiB/s" for no limit.'


def put(table: str, line: str) -> str:
    """The minimal configuration with one line added or replaced in a table."""
    key = line.partition("=")[0].strip()
    lines = [] if f"[{table}]" in MINIMAL else [f"[{table}]", line]
    for each in MINIMAL.splitlines():
        inside = lines and next((old for old in reversed(lines) if old.startswith("[")), "") == f"[{table}]"
        if not (inside and each.partition("=")[0].strip() == key):
            lines.append(each)
        if each == f"[{table}]":
            lines.append(line)
    return "\n".join(lines)


WRONG = [
    ("vm", "vcpus = 0", "[vm] vcpus: 0 is not a whole number from 1 to 4096."),
    ("vm", "vcpus = 5000", "[vm] vcpus: 5000 is not a whole number from 1 to 4096."),
    ("vm", "vcpus = 1.5", "[vm] vcpus: 1.5 is not a whole number from 1 to 4096."),
    ("vm", "vcpus = true", "[vm] vcpus: true is not a whole number from 1 to 4096."),
    ("vm", 'vcpus = "16"', '[vm] vcpus: "16" is not a whole number from 1 to 4096. Write it without quotes.'),
    ("vm", "vcpus = [1]", "[vm] vcpus: a list is not a whole number from 1 to 4096."),
    ("vm", "vcpus = {}", "[vm] vcpus: a table is not a whole number from 1 to 4096."),
    (
        "vm",
        "vcpus = 99999999999999999999",
        "[vm] vcpus: a number out of range is not a whole number from 1 to 4096.",
    ),
    (
        "vm",
        "memory = 8192",
        '[vm] memory: 8192 is not a size with its unit, from "16 MiB" to "64 TiB". Write it in quotes, with its unit.',
    ),
    ("vm", 'memory = "8 G"', '[vm] memory: "8 G" is not a size with its unit, from "16 MiB" to "64 TiB".'),
    ("vm", 'memory = "-8 GiB"', '[vm] memory: "-8 GiB" is not a size with its unit, from "16 MiB" to "64 TiB".'),
    ("vm", 'memory = "1 KiB"', '[vm] memory: "1 KiB" is not a size with its unit, from "16 MiB" to "64 TiB".'),
    ("vm", "memory = 0", '[vm] memory: 0 is not a size with its unit, from "16 MiB" to "64 TiB".'),
    (
        "vm",
        "memory = 2026-11-23",
        '[vm] memory: 2026-11-23 is not a size with its unit, from "16 MiB" to "64 TiB".',
    ),
    ("vm", 'name = ""', '[vm] name: "" is not the name libvirt has for the VM, such as "ubuntu22.04".'),
    ("vm", 'name = "a/b"', '[vm] name: "a/b" is not the name libvirt has for the VM, such as "ubuntu22.04".'),
    ("vm", r'name = "a\u001b[2J"', '[vm] name: "a?[2J" is not the name libvirt has for the VM, such as "ubuntu22.04".'),
    ("vm", "name = 22", '[vm] name: 22 is not the name libvirt has for the VM, such as "ubuntu22.04".'),
    ("vm", 'ssh = "-oProxyCommand=x"', f'[vm] ssh: "-oProxyCommand=x" {SSH_EXPECTED}'),
    ("vm", 'ssh = "root@guest:70000"', f'[vm] ssh: "root@guest:70000" {SSH_EXPECTED}'),
    ("vm", "cpus = 4", "[vm] cpus: there is no such key. Did you mean vcpus?"),
    (
        "vm",
        "colour = 4",
        "[vm] colour: there is no such key. Expected: name, vcpus, memory, ssh, reach, heartbeat_port.",
    ),
    ("hosts.source", 'ssh = "root@a b"', f'[hosts.source] ssh: "root@a b" {SSH_EXPECTED}'),
    (
        "hosts.source",
        'ssh = "root@localhost"',
        '[hosts.source] ssh: the other hosts reach the source by "root@localhost", which would lead them to'
        " themselves. A name or address that they can resolve is expected.",
    ),
    (
        "hosts.destination",
        'migration_address = "127.0.0.1"',
        '[hosts.destination] migration_address: "127.0.0.1" is not an address or a name of that host, such as'
        ' "10.20.0.3", without a port, and not of the local host.',
    ),
    (
        "hosts.destination",
        'ssh = "other@A"',
        '[hosts.destination] ssh: "other@A" is the source as well, and a VM cannot move to its own host.'
        " An ssh target of another host is expected.",
    ),
    (
        "hosts.source",
        'ssh = "root@[::1]:2222"',
        '[hosts.source] ssh: the other hosts reach the source by "root@[::1]:2222", which would lead them to'
        " themselves. A name or address that they can resolve is expected.",
    ),
    (
        "hosts.destination",
        'ssh = "other@A:22"',
        '[hosts.destination] ssh: "other@A:22" is the source as well, and a VM cannot move to its own host.'
        " An ssh target of another host is expected.",
    ),
    (
        "hosts.destination",
        'libvirt = "qemu+ssh://root@b:99999/system"',
        '[hosts.destination] libvirt: "qemu+ssh://root@b:99999/system" is not a libvirt URI such as "qemu:///system" or'
        ' "qemu+ssh://root@192.0.2.10/system".',
    ),
    (
        "hosts.destination",
        'libvirt = "b"',
        '[hosts.destination] libvirt: "b" is not a libvirt URI such as "qemu:///system" or'
        ' "qemu+ssh://root@192.0.2.10/system".',
    ),
    ("hosts.spare", 'shh = "d"', "[hosts.spare] shh: there is no such key. Did you mean ssh?"),
    ("storage", 'host = "nas"', "[storage] host: there is no table [hosts.nas]. The hosts are source, destination"),
    ('hosts."a b"', 'ssh = "d"', '[hosts.a b]: "a b" is not a name for a host: up to 40 of the letters a to z, digits'),
    ('hosts."a/b"', 'ssh = "d"', '[hosts.a/b]: "a/b" is not a name for a host: up to 40 of the letters a to z, digits'),
    ('hosts."a.b"', 'ssh = "d"', '[hosts.a.b]: "a.b" is not a name for a host: up to 40 of the letters a to z, digits'),
    (f"hosts.{'x' * 41}", 'ssh = "d"', f'[hosts.{"x" * 41}]: "{"x" * 41}" is not a name for a host'),
    ("hosts.spare", 'ssh = "root@b"', '[hosts.destination] ssh: "root@b" is spare as well, and a VM cannot'),
    (
        "storage",
        'images = "images"',
        '[storage] images: "images" is not an absolute path below "/", without "..".',
    ),
    ("storage", 'export = "/a/../b"', '[storage] export: "/a/../b" is not an absolute path below "/", without "..".'),
    ("storage", 'export = "/"', '[storage] export: "/" is not an absolute path below "/", without "..".'),
    ("workload.cpu", "thread = 2", "[workload.cpu] thread: there is no such key. Did you mean threads?"),
    (
        "workload.memory",
        "rate = 100",
        f"[workload.memory] rate: 100 {RATE_EXPECTED} Write it in quotes, with its unit.",
    ),
    ("workload.memory", 'rate = "100 kbit/s"', f'[workload.memory] rate: "100 kbit/s" {RATE_EXPECTED}'),
    ("workload.memry", "threads = 1", "[workload.memry]: there is no such table. Did you mean [workload.memory]?"),
    ("workload.disk", "comand = 1", "[workload.disk] comand: there is no such key. Did you mean command?"),
    ("workload.disk", "", f"[workload.disk] command: it is missing, and must be {COMMAND_EXPECTED[7:]}"),
    ("workload.disk", "command = 7", f"[workload.disk] command: 7 {COMMAND_EXPECTED}"),
    ("workload.disk", "command = []", f"[workload.disk] command: a list {COMMAND_EXPECTED}"),
    (
        "workload.disk",
        f'command = ["{"x" * 6001}"]',
        f"[workload.disk] command: a list {COMMAND_EXPECTED} The limit is 6000 bytes: put a longer one into a script",
    ),
    ("workload.disk", 'command = ["", "a"]', f"[workload.disk] command: a list {COMMAND_EXPECTED}"),
    ("workload.disk", 'command = ["a", 2]', f"[workload.disk] command: a list {COMMAND_EXPECTED}"),
    (
        "workload.disk",
        """command = "dd if='my file'" """,
        f"""[workload.disk] command: "dd if='my file'" {COMMAND_EXPECTED} Write it as ["dd", "if=my file"].""",
    ),
    ("workload.idle", 'command = ["a"]', '[workload.idle]: "idle" is not a name for a workload: up to 40 letters'),
    ("vm", 'reach = "agnet"', '[vm] reach: "agnet" is not one of "ssh", "agent". Did you mean "agent"?'),
    (
        "migration",
        'technique = "postcopy"',
        '[migration] technique: "postcopy" is not one of "pre-copy", "post-copy-timeout", "post-copy-manual", '
        '"automatic", "suspend-timeout".'
        ' Did you mean "post-copy-manual"?',
    ),
    ("migration", "technique = 1", "[migration] technique: 1 is not one of "),
    (
        "migration",
        "timeout = 25",
        '[migration] timeout: 25 is not a time with its unit, from "0.1 s" to "24 h". Write it in quotes,'
        " with its unit.",
    ),
    ("migration", 'timeout = "25"', '[migration] timeout: "25" is not a time with its unit, from "0.1 s" to "24 h".'),
    ("migration", 'timeout = "2 d"', '[migration] timeout: "2 d" is not a time with its unit, from "0.1 s" to "24 h".'),
    (
        "migration",
        'downtime = "1 h"',
        '[migration] downtime: "1 h" is not a time with its unit, from "1 ms" to "2000 s".',
    ),
    (
        "migration",
        'auto_converge = "true"',
        '[migration] auto_converge: "true" is not true or false. Write it without quotes.',
    ),
    ("migration", "auto_converge = 1", "[migration] auto_converge: 1 is not true or false."),
    ("migration", "parallel = 256", "[migration] parallel: 256 is not a whole number from 0 to 255."),
    (
        "migration",
        "auto-converge = true",
        "[migration] auto-converge: there is no such key. Did you mean auto_converge?",
    ),
    (
        "sampling",
        'interval = "10 ms"',
        '[sampling] interval: "10 ms" is not a time with its unit, from "0.1 s" to "1 min".',
    ),
    ("samplings", 'interval = "1 s"', "[samplings]: there is no such table. Did you mean [sampling]?"),
    ("runs", 'folder = "runs"', '[runs] folder: "runs" is not a path that begins with "/" or "~/".'),
]


@pytest.mark.parametrize(("table", "line", "sentence"), WRONG, ids=[f"{table}: {line}" for table, line, _ in WRONG])
def test_an_invalid_key_is_one_sentence(path: Path, table: str, line: str, sentence: str) -> None:
    with pytest.raises(Misconfigured) as raised:
        read(path, put(table, line))
    assert str(raised.value).startswith(f"{path}: {sentence}")
    assert len(raised.value.problems) == 1
    assert raised.value.detail == str(raised.value)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "[vm] name: it is missing, and must be the name libvirt has for the VM"),
        ('[vm]\nname = "a"', "[hosts]: there is no host that runs VMs. Add one as [hosts.NAME] with its ssh, such as"),
        ('[vm]\nname = "a"\n[hosts.storage]\nssh = "a"', "[hosts]: there is no host that runs VMs. Add one as"),
        ('[vm]\nname = "a"\n[hosts.kvm1]', "[hosts.kvm1] ssh: it is missing, and must be an ssh target such as"),
        (HOSTS, "[vm] name: it is missing, and must be the name libvirt has for the VM"),
        ("vm = 1\n" + HOSTS, "[vm]: 1 is not a table. Put its keys under [vm]."),
        ('vm = ["a"]\n' + HOSTS, "[vm]: a list is not a table. Put its keys under [vm]."),
        ('name = "guest1"\n' + MINIMAL, "name: there is no such key. Expected: [hosts], [vm], "),
    ],
)
def test_a_missing_or_misplaced_key_is_one_sentence(path: Path, text: str, sentence: str) -> None:
    with pytest.raises(Misconfigured) as raised:
        read(path, text)
    assert str(raised.value).startswith(f"{path}: {sentence}")


def test_all_problems_are_reported_together(path: Path) -> None:
    with pytest.raises(Misconfigured) as raised:
        read(path, f'{MINIMAL}vcpus = 0\nmemory = 1\n[sampling]\ninterval = "0"\n')
    assert [problem.place for problem in raised.value.problems] == ["[vm] vcpus", "[vm] memory", "[sampling] interval"]
    lines = raised.value.detail.splitlines()
    assert len(lines) == 3
    assert all(line.startswith(f"{path}: [") for line in lines)


@pytest.mark.parametrize(
    "content",
    [
        b"[vm\n",
        b"name = guest1\n",
        b"a = 1\na = 2\n",
        b"a = " + b"9" * 10_000,
        b"a = " + b"[" * 5_000,
        b"[vm]\nname = '\xff'\n",
        b"#" * ((1 << 20) + 1),
        b"\x00\x01\x02",
    ],
    ids=["table", "quotes", "twice", "digits", "deep", "utf-8", "large", "binary"],
)
def test_invalid_toml_is_one_sentence_with_the_file(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(Failure) as raised:
        load(path)
    assert str(raised.value).startswith(str(path))
    assert str(raised.value).endswith(".")
    assert "\n" not in str(raised.value)


def test_the_line_that_is_not_utf_8_is_named(path: Path) -> None:
    path.write_bytes(b"[vm]\nname = '\xff'\n")
    with pytest.raises(Failure, match="line 2 is not valid UTF-8"):
        load(path)


def test_a_folder_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="cannot be read: Is a directory"):
        load(tmp_path)


def test_a_missing_file_is_not_a_misconfigured_one(path: Path) -> None:
    with pytest.raises(Missing, match="does not exist"):
        load(path)


def test_an_endless_device_or_a_pipe_without_a_writer_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (Path("/dev/zero"), tmp_path / "pipe"):
        with pytest.raises(Failure, match="cannot be read: Not a regular file"):
            load(path)


def test_a_file_that_is_too_large_is_refused(path: Path) -> None:
    path.write_bytes(b"#" * (MAX_BYTES + 1))
    with pytest.raises(Failure, match="larger than 1 MiB"):
        load(path)


def test_the_command_line_takes_precedence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert find() == tmp_path / "vmlm" / "config.toml"
    monkeypatch.setenv("VMLM_CONFIG", "/lab/config.toml")
    assert find() == Path("/lab/config.toml")
    assert find("mine.toml") == Path("mine.toml")


@pytest.mark.parametrize("value", ["", "relative/folder"])
def test_a_relative_xdg_folder_is_ignored(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VMLM_CONFIG", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", value)
    monkeypatch.setenv("HOME", "/home/user")
    assert find() == Path("/home/user/.config/vmlm/config.toml")


def test_an_empty_variable_is_ignored(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("VMLM_CONFIG", "")
    assert find() == tmp_path / "vmlm" / "config.toml"


def test_a_tilde_is_expanded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/user")
    assert find("~/mine.toml") == Path("/home/user/mine.toml")


def test_runs_are_stored_in_the_state_folder(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/state")
    assert read(path, MINIMAL).runs.folder == Path("/state/vmlm/runs")
