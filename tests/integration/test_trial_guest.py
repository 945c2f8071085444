"""The guest that tries KVM, on QEMU's emulation, which needs no KVM."""

import os
import shutil
import subprocess

import pytest

from tui.core.trial_guest import RAN
from tui.lab.kvm import runs
from tui.vm.model import kvm
from tui.vm.model.kvm import RUNS, Kvm, parse_kvm

pytestmark = pytest.mark.skipif(shutil.which("qemu-system-x86_64") is None, reason="QEMU is not installed")
EMULATED = kvm.SCRIPT.replace("-accel kvm", "-accel tcg").replace("[ -c /dev/kvm ]", "true")


def test_the_lab_finds_an_accelerator_that_runs_linux() -> None:
    assert runs("tcg")


@pytest.mark.skipif(os.geteuid() != 0, reason="the script runs QEMU as another user")
def test_the_script_finds_an_accelerator_that_runs_linux() -> None:
    assert try_it(EMULATED) == Kvm(RUNS)


@pytest.mark.skipif(os.geteuid() != 0, reason="the script runs QEMU as another user")
def test_a_guest_that_ends_in_another_way_does_not_count() -> None:
    found = try_it(EMULATED.replace(f"ran={RAN}", "ran=0"))
    assert found is not None
    assert found.outcome == kvm.FAILS


def try_it(script: str) -> Kvm | None:
    """What the script finds out as root, with all the time that a busy computer needs."""
    argv = ["sh", "-c", script.replace("-s KILL 1.5", "-s KILL 60"), "sh", "0", "0"]
    return parse_kvm(subprocess.run(argv, capture_output=True, text=True, check=True).stdout)
