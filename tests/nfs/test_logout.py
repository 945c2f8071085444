"""The runner and logouts, with a real systemd, logind and sshd."""

import base64
import compileall
import io
import json
import re
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import tomli_w

import tui
import workloads
from tests.nfs import runner_client
from tests.nfs.machine import COMMAND_LIMIT_S, Machine
from tests.nfs.machines import Machines

APP = "/opt/app"
PYTHON = ("env", f"PYTHONPATH={APP}", f"VMLM_CONFIG={runner_client.CONFIG}", "python3")
CLIENT = (*PYTHON, f"{APP}/client.py")
CONFIG = '[vm]\nname = "vm1"\n' + "".join(
    f'[hosts.{each}]\nssh = "root@{each}"\n' for each in ("source", "destination", "storage")
)
# Few commands, because each one costs the emulated machine a login. UserStopDelaySec is how long systemd of a user who
# does not linger stays after the last logout, by default 10 s.
PREPARE = f"""
DEBIAN_FRONTEND=noninteractive apt-get -q -y install libpam-systemd
mkdir -p {APP} /etc/systemd/logind.conf.d
base64 -d | tar -xzC {APP}
chmod -R a+rX {APP}
printf '%s' "$0" > {runner_client.CONFIG}
printf '[Login]\\nKillUserProcesses=yes\\nKillExcludeUsers=root nopass\\nUserStopDelaySec=1s\\n' \
  > /etc/systemd/logind.conf.d/test.conf
systemctl restart dbus.socket systemd-logind.service
loginctl enable-linger nosudo
"""
KEEP = 'for user; do systemd-run -q -p Type=notify -p NotifyAccess=all --uid="$user" $0 join; done'
# A session whose processes logind does not end is closing until they end.
CLOSED = """for each; do
while loginctl show-session --property=State "$each" | grep -qE 'active|online|opening'; do sleep 0.1; done
done 2>&1"""
GONE = """for each; do if loginctl show-session "$each"; then exit 1; fi; done >/dev/null 2>&1
while systemctl -q is-active user@1000.service; do sleep 0.1; done
[ ! -e "/proc/$0" ]
tail -n1 ~op/.local/state/vmlm/runner.log"""


@dataclass(frozen=True)
class Found:
    """What a client on the machine prints, see tests.nfs.runner_client."""

    session: str
    pid: int
    group: str
    warning: str

    @classmethod
    def of(cls, line: str) -> "Found":
        return cls(**json.loads(line))


class Logins:
    """Users who log in to a machine with the app and leave it."""

    def __init__(self, machine: Machine, folder: Path) -> None:
        self._machine = machine
        self._logins: dict[str, subprocess.Popen[str]] = {}
        machine.ssh("sh", "-ec", PREPARE, CONFIG, stdin=archive(folder))

    def start(self, user: str) -> Found:
        """A user logs in, and starts a client in the terminal, which starts the runner."""
        login = self._logins[user] = self._machine.login(user, *CLIENT)
        assert login.stdout is not None
        lines = []
        for line in login.stdout:
            lines.append(line)
            if line.startswith("{"):
                return Found.of(line)
        raise AssertionError("".join(lines))

    def keep_busy(self) -> None:
        """Start a service for each user: another client, which keeps the runner from being idle."""
        self._machine.ssh("sh", "-ec", KEEP, " ".join(CLIENT), *self._logins)

    def leave(self, user: str) -> None:
        """The client ends, and so the session."""
        self._logins[user].communicate("\n", timeout=COMMAND_LIMIT_S)

    def drop(self, user: str) -> None:
        """The ssh client is killed."""
        self._logins[user].kill()
        self._logins[user].communicate()

    def again(self, user: str) -> int:
        """The pid of the runner that a client of a new login finds."""
        return Found.of(self._machine.ssh(*CLIENT, "join", user=user)).pid

    def close(self) -> None:
        """End the logins of a test that has failed."""
        for user in self._logins:
            self.drop(user)


@pytest.fixture
def logins(bare: Machines, tmp_path: Path) -> Iterator[Logins]:
    made = Logins(bare.source, tmp_path)
    yield made
    made.close()


def archive(folder: Path) -> str:
    """The app with what the runner imports, except the adapters; compiled, which takes the emulated machine long."""
    for package in (tui, workloads, tomli_w):
        shutil.copytree(Path(str(package.__file__)).parent, folder / package.__name__)
    shutil.copy(runner_client.__file__, folder / "client.py")
    compileall.compile_dir(folder, quiet=1)  # has no effect if the machine has another version of Python
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w:gz") as files:
        files.add(folder, ".")
    return base64.b64encode(written.getvalue()).decode()


def test_a_runner_outlives_a_logout_or_its_client_has_reported_that_it_does_not(logins: Logins, bare: Machines) -> None:
    machine = bare.source
    root, lingers, exempt, ends = (logins.start(user) for user in ("root", "nosudo", "nopass", "op"))
    logins.keep_busy()
    assert re.fullmatch(r"0::/system\.slice/run-\w+\.scope", root.group)
    assert re.fullmatch(r"0::/user\.slice/user-1002\.slice/user@1002\.service/.*/run-\w+\.scope", lingers.group)
    assert exempt.group == f"0::/user.slice/user-1001.slice/session-{exempt.session}.scope"
    assert re.fullmatch(r"0::/user\.slice/user-1000\.slice/user@1000\.service/.*/run-\w+\.scope", ends.group)
    assert (root.warning, lingers.warning, exempt.warning) == ("", "", "")
    assert "Run `loginctl enable-linger op`" in ends.warning

    logins.leave("nosudo")
    for user in ("root", "nopass", "op"):
        logins.drop(user)
    machine.ssh("sh", "-c", CLOSED, "sh", *(each.session for each in (root, lingers, exempt, ends)))
    study = machine.ssh(*PYTHON, "-m", "tui.app.main", "study", "status", "--json", user="nosudo")
    assert json.loads(study) == {"format": 1, "study": None}
    found = [logins.again(user) for user in ("root", "nosudo", "nopass")]
    assert found == [root.pid, lingers.pid, exempt.pid]
    last = machine.ssh("sh", "-ec", GONE, str(ends.pid), *(each.session for each in (root, lingers, ends)))
    assert last.endswith(" The runner ends\n")
