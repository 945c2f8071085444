"""The commands on the lab's source host: a real migration without the app, and one that another command cancels."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lab.lab_backend import LIMIT_S, LabBackend

VM = "guest1"
HERE = Path(__file__).parents[2]


class Commands:
    """Runs `vmlm-tui` of this checkout on a host of the lab."""

    def __init__(self, lab_backend: LabBackend, config: Path, host: str = "source") -> None:
        self._machine = lab_backend.lab.machine(host)
        self._settings = [f"PYTHONPATH={HERE}", f"VMLM_CONFIG={config}"]

    def start(self, *words: str) -> "subprocess.Popen[str]":
        argv = self._machine.argv(["env", *self._settings, "vmlm-tui", *words])
        pipe = subprocess.PIPE
        return subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, text=True)

    def run(self, *words: str) -> tuple[int, str, str]:
        """The exit status, stdout and stderr."""
        process = self.start(*words)
        out, err = process.communicate(timeout=LIMIT_S)
        return process.returncode, out, err

    def status(self) -> dict[str, Any]:
        status, out, err = self.run("status", "--json")
        assert (status, err) == (0, "")
        document: dict[str, Any] = json.loads(out)
        return document


@pytest.fixture
def commands(lab_backend: LabBackend, tmp_path: Path) -> Iterator[Commands]:
    settings = lab_backend.lab.place.config.read_text()
    usual = next(line for line in settings.splitlines() if line.startswith("folder = "))
    config = tmp_path / "config.toml"
    config.write_text(settings.replace(usual, f'folder = "{tmp_path / "runs"}"'))
    yield Commands(lab_backend, config)
    lab_backend.lab.machine("source").succeeds(["virsh", "domjobabort", VM])  # of a test that failed


def test_migrate_moves_the_vm_and_its_last_line_has_the_result(commands: Commands, lab_backend: LabBackend) -> None:
    words = ("--to", "destination", "--technique", "post-copy-timeout", "--timeout", "2s", "--bandwidth", "50MiB/s")
    status, out, err = commands.run("migrate", VM, *words, "--json")
    assert (status, err) == (0, "")
    *records, last = out.splitlines()
    result = json.loads(last)
    assert (result["kind"], result["outcome"]) == ("result", "completed")
    assert result["verified"] == f"{VM} runs on destination and is gone from source."
    assert result["figures"]["from_libvirt"] is True
    assert (Path(result["run"]) / "raw.jsonl").read_text().splitlines() == records
    assert lab_backend.states() == {"source": "", "destination": "running"}

    status, out, _ = commands.run("status")
    assert status == 0
    assert f"{VM}  running on destination" in out.splitlines()
    assert commands.run("migrate", VM, "--to", "destination")[0] == 2


def test_cancel_from_a_second_process_ends_a_slow_migration(commands: Commands, lab_backend: LabBackend) -> None:
    slow = commands.start("migrate", VM, "--technique", "pre-copy", "--bandwidth", "2MiB/s", "--json")
    assert slow.stdout
    lines = iter(slow.stdout)
    assert next(line for line in lines if json.loads(line)["kind"] == "iteration")
    (migration,) = commands.status()["migrations"]
    assert (migration["vm"], migration["origin"], migration["over"]) == (VM, "source", False)
    assert commands.run("cancel", VM) == (0, f"The migration of {VM} is cancelled: it stays on source.\n", "")
    *_, last = lines
    assert slow.wait(LIMIT_S) == 3
    assert json.loads(last)["outcome"] == "cancelled"
    assert lab_backend.states()["source"] == "running"


REMOTE = """
[hosts.source]
ssh = "root@source"
libvirt = "qemu+ssh://root@source/system"
[hosts.destination]
ssh = "root@destination"
[vm]
name = "guest1"
ssh = "root@guest1"
"""


def test_a_computer_that_runs_no_vms_moves_one_between_two_that_do(lab_backend: LabBackend, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(f'{REMOTE}[runs]\nfolder = "{tmp_path / "runs"}"\n')
    admin = Commands(lab_backend, config, "storage")
    status, out, _ = admin.run("hosts", "--json")
    listed = json.loads(out)["hosts"]
    assert [(each["name"], each["here"], each["libvirt"]) for each in listed] == [
        ("source", False, "qemu+ssh://root@source/system?no_tty=1"),
        ("destination", False, "qemu+ssh://root@destination/system?no_tty=1"),
    ]
    for to in ("destination", "source"):
        status, out, err = admin.run("migrate", VM, "--technique", "post-copy-timeout", "--timeout", "2s", "--json")
        assert (status, [line for line in err.splitlines() if "is taken" not in line]) == (0, [])
        result = json.loads(out.splitlines()[-1])
        assert result["outcome"] == "completed"
        assert result["verified"].startswith(f"{VM} runs on {to} and is gone from")
        assert lab_backend.states()[to] == "running"
