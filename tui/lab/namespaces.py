"""Hosts as namespaces: each has a first process, and its links and mounts disappear when that process ends."""

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tui.core.failure import Failure
from tui.lab.command import SYSTEM_PATH
from tui.lab.process import Process

MARK = "VMLM_LAB"  # environment variable of every process of a lab: its folder
BUILDER = "VMLM_LAB_BUILDER"  # of the programs that build a lab, not of its own processes: its folder
START_LIMIT_S = 20.0


def launch(kinds: Sequence[str], argv: Sequence[str], env: Mapping[str, str], folder: Path) -> Process:
    """Starts a process in new namespaces; the process must write `init.pid`, then `ready`, into `folder`."""
    for name in ("init.pid", "ready"):
        (folder / name).unlink(missing_ok=True)
    log = folder / "init.log"
    with log.open("wb") as output:
        parent = subprocess.Popen(
            ["unshare", *kinds, "--", *argv],
            env={"PATH": SYSTEM_PATH, "LC_ALL": "C.UTF-8", **env},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd="/",
            start_new_session=True,
        )
    end = time.monotonic() + START_LIMIT_S
    while not (folder / "ready").exists():
        if parent.poll() is not None or time.monotonic() > end:
            text = log.read_text(errors="replace").strip()
            raise Failure(f"the lab's {folder.name} did not start", text or "it printed nothing", detail=text)
        time.sleep(0.005)
    process = Process.recorded(folder / "init.pid")
    if process is None:
        raise Failure(f"the lab's {folder.name} did not record its process id")
    return process


def inside(process: Process, argv: Sequence[str], *, network_only: bool = False) -> list[str]:
    """The command line that runs `argv` in a process's namespaces."""
    kinds = ["-n"] if network_only else ["-m", "-u", "-n", "-p"]
    return ["nsenter", "-t", str(process.pid), *kinds, "--", *argv]


def inherited() -> dict[str, str]:
    """The terminal and language variables of the caller's environment; the rest belongs to the machine."""
    names = ("TERM", "COLORTERM", "LANG", "TZ", "NO_COLOR", "COLUMNS", "LINES")
    families = ("LC_", "TEXTUAL", "VMLM_")
    chosen = {key: value for key, value in os.environ.items() if key in names or key.startswith(families)}
    chosen.pop(BUILDER, None)
    return chosen
