"""Root through a stand-in for sudo that reads passwords as sudo does, and logs each of them."""

import asyncio
import shlex
from pathlib import Path

import pytest

from tui.adapters.local import LocalShell
from tui.core.failure import Failure, PasswordNeeded
from tui.linux.sudo import Sudo

# $PASSWORD is the right one, "" where sudo wants none.
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


class StandIn:
    """The stand-in, as it is configured on the host."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        for name, text in (("sudo", SUDO.format(folder=shlex.quote(str(folder)))), ("id", "#!/bin/sh\necho 1000\n")):
            (folder / name).write_text(text)
            (folder / name).chmod(0o755)
        self.wants("secret")

    def wants(self, password: str, *, right: str = "yes") -> None:
        (self._folder / "settings").write_text(f"PASSWORD={shlex.quote(password)} RIGHT={right}\n")
        (self._folder / "read").write_text("")

    @property
    def read(self) -> list[str]:
        return (self._folder / "read").read_text().splitlines()


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    monkeypatch.setattr("tui.linux.sudo.ENVIRONMENT", ("env", "LC_ALL=C.UTF-8", f"PATH={tmp_path}:/usr/bin:/bin"))
    return StandIn(tmp_path)


@pytest.fixture
def sudo() -> Sudo:
    return Sudo(lambda _: LocalShell())


async def test_a_wrong_password_is_read_by_sudo_exactly_once(stand_in: StandIn, sudo: Sudo) -> None:
    sudo.give_password("storage", "typo")
    with pytest.raises(PasswordNeeded, match="it is wrong"):
        await sudo.run("storage", ["true"], stdin="a line\nand another\n")
    assert stand_in.read == ["typo"]


@pytest.mark.parametrize("stdin", ["", "of ours\n", "no end", "x" * 300_000], ids=["none", "a line", "no end", "long"])
async def test_the_command_reads_its_own_input_and_no_password(stand_in: StandIn, sudo: Sudo, stdin: str) -> None:
    sudo.give_password("storage", "secret")
    done = await sudo.run("storage", ["sh", "-c", 'cat; echo "$1" >&2; exit 3', "sh", "a b'\";$(id)"], stdin=stdin)
    assert (done.status, done.stdout, done.stderr) == (3, stdin, "a b'\";$(id)\n")
    assert stand_in.read == ["secret", "secret"]  # one to find the way, one for the command


async def test_a_command_that_reads_nothing_ends_all_the_same(stand_in: StandIn, sudo: Sudo) -> None:
    sudo.give_password("storage", "secret")
    assert (await sudo.run("storage", ["true"], stdin="x" * 300_000)).status == 0


@pytest.mark.parametrize("password", ["secret", ""])
async def test_what_the_command_prints_is_heard_without_what_is_ours(
    stand_in: StandIn, sudo: Sudo, password: str
) -> None:
    stand_in.wants(password)
    sudo.give_password("storage", password)
    heard: list[str] = []
    done = await sudo.run("storage", ["printf", "50 %%\\r100 %%"], on_output=heard.append)
    assert "".join(heard) == done.stdout == "50 %\r100 %"


async def test_a_password_that_was_changed_is_tried_once_however_many_commands_need_it(
    stand_in: StandIn, sudo: Sudo
) -> None:
    sudo.give_password("storage", "secret")
    await sudo.run("storage", ["true"])
    stand_in.wants("changed")
    answers = await asyncio.gather(*(sudo.run("storage", ["cat"]) for _ in range(4)), return_exceptions=True)
    assert [str(answer) for answer in answers] == [str(sudo.wanted["storage"])] * 4
    assert sudo.wanted["storage"].why == "it is wrong"
    assert stand_in.read == ["secret"]
    sudo.give_password("storage", "changed")
    assert (await sudo.run("storage", ["echo", "done"])).stdout == "done\n"


async def test_sudo_that_begins_to_want_a_password_is_no_empty_answer(stand_in: StandIn, sudo: Sudo) -> None:
    stand_in.wants("")
    assert (await sudo.run("storage", ["echo", "free"])).stdout == "free\n"
    stand_in.wants("secret")
    with pytest.raises(PasswordNeeded, match="requires a password"):
        await sudo.run("storage", ["cat", "/etc/libvirt/qemu.conf"])
    assert list(sudo.wanted) == ["storage"]
    assert stand_in.read == []


async def test_a_right_that_was_taken_away_is_no_empty_answer(stand_in: StandIn, sudo: Sudo) -> None:
    sudo.give_password("storage", "secret")
    await sudo.run("storage", ["true"])
    stand_in.wants("secret", right="no")
    with pytest.raises(Failure, match="this login is not allowed to use sudo"):
        await sudo.run("storage", ["cat", "/etc/libvirt/qemu.conf"])


async def test_a_wrong_password_is_found_where_sudo_asks_only_once(
    stand_in: StandIn, sudo: Sudo, tmp_path: Path
) -> None:
    """passwd_tries=1 in sudoers: sudo ends without a second prompt."""
    program = tmp_path / "sudo"
    program.write_text(program.read_text().replace("attempt in 1 2 3", "attempt in 1"))
    sudo.give_password("storage", "typo")
    with pytest.raises(PasswordNeeded, match="it is wrong"):
        await sudo.run("storage", ["true"])
    assert stand_in.read == ["typo"]


@pytest.mark.parametrize("printed", ["Welcome to destination\n", "\n\n  Welcome to destination\n* 3 updates *\n\n",
                                     "Welcome to destination "], ids=["line", "several", "no end"])  # fmt: skip
@pytest.mark.parametrize("user_id", ["0", "1000"])
async def test_a_greeting_of_the_login_is_named_as_the_reason(
    stand_in: StandIn, sudo: Sudo, tmp_path: Path, printed: str, user_id: str
) -> None:
    (tmp_path / "id").write_text(f"#!/bin/sh\nprintf %s {shlex.quote(printed + user_id)}\n")
    with pytest.raises(Failure, match='the shell of the login first prints "Welcome to destination"') as raised:
        await sudo.run("destination", ["true"])
    assert "~/.bashrc" in raised.value.hint
    assert not isinstance(raised.value, PasswordNeeded)
