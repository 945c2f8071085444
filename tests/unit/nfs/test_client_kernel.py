"""A host whose kernel has no NFS client: that is what the page names, and nothing is installed for it."""

import subprocess
from pathlib import Path

import pytest

from tests.fake_hosts import answered
from tests.unit.nfs.nfs_world import SHARED, but, found, refused, world
from tui.core.settings import SOURCE
from tui.linux.packages import Package
from tui.nfs.model.script import CLIENT_SCRIPT, parse_client

# Of a host with the client loaded, and of one with the server only.
CLIENT = "nodev\tnfs\nnodev\tnfs4\n"
SERVER = "nodev\tnfsd\nnodev\trpc_pipefs\n\text4\n"


def script(filesystems: Path, modules: Path) -> str:
    """The script's part, for files in place of those of this machine, and without modprobe."""
    part = CLIENT_SCRIPT.partition("part nfs_client 5 ")[2].partition("\npart ")[0]
    part = part.replace("/proc/filesystems", str(filesystems)).replace("/lib/modules", str(modules))
    assert "modprobe -n -q nfs" in part
    return part.replace("modprobe -n -q nfs", "false")


@pytest.mark.parametrize(
    ("filesystems", "modules", "mountable"),
    [
        (CLIENT, "", True),
        (SERVER, "kernel/fs/nfs/nfs.ko.xz: kernel/fs/lockd/lockd.ko.xz\n", True),
        (SERVER, "kernel/fs/nfsd/nfsd.ko.xz: kernel/fs/lockd/lockd.ko.xz\n", False),
        (SERVER, "", False),
    ],
)
def test_the_script_finds_the_client_of_a_kernel(
    filesystems: str, modules: str, mountable: bool, tmp_path: Path
) -> None:
    (tmp_path / "filesystems").write_text(filesystems)
    release = subprocess.run(["uname", "-r"], capture_output=True, text=True, check=True).stdout.strip()
    if modules:
        (tmp_path / release).mkdir()
        (tmp_path / release / "modules.dep").write_text(modules)
    argv = ["sh", "-c", script(tmp_path / "filesystems", tmp_path)]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    assert parse_client(answered(nfs_client=done.stdout), SHARED, SOURCE).mountable is mountable


def test_a_host_that_did_not_say_is_taken_for_one_that_can_mount() -> None:
    assert parse_client(answered(), SHARED, SOURCE).mountable


@pytest.mark.parametrize("installed", [True, False])
def test_the_package_is_no_use_without_the_kernels_client(installed: bool) -> None:
    package = Package("nfs-common", "apt", installed, known=True, new=("nfs-common",))
    facts = but(world(), SOURCE, package=package, mountable=False)
    finding = found(facts, "source.package")
    assert finding.found == "this host's kernel has no NFS client"
    assert "modprobe nfs" in finding.hint
    assert refused(facts, "source.package") == finding.found
