"""Userlands: the files of another Debian release, built by mmdebstrap, that a host of a lab runs instead of ours."""

import hashlib
import os
import re
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tui.core.failure import Failure
from tui.lab import size
from tui.lab.cache import kept
from tui.lab.command import SYSTEM_PATH, require, run
from tui.lab.inventory import HOSTS, Host
from tui.lab.place import CACHE, Place

PACKAGES = (
    "libvirt-daemon", "libvirt-daemon-driver-qemu", "libvirt-clients", "qemu-system-x86", "qemu-utils",
    "openssh-server", "openssh-client", "netcat-openbsd", "iproute2", "procps",
)  # fmt: skip
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
MACHINE = "/machine"  # where the root of this machine is mounted in such a host
BUILD_LIMIT_S = 600.0
NEEDED_BYTES = 10**9  # the packages and what they unpack to


def parse(words: Sequence[str], hosts: Sequence[Host] = HOSTS) -> dict[str, str]:
    """The Debian suite by host, from words such as `sid` (all hypervisors) or `destination=trixie`."""
    hypervisors = [host.name for host in hosts if host.hypervisor]
    chosen = {}
    for word in words:
        host, _, suite = word.rpartition("=")
        if host and host not in hypervisors:
            raise Failure(f"{host!r} cannot have a userland", hint=f"Only {' and '.join(hypervisors)} run libvirt.")
        if not re.fullmatch(r"[a-z]{3,20}", suite):
            raise Failure(f"{suite!r} is not the name of a Debian release", hint="Use a name such as sid or trixie.")
        chosen.update(dict.fromkeys([host] if host else hypervisors, suite))
    return chosen


def chosen(place: Place) -> dict[str, str]:
    """The Debian suite of each host of a lab that has one; the other hosts run the programs of this machine."""
    if not place.userlands.exists():
        return {}
    return parse(place.userlands.read_text().split(), size.hosts(place))


def choose(place: Place, wanted: Mapping[str, str]) -> None:
    """Stores the suites of a lab for its next starts."""
    place.userlands.write_text("".join(f"{host}={suite}\n" for host, suite in wanted.items()))


def described(suites: Mapping[str, str]) -> str:
    """The suites in words, for a sentence."""
    return ", ".join(f"{suite} on {host}" for host, suite in suites.items()) or "this machine's own programs"


def tree(suite: str) -> Path:
    """The folder with the files of a suite; it exists once `prepare` has built it."""
    key = hashlib.sha256(repr((suite, PACKAGES, MACHINE)).encode())
    return CACHE / f"userland-{suite}-{key.hexdigest()[:16]}"


def prepare(suite: str, on_progress: Callable[[str], None]) -> Path:
    """Returns the folder with the files of a suite and builds it first if it does not exist."""
    what = f"the userland {suite}"
    return kept(tree(suite).name, what, lambda work, result: _build(suite, work, result, on_progress), on_progress)


def parse_mirror(targets: str) -> str:
    """The address of a Debian mirror in lines `label|address` of the package sources; "" if there is none."""
    found = re.search(r"^Debian\|(\S+)$", targets, re.MULTILINE)
    return found[1] if found else ""


def parse_connection(dump: str) -> list[str]:
    """The lines of `apt-config dump` that say how to reach a mirror: proxies and certificates."""
    lines = re.findall(r"^(Acquire::https?(?:::|\s).*;)$", dump, re.MULTILINE | re.IGNORECASE)
    return [line for line in lines if not line.endswith(' "";')]


def cause(log: Sequence[str]) -> str:
    """The line of mmdebstrap's output that says why it failed."""
    for pattern in (r".*No space left", r"E: (?!.*failed)", r"E: "):
        for line in log:
            if re.match(pattern, line):
                return line.removeprefix("E: ").rstrip(".")
    return log[-1] if log else "it printed nothing"


def _build(suite: str, work: Path, root: Path, on_progress: Callable[[str], None]) -> None:
    require(["mmdebstrap", "setpriv"])
    free = shutil.disk_usage(root).free
    if free < NEEDED_BYTES:
        raise _failed(suite, f"{CACHE} has only {free // 10**6} MB of free space", [])
    on_progress(f"userland {suite}: downloading and unpacking packages of Debian (once)")
    listed = run(["apt-get", "indextargets", "--format", "$(LABEL)|$(REPO_URI)", "Created-By: Packages"])
    mirror = parse_mirror(listed)
    options = ['Acquire::Check-Valid-Until "false";', *parse_connection(run(["apt-config", "dump"]))]
    argv = ["mmdebstrap", "--mode=root", "--variant=minbase", f"--include={','.join(PACKAGES)}"]
    argv += [f"--aptopt={option}" for option in options]
    # Without a Debian source of this machine (Ubuntu) mmdebstrap uses its default mirror.
    argv += [suite, str(root), *([f"deb [signed-by={KEYRING}] {mirror} {suite} main"] if mirror else [])]
    status, log = _run_reporting(argv, work, lambda step: on_progress(f"userland {suite}: {step}"))
    if status:
        late = f"it did not end within {BUILD_LIMIT_S:g} s"
        raise _failed(suite, late if status == -signal.SIGKILL else cause(log), log)
    (root / MACHINE.lstrip("/")).mkdir()


def _run_reporting(argv: Sequence[str], work: Path, on_step: Callable[[str], None]) -> tuple[int, list[str]]:
    """Runs mmdebstrap and reports its steps; returns its exit status and the lines that it printed.

    It runs in namespaces of its own and ends with this process, so that no mount or process of it remains.
    """
    namespaces = [
        "setpriv",
        "--pdeathsig",
        "KILL",
        "unshare",
        "--mount",
        "--pid",
        "--fork",
        "--kill-child",
        "--mount-proc",
        "--",
    ]
    environment = {**os.environ, "PATH": SYSTEM_PATH, "LC_ALL": "C.UTF-8", "TMPDIR": str(work)}
    log = []
    with subprocess.Popen(
        [*namespaces, *argv],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        assert process.stdout is not None  # noqa: S101 - requested above
        limit = threading.Timer(BUILD_LIMIT_S, process.kill)
        limit.start()
        try:
            for line in process.stdout:
                log.append(line.strip())
                if step := re.fullmatch(r"I: (?!main\(\))(.*)\.\.\.", log[-1]):
                    on_step(step[1])
        except BaseException:  # an interrupt must not leave it running
            process.kill()
            process.stdout.read()  # ends when no child is left that could write into the folder
            raise
        finally:
            limit.cancel()
    return process.wait(), log


def _failed(suite: str, why: str, log: Sequence[str]) -> Failure:
    return Failure(
        f"the userland {suite} could not be built",
        why,
        f"Check that the package mirror answers and has the release {suite}, and that {CACHE} has 1 GB of free space; "
        "then try again.",
        detail="\n".join(log),
    )
