"""What the tests of lab share."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.lab.lab_backend import LIMIT_S
from tui.adapters.local import LocalShell
from tui.core.command import Completed
from tui.lab.lab import Lab
from tui.lab.machine import Machine
from tui.lab.namespaces import MARK
from tui.lab.process import Process, processes_with, start_time


class OnMachine(LocalShell):
    """Commands on a host of the lab."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    async def run(self, argv: Sequence[str], **how: Any) -> Completed:
        return await super().run(self._machine.argv(argv), **how)


def command(*words: str, before: tuple[str, ...] = ()) -> "subprocess.CompletedProcess[str]":
    """Runs `vmlm-tui lab` in its own process."""
    argv = [*before, sys.executable, "-m", "tui.lab", *words]
    return subprocess.run(argv, capture_output=True, text=True, timeout=LIMIT_S, check=False)


def processes(lab: Lab) -> set[Process]:
    """All processes of the lab, also by namespace, because sshd and QEMU do not keep their environment."""
    marked = processes_with(MARK, str(lab.place.folder))
    own = namespaces({process.pid for process in marked}, "net") - namespaces({os.getpid()}, "net")
    return {*marked, *(process for process, used in namespaces_in_use("net").items() if used & own)}


def kill_daemon(lab: Lab, name: str, host: str = "source") -> None:
    lab.machine(host).run(["sh", "-c", f'kill -9 "$(cat /run/{name}.pid)"'])


def namespaces(pids: set[int], *kinds: str) -> set[Path]:
    """The namespaces of those processes that still run."""
    found = set()
    for pid in pids:
        with suppress(OSError):
            found |= {Path(f"/proc/{pid}/ns/{kind}").readlink() for kind in kinds}
    return found


def namespaces_in_use(*kinds: str) -> dict[Process, set[Path]]:
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended
            process = Process(int(folder.name), start_time((folder / "stat").read_text()))
            found[process] = namespaces({process.pid}, *kinds)
    return found


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + LIMIT_S
    while not true():
        assert time.monotonic() < end, "the condition did not become true"
