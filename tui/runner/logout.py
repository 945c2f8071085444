"""What a logout does to the runner, where systemd ends processes of users, and what keeps the runner."""

import os
import pwd
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tui.core.failure import Failure
from tui.core.log import log

PROCESSES = Path("/proc")
SYSTEMD = Path("/run/systemd/system")  # exists if systemd is the init system
LINGERING = Path("/var/lib/systemd/linger")  # one file for each user whose systemd stays after the logout
RUNTIME = Path("/run/user")
LOGIND_LIMIT_S = 2.0
SCOPE = ("systemd-run", "--scope", "--quiet", "--collect")
SETTINGS = ("KillUserProcesses", "KillOnlyUsers", "KillExcludeUsers")  # of logind.conf
# `su` and `sudo` change the user of a process, not its control group.
SESSION = re.compile(r"/user-(\d+)\.slice/session-[^/]+\.scope")
MANAGER = re.compile(r"/user@(\d+)\.service")


@dataclass(frozen=True)
class Start:
    """A way to start the runner: words before its command, and further variables of its environment."""

    prefix: tuple[str, ...] = ()
    variables: Mapping[str, str] | None = None


def starts() -> list[Start]:
    """The ways to start the runner; the next one is for a system that refuses the one before. Blocks."""
    if not SYSTEMD.is_dir() or shutil.which(SCOPE[0]) is None:
        return [Start()]
    user = os.geteuid()
    if user == 0:
        return [Start(SCOPE), Start()]
    session = SESSION.search(_control_groups("self"))
    if _lingers(user) or (session is not None and _kills(int(session[1]))):
        # Without lingering, the user's systemd ends 10 s after the last logout: later than the session.
        # `su` and `sudo` leave this variable out, or pass that of the caller on.
        return [Start((*SCOPE, "--user"), {"XDG_RUNTIME_DIR": str(RUNTIME / str(user))}), Start()]
    return [Start()]


def ended_by_logout(pid: int) -> Failure | None:
    """The Failure that a client reports if a logout ends this process of the runner; None if it stays. Blocks."""
    groups = _control_groups(str(pid))
    manager, session = MANAGER.search(groups), SESSION.search(groups)
    if manager is not None and not _lingers(user := int(manager[1])):
        name = _name_of(user)
        return _ends("systemd ends all processes of {} soon after the last logout", name, f"Run {_enable(name)}.")
    if manager is not None or session is None or not _kills(user := int(session[1])):
        return None
    name, own = _name_of(user), os.geteuid()
    if own == 0 or _lingers(own):
        scope = "systemd-run --scope true" if own == 0 else "systemd-run --user --scope true"
        hint = f"See whether `{scope}` works; then quit all vmlm-tui and start one again."
    else:
        hint = f"Run {_enable(_name_of(own))}; then quit all vmlm-tui and start one again."
    return _ends("it belongs to a session of {}, whose processes logind ends (KillUserProcesses=yes)", name, hint)


def _ends(why: str, name: str, hint: str) -> Failure:
    what = "A logout ends the runner in the background, and with it the record of a migration"
    return Failure(what, why.format(name), hint)


def _enable(name: str) -> str:
    return f"`loginctl enable-linger {name}`, as root if it is refused"


def _control_groups(pid: str) -> str:
    """A line for each hierarchy; "" if they cannot be read."""
    try:
        return (PROCESSES / pid / "cgroup").read_text()
    except OSError:
        return ""


def _name_of(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return str(user)


def _lingers(user: int) -> bool:
    """Whether the user's systemd stays after the logout."""
    try:
        return (LINGERING / _name_of(user)).exists()
    except OSError:
        return False


def _kills(user: int) -> bool:
    """Whether logind ends the processes of a session of this user at its end; False if it does not respond."""
    argv = ["loginctl", "show-session", *(f"--property={each}" for each in SETTINGS)]  # without a session: of logind
    try:
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LOGIND_LIMIT_S)  # noqa: PLW1510
    except (OSError, subprocess.TimeoutExpired) as error:
        log.warning("loginctl: %s", error)
        return False
    found = dict(line.partition("=")[::2] for line in done.stdout.splitlines())
    name, (kills, only, exempt) = _name_of(user), (found.get(each, "") for each in SETTINGS)
    if kills != "yes" or name in (exempt or "root").split():
        return False
    return not only or name in only.split()
