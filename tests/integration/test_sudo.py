"""Commands as root through a fake sudo, which reads passwords like sudo and logs them."""

import asyncio
import shlex
from pathlib import Path

import pytest

from tui.adapters.local import LocalShell
from tui.core.failure import Failure, PasswordNeeded
from tui.linux.sudo import Sudo

# $PASSWORD is the right password; "" means that sudo requires none.
SUDO = """#!/bin/sh
. {folder}/settings
prompt= asks=yes
while :; do
  case $1 in
    -n) asks= ; shift ;;
    -p) prompt=$2; shift 2 ;;
    --) shift; break ;;
    *) shift ;;
  esac
done
[ -n "$PASSWORD" ] || exec "$@"
[ -n "$asks" ] || {{ echo "sudo: a password is required" >&2; exit 1; }}
[ "$RIGHT" = yes ] || {{ echo "op is not in the sudoers file." >&2; exit 1; }}
for attempt in 1 2 3; do
  printf %s "$prompt" >&2
  IFS= read -r line || line="(end of input)"
  printf '%s\\n' "$line" >> {folder}/read
  [ "$line" != "$PASSWORD" ] || exec "$@"
  echo "Sorry, try again." >&2
done
echo "sudo: 3 incorrect password attempts" >&2
exit 1
"""


class FakeSudo:
    """The fake sudo and its configuration."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        for name, text in (("sudo", SUDO.format(folder=shlex.quote(str(folder)))), ("id", "#!/bin/sh\necho 1000\n")):
            (folder / name).write_text(text)
            (folder / name).chmod(0o755)
        self.require("secret")

    def require(self, password: str, *, right: str = "yes") -> None:
        (self._folder / "settings").write_text(f"PASSWORD={shlex.quote(password)} RIGHT={right}\n")
        (self._folder / "read").write_text("")

    @property
    def read(self) -> list[str]:
        return (self._folder / "read").read_text().splitlines()


@pytest.fixture
def fake_sudo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeSudo:
    monkeypatch.setattr("tui.linux.sudo.ENVIRONMENT", ("env", "LC_ALL=C.UTF-8", f"PATH={tmp_path}:/usr/bin:/bin"))
    return FakeSudo(tmp_path)


@pytest.fixture
def sudo() -> Sudo:
    return Sudo(lambda _: LocalShell())


async def test_sudo_reads_a_wrong_password_exactly_once(fake_sudo: FakeSudo, sudo: Sudo) -> None:
    sudo.give_password("storage", "typo")
    with pytest.raises(PasswordNeeded, match="it is wrong"):
        await sudo.run("storage", ["true"], stdin="a line\nand another\n")
    assert fake_sudo.read == ["typo"]


@pytest.mark.parametrize("stdin", ["", "of ours\n", "no end", "x" * 300_000], ids=["none", "a line", "no end", "long"])
async def test_the_command_reads_its_input_without_the_password(fake_sudo: FakeSudo, sudo: Sudo, stdin: str) -> None:
    sudo.give_password("storage", "secret")
    done = await sudo.run("storage", ["sh", "-c", 'cat; echo "$1" >&2; exit 3', "sh", "a b'\";$(id)"], stdin=stdin)
    assert (done.status, done.stdout, done.stderr) == (3, stdin, "a b'\";$(id)\n")
    assert fake_sudo.read == ["secret", "secret"]  # one to detect sudo, one for the command


async def test_a_command_may_ignore_its_input(fake_sudo: FakeSudo, sudo: Sudo) -> None:
    sudo.give_password("storage", "secret")
    assert (await sudo.run("storage", ["true"], stdin="x" * 300_000)).status == 0


@pytest.mark.parametrize("password", ["secret", ""])
async def test_only_the_output_of_the_command_is_passed_on(fake_sudo: FakeSudo, sudo: Sudo, password: str) -> None:
    fake_sudo.require(password)
    sudo.give_password("storage", password)
    pieces: list[str] = []
    done = await sudo.run("storage", ["printf", "50 %%\\r100 %%"], on_output=pieces.append)
    assert "".join(pieces) == done.stdout == "50 %\r100 %"


async def test_an_outdated_password_is_tried_once_for_concurrent_commands(fake_sudo: FakeSudo, sudo: Sudo) -> None:
    sudo.give_password("storage", "secret")
    await sudo.run("storage", ["true"])
    fake_sudo.require("changed")
    results = await asyncio.gather(*(sudo.run("storage", ["cat"]) for _ in range(4)), return_exceptions=True)
    assert [str(result) for result in results] == [str(sudo.wanted["storage"])] * 4
    assert sudo.wanted["storage"].why == "it is wrong"
    assert fake_sudo.read == ["secret"]
    sudo.give_password("storage", "changed")
    assert (await sudo.run("storage", ["echo", "done"])).stdout == "done\n"


async def test_a_password_required_later_is_reported(fake_sudo: FakeSudo, sudo: Sudo) -> None:
    fake_sudo.require("")
    assert (await sudo.run("storage", ["echo", "free"])).stdout == "free\n"
    fake_sudo.require("secret")
    with pytest.raises(PasswordNeeded, match="requires a password"):
        await sudo.run("storage", ["cat", "/etc/libvirt/qemu.conf"])
    assert list(sudo.wanted) == ["storage"]
    assert fake_sudo.read == []


async def test_a_password_required_later_is_used_if_it_is_known(fake_sudo: FakeSudo, sudo: Sudo) -> None:
    fake_sudo.require("")  # as while sudo still remembers a login of the same user
    sudo.give_password("storage", "secret")
    assert (await sudo.run("storage", ["echo", "free"])).stdout == "free\n"
    fake_sudo.require("secret")
    with pytest.raises(PasswordNeeded):
        await sudo.run("storage", ["cat"], stdin="input of the command")
    assert (await sudo.run("storage", ["echo", "again"])).stdout == "again\n"


async def test_a_revoked_sudo_right_is_reported(fake_sudo: FakeSudo, sudo: Sudo) -> None:
    sudo.give_password("storage", "secret")
    await sudo.run("storage", ["true"])
    fake_sudo.require("secret", right="no")
    with pytest.raises(Failure, match="this login is not allowed to use sudo"):
        await sudo.run("storage", ["cat", "/etc/libvirt/qemu.conf"])


async def test_a_wrong_password_is_detected_if_sudo_prompts_only_once(
    fake_sudo: FakeSudo, sudo: Sudo, tmp_path: Path
) -> None:
    """passwd_tries=1 in sudoers: sudo ends without a second prompt."""
    program = tmp_path / "sudo"
    program.write_text(program.read_text().replace("attempt in 1 2 3", "attempt in 1"))
    sudo.give_password("storage", "typo")
    with pytest.raises(PasswordNeeded, match="it is wrong"):
        await sudo.run("storage", ["true"])
    assert fake_sudo.read == ["typo"]
