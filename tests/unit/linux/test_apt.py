"""The commands that remove packages, run by a shell with other programs in the place of those of adduser."""

import subprocess
from pathlib import Path

import pytest

from tui.linux.apt import SPARE


@pytest.mark.parametrize(
    ("call", "reaches"),
    [
        ("deluser --quiet --system libvirt-qemu", ""),
        ("delgroup libvirt", ""),
        ("deluser libvirt-dnsmasq", "deluser libvirt-dnsmasq\n"),
        ("delgroup --only-if-empty libvirt-qemu-2", "delgroup --only-if-empty libvirt-qemu-2\n"),
    ],
)
def test_scripts_of_packages_cannot_delete_users_and_groups_from_before(
    tmp_path: Path, call: str, reaches: str
) -> None:
    for name in ("deluser", "delgroup"):
        (tmp_path / name).write_text('#!/bin/sh\necho "$(basename "$0") $*"\n')
        (tmp_path / name).chmod(0o755)
    (tmp_path / "dpkg").mkdir()
    script = SPARE.replace("/usr/sbin", str(tmp_path)).replace("/var/lib/dpkg", str(tmp_path / "dpkg"))
    argv = ["sh", "-c", script, "sh", "libvirt libvirt-qemu", "sh", "-c", f"{call}; exit 3"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr, done.returncode) == (reaches, "", 3)
    assert list((tmp_path / "dpkg").iterdir()) == []
