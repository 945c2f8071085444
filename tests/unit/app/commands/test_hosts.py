"""`vmlm-tui hosts`: the list with its exit status, and hosts that are added to the configuration."""

import io
import json
from pathlib import Path

import pytest

from tests.fake_hosts import FakeHosts, FakeShell
from tui.app import config
from tui.app.add_host import login
from tui.app.commands import hosts as command
from tui.app.commands.output import Output
from tui.app.host_table import append, check
from tui.core.command import Completed
from tui.core.failure import Failure
from tui.hosts.backend.hosts import Hosts

TEXT = """\
# my hosts
[hosts.source]
ssh = "root@source"   # this one
[hosts.destination]
ssh = "root@destination"

[vm]
name = "guest1"  # without an end of line: """


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "config.toml"
    found.write_text(TEXT)
    found.chmod(0o640)
    return found


# -- add --


def test_an_added_host_leaves_all_other_lines_as_they_are(path: Path) -> None:
    after = append(path, "kvm3", {"ssh": "root@kvm3:2222", "libvirt": "qemu+tls://kvm3/system"})
    assert path.read_text() == (
        TEXT.rstrip() + '\n\n[hosts.kvm3]\nssh = "root@kvm3:2222"\nlibvirt = "qemu+tls://kvm3/system"\n'
    )
    assert after == config.load(path)
    assert after.hypervisors == ("source", "destination", "kvm3")
    assert after.hosts["kvm3"].libvirt == "qemu+tls://kvm3/system"
    assert path.stat().st_mode & 0o777 == 0o640
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_a_link_to_the_file_stays_a_link(path: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.toml"
    link.symlink_to(path)
    append(link, "kvm3", {"ssh": "root@kvm3"})
    assert link.is_symlink()
    assert "kvm3" in config.load(path).hosts.named


@pytest.mark.parametrize(
    ("name", "ssh", "sentence"),
    [
        ("source", "root@kvm3", "there is a host of this name"),
        ("a/b", "root@kvm3", "is not a name for a host"),
        ("kvm3", "root@destination", '"root@destination" is the destination as well'),
        ("kvm3", 'root@"', "is not an ssh target"),
    ],
)
def test_a_host_that_would_break_the_configuration_is_not_added(path: Path, name: str, ssh: str, sentence: str) -> None:
    with pytest.raises(Failure) as refused:
        append(path, name, {"ssh": ssh})
    assert sentence in str(refused.value)
    assert path.read_text() == TEXT


def test_a_form_that_takes_no_further_table_is_left_alone(path: Path) -> None:
    text = 'hosts = {a = {ssh = "root@a"}}\nvm = {name = "guest1"}\n'
    path.write_text(text)
    with pytest.raises(Failure):
        check(path, "b", {"ssh": "root@b"})
    assert path.read_text() == text


def test_the_command_adds_without_a_login_if_told(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    words = ["add", "kvm3", "root@kvm3.invalid", "--no-login", "--config", str(path)]
    words += ["--migration-address", "10.20.0.3"]
    assert command.main("hosts", words) == 0
    assert "VMs can go between it and source and destination" in capsys.readouterr().out
    added = config.load(path).hosts["kvm3"]
    assert (added.ssh, added.migration_address) == ("root@kvm3.invalid", "10.20.0.3")


@pytest.mark.parametrize(
    ("ssh", "name"),
    [("root@kvm3.example.org:2222", "kvm3"), ("kvm3", "kvm3"), ("root@10.0.0.3", ""), ("[fd00::3]", "")],
)
def test_a_host_without_a_name_is_called_as_its_ssh_target_unless_that_is_an_address(ssh: str, name: str) -> None:
    assert command.name_of(ssh) == name


def test_an_address_needs_a_name(path: Path) -> None:
    with pytest.raises(Failure, match=r"root@10.0.0.3 needs a name: `add NAME root@10.0.0.3`"):
        command.main("hosts", ["add", "root@10.0.0.3", "--no-login", "--config", str(path)])


@pytest.mark.parametrize(
    "words",
    [["add"], ["add", "[fd00::3]"], ["add", "a", "b", "c"], ["remove", "a", "b"], ["--no-login"], ["--libvirt", "x"]],
)
def test_wrong_words_are_refused(words: list[str]) -> None:
    with pytest.raises(Failure, match="shows what is expected"):
        command.main("hosts", words)


async def test_a_login_is_tried_with_a_command() -> None:
    works, refuses = FakeShell(), FakeShell({"true": Failure("kvm3 refuses the key", "no key")})
    no_shell = FakeShell({"true": Completed(1, "This account is currently not available.\n", "")})
    assert await login(lambda _: works, "root@kvm3") is None
    assert works.closed == 1
    assert "kvm3 refuses the key" in str(await login(lambda _: refuses, "root@kvm3"))
    assert "not available" in str(await login(lambda _: no_shell, "root@kvm3"))


# -- list --


async def listed(world: FakeHosts, *, as_json: bool = False) -> tuple[int, str, str]:
    hosts = Hosts(world.connections, world.changes)
    facts = [await command._read(hosts, each) for each in hosts.unread()]
    out, err = io.StringIO(), io.StringIO()
    status = command.listed(world.config, facts, Output("hosts", out, err), as_json=as_json)
    return status, out.getvalue(), err.getvalue()


async def test_each_host_is_a_line() -> None:
    status, out, err = await listed(FakeHosts(more=("host3",)))
    assert (status, err) == (0, "")
    assert [line.split()[:2] for line in out.splitlines()] == [
        [name, "ok"] for name in ("source", "destination", "host3", "storage")
    ]
    lines = out.splitlines()
    assert lines[0].endswith("libvirt 11.3.0, QEMU 10.0.2  1 VM  the app runs here")
    assert lines[3].endswith("root@storage  storage server")


async def test_a_host_that_does_not_answer_is_reported_and_the_status_is_1() -> None:
    world = FakeHosts()
    world.destination.failure = Failure("libvirt can't be reached", "it is down")
    status, out, err = await listed(world)
    assert status == 1
    assert "destination  partly reachable" in out
    assert "vmlm-tui hosts: destination: libvirt can't be reached: it is down." in err


async def test_the_json_has_the_same() -> None:
    status, out, _ = await listed(FakeHosts(more=("host3",)), as_json=True)
    found = json.loads(out)
    assert (status, found["format"]) == (0, 1)
    (host3,) = [each for each in found["hosts"] if each["name"] == "host3"]
    assert (host3["state"], host3["here"], host3["storage"], host3["vms"]) == ("ok", False, False, 0)
    assert [each["name"] for each in found["hosts"] if each["here"]] == ["source"]
