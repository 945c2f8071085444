"""A host that the form of the Hosts page adds: the login is tried, then its table is appended."""

from pathlib import Path

import pytest

from tests.fake_hosts import FakeShell
from tui.app import config
from tui.app.add_host import AddHost
from tui.core.failure import Failure, WrongField

TEXT = '[hosts.a]\nssh = "root@a"\n\n[vm]\nname = "guest1"\n'
AWAY = Failure("root@b can't be reached over ssh", "no route to host")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "config.toml"
    found.write_text(TEXT)
    return found


def text_of(path: Path) -> str:
    return path.read_text()


def adding(path: Path, shell: FakeShell) -> AddHost:
    return AddHost(path, lambda _: shell, str, lambda: None)


async def test_a_host_is_appended_with_its_groups(path: Path) -> None:
    shell = FakeShell()
    await adding(path, shell).add("b", {"ssh": "root@b", "groups": ("rack1", "amd")}, try_login=True)
    assert text_of(path) == f'{TEXT}\n[hosts.b]\nssh = "root@b"\ngroups = ["rack1", "amd"]\n'
    assert config.load(path).hosts["b"].groups == ("rack1", "amd")
    assert shell.commands == [("true",)]


async def test_a_login_that_fails_adds_nothing_unless_it_is_not_tried(path: Path) -> None:
    host = adding(path, FakeShell({"true": AWAY}))
    with pytest.raises(Failure, match="can't be reached"):
        await host.add("b", {"ssh": "root@b"}, try_login=True)
    assert text_of(path) == TEXT
    await host.add("b", {"ssh": "root@b"}, try_login=False)
    assert "b" in config.load(path).hosts.named


@pytest.mark.parametrize("keys", [{}, {"ssh": "root@"}, {"ssh": ""}])
async def test_a_wrong_address_is_the_field_of_the_form(path: Path, keys: dict[str, str | tuple[str, ...]]) -> None:
    with pytest.raises(WrongField) as refused:
        await adding(path, FakeShell()).add("b", keys, try_login=True)
    assert refused.value.field == "ssh"


@pytest.mark.parametrize("groups", ['["rack 1"]', '"rack1"', "[1]", '["-x"]'])
def test_a_wrong_group_is_reported(path: Path, groups: str) -> None:
    path.write_text(TEXT.replace('"root@a"\n', f'"root@a"\ngroups = {groups}\n'))
    with pytest.raises(Failure, match="a list of groups"):
        config.load(path)
