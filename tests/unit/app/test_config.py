"""The configuration: reading, writing, and problems as sentences with file, table, key and expected value."""

import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tui.app.config import Misconfigured, Missing, check, create, find, load, save, tables
from tui.core import schema, settings
from tui.core.failure import Failure
from tui.core.settings import Config

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

EXAMPLE = Path(__file__).parents[3] / "config.example.toml"
HOSTS = """
[hosts.source]
ssh = "root@a"
[hosts.destination]
ssh = "root@b"
[hosts.storage]
ssh = "root@c"
"""
MINIMAL = f'{HOSTS}[vm]\nname = "guest1"\n'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def read(path: Path, text: str) -> Config:
    path.write_text(text)
    return load(path)


# -- valid configurations --


def test_four_keys_are_required(path: Path) -> None:
    found = read(path, MINIMAL)
    assert [(host.name, host.ssh) for host in found.hosts.all] == [
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
    destination = read(path, MINIMAL).hosts.destination
    assert destination.libvirt == destination.peer_uri == "qemu+ssh://root@b/system?no_tty=1"


def test_the_defaults_of_the_migrate_page_become_a_plan(path: Path) -> None:
    plan = read(path, f'{MINIMAL}[migration]\ntimeout = "2 min"\nbandwidth = "1 Gbit/s"').migration.plan("guest1")
    assert (plan.vm, plan.timeout_s, plan.bandwidth_mib_s, plan.downtime_ms) == ("guest1", 120.0, 119, 300)


def test_a_byte_order_mark_is_accepted(path: Path) -> None:
    path.write_bytes(b"\xef\xbb\xbf" + MINIMAL.encode())
    assert load(path).vm.name == "guest1"


# -- problems --

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
    ("hosts.spare", 'ssh = "d"', "[hosts.spare]: there is no such table. Expected: [hosts.source], "),
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
        '[migration] technique: "postcopy" is not one of "pre-copy", "post-copy-timeout", "post-copy-manual".'
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
        ("", "[hosts.source] ssh: it is missing, and must be an ssh target such as"),
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


def test_reading_an_endless_device_stops() -> None:
    with pytest.raises(Failure, match="larger than 1 MiB"):
        load(Path("/dev/zero"))


# -- its path --


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


# -- writing --


def full(path: Path) -> Config:
    text = MINIMAL.replace('ssh = "root@a"', 'ssh = "root@a"\npeer = "qemu+tls://a/system"')
    return read(
        path,
        f"""{text}vcpus = 3\nmemory = "1000001 B"\nssh = "u@[fe80::1]:22"
[storage]\nimages = "/i"\nexport = "/e"
[workload.memory]\nthreads = 2\nsize = "150 MiB"\nrate = "7 MiB/s"
[migration]\ntechnique = "post-copy-manual"\ntimeout = "0.1 s"\nauto_converge = true\nparallel = 4\ndowntime = "1 s"
[sampling]\ninterval = "100 ms"\n[runs]\nfolder = "/r"\n""".replace("1000001 B", "100000001 B"),
    )


def test_a_saved_configuration_is_loaded_unchanged(path: Path, tmp_path: Path) -> None:
    config = full(path)
    save(config, tmp_path / "new" / "config.toml")
    assert load(tmp_path / "new" / "config.toml") == config


def test_a_created_configuration_is_loaded_unchanged(path: Path, tmp_path: Path) -> None:
    config = full(path)
    create(config, tmp_path / "new" / "config.toml")
    assert load(tmp_path / "new" / "config.toml") == config


def test_derived_values_are_not_written(path: Path) -> None:
    hosts = tables(read(path, MINIMAL))["hosts"]
    assert hosts == {"source": {"ssh": "root@a"}, "destination": {"ssh": "root@b"}, "storage": {"ssh": "root@c"}}


def test_a_changed_address_changes_the_derived_uris(path: Path) -> None:
    found = read(path, MINIMAL)
    text = tables(found)
    text["hosts"]["destination"]["ssh"] = "root@d"
    changed, problems = check(text)
    assert problems == ()
    assert changed is not None
    assert changed.hosts.destination.libvirt == "qemu+ssh://root@d/system?no_tty=1"


def test_create_never_replaces_a_file(path: Path) -> None:
    found = read(path, MINIMAL)
    with pytest.raises(Failure, match="the file exists already"):
        create(found, path)
    assert path.read_text() == MINIMAL


def test_create_does_not_follow_a_dangling_link(path: Path, tmp_path: Path) -> None:
    found = read(path, MINIMAL)
    link = tmp_path / "link.toml"
    link.symlink_to(tmp_path / "elsewhere.toml")
    with pytest.raises(Failure, match="the file exists already"):
        create(found, link)
    assert not (tmp_path / "elsewhere.toml").exists()


def test_save_keeps_permissions_and_symbolic_link(path: Path, tmp_path: Path) -> None:
    found = read(path, MINIMAL)
    path.chmod(0o640)
    link = tmp_path / "link.toml"
    link.symlink_to(path)
    save(replace(found, vm=replace(found.vm, vcpus=2)), link)
    assert link.is_symlink()
    assert load(path).vm.vcpus == 2
    assert path.stat().st_mode & 0o777 == 0o640
    assert sorted(tmp_path.iterdir()) == [path, link]


def test_a_path_that_cannot_be_written_is_one_sentence(path: Path, tmp_path: Path) -> None:
    found = read(path, MINIMAL)
    for write in (create, save):
        with pytest.raises(Failure, match="was not written") as raised:
            write(found, path / "config.toml")  # below a file
        assert "\n" not in str(raised.value)
    assert sorted(tmp_path.iterdir()) == [path]


def test_the_file_is_toml_with_units(path: Path) -> None:
    found = full(path)
    save(found, path)
    written = tomllib.loads(path.read_text())
    assert written["vm"]["memory"] == "100000001 B"
    assert written["migration"]["timeout"] == "0.1 s"
    assert written["workload"]["memory"] == {"threads": 2, "size": "150 MiB", "rate": "7 MiB/s"}
