"""Hosts as processes: each is a first process with its own namespaces, and vanishes with it, links and mounts too."""

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tui.core.failure import Failure
from tui.lab.command import SYSTEM_PATH
from tui.lab.process import Process

MARK = "VMLM_LAB"  # in the environment of everything a lab starts: its folder
BUILDER = "VMLM_LAB_BUILDER"  # in the environment of the programs that build a lab, never of its own: its folder
START_LIMIT_S = 20.0


def launch(kinds: Sequence[str], argv: Sequence[str], env: Mapping[str, str], folder: Path) -> Process:
    """Starts a process in new namespaces; it must write `init.pid` and, when it is usable, `ready` into `folder`."""
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
            raise Failure(f"the lab's {folder.name} did not start", text or "it said nothing", detail=text)
        time.sleep(0.005)
    process = Process.recorded(folder / "init.pid")
    if process is None:
        raise Failure(f"the lab's {folder.name} did not write down its process")
    return process


def inside(process: Process, argv: Sequence[str], *, network_only: bool = False) -> list[str]:
    """The command line that runs `argv` in a process's namespaces."""
    kinds = ["-n"] if network_only else ["-m", "-u", "-n", "-p"]
    return ["nsenter", "-t", str(process.pid), *kinds, "--", *argv]


def passed_on() -> dict[str, str]:
    """The part of the caller's environment that belongs to the terminal and the language, not to the machine."""
    names = ("TERM", "COLORTERM", "LANG", "TZ", "NO_COLOR", "COLUMNS", "LINES")
    families = ("LC_", "TEXTUAL", "VMLM_")
    chosen = {key: value for key, value in os.environ.items() if key in names or key.startswith(families)}
    chosen.pop(BUILDER, None)
    return chosen
