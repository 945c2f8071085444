"""The Debian package in a clean system of this machine's release: it installs, runs, and leaves nothing behind."""

import json
import os
import platform
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.app.programs import Terminal
from tui import __version__
from tui.app.screens.demo import NOTICE

DIST = Path(__file__).parents[2] / "dist"
LIMIT_S = 600
# Prints what libvirt's own test driver has, through the app's adapter and the binding of the distribution.
ADAPTER = (
    "from tui.adapters.libvirt.hypervisor import connect; print([vm.name for vm in connect('test:///default').vms()])"
)


def release() -> str:
    """The codename of this machine's release of Debian; empty on another distribution."""
    found = platform.freedesktop_os_release()
    return found.get("VERSION_CODENAME", "") if found["ID"] == "debian" else ""


def sources(codename: str) -> str:
    """The lines of sources.list for a release, from this machine's own mirror."""
    form = "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $(REPO_URI) $(CODENAME) $(COMPONENT)"
    argv = ["apt-get", "indextargets", "--format", form, "Created-By: Packages"]
    lines = subprocess.run(argv, capture_output=True, text=True, check=True).stdout.splitlines()
    suites = (codename, f"{codename}-updates", f"{codename}-security")
    return "".join(sorted({f"{line}\n" for line in lines if line.endswith(tuple(f" {each} main" for each in suites))}))


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The root folder of a clean system with the package."""
    if os.geteuid() != 0 or shutil.which("mmdebstrap") is None:
        pytest.skip("it needs root and mmdebstrap")
    lines = sources(release()) if release() else ""
    if not lines:
        pytest.skip("this machine has no package source of Debian")
    debs = sorted(DIST.glob(f"vmlm-tui_{__version__}~{release()}_*.deb"))
    if not debs:
        pytest.skip("there is no package in dist/: `make deb` builds it")
    folder = tmp_path_factory.mktemp("deb")
    (folder / "sources.list").write_text(lines)
    depends = subprocess.run(["dpkg-deb", "-f", debs[-1], "Depends"], capture_output=True, text=True, check=True).stdout
    include = ",".join(sorted(set(re.findall(r"(?:^|, )([a-z0-9.+-]+)", depends))))
    root = folder / "root"
    hook = f'cp "{debs[-1]}" "$1/tmp/vmlm-tui.deb" && chroot "$1" dpkg -i /tmp/vmlm-tui.deb'
    argv = ["mmdebstrap", "--mode=root", "--variant=minbase", f"--include={include}", f"--customize-hook={hook}"]
    done = subprocess.run(
        [*argv, release(), root, folder / "sources.list"], capture_output=True, text=True, check=False, timeout=LIMIT_S
    )
    assert done.returncode == 0, done.stderr[-3000:]
    yield root
    shutil.rmtree(root)


def inside(root: Path, *argv: str) -> "subprocess.CompletedProcess[str]":
    """Run a command in the system."""
    environ = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "TERM": "xterm-256color", "LANG": "C.UTF-8"}
    return subprocess.run(
        ["chroot", root, *argv], env=environ, capture_output=True, text=True, check=False, timeout=LIMIT_S
    )


def test_the_package_runs_with_the_libvirt_of_the_distribution(system: Path) -> None:
    assert inside(system, "vmlm-tui", "--version").stdout == f"vmlm-tui {__version__}\n"
    done = inside(system, "vmlm-tui", "doctor", "--json")
    document = json.loads(done.stdout)
    assert (done.returncode, document["missing"]) == (0, []), document
    done = inside(system, "/usr/lib/vmlm-tui/bin/python", "-c", ADAPTER)
    assert done.stdout == "['test']\n", done.stderr
    binding = inside(system, "/usr/lib/vmlm-tui/bin/python", "-c", "import libvirt; print(libvirt.__file__)").stdout
    assert binding == "/usr/lib/python3/dist-packages/libvirt.py\n"


def test_the_demo_runs_from_the_package(system: Path) -> None:
    program = "import os, sys; os.chroot(sys.argv[1]); os.chdir('/'); os.execvp('vmlm-tui', ['vmlm-tui', 'demo'])"
    environ = {"PATH": "/usr/bin:/bin", "HOME": "/root", "TERM": "xterm-256color", "LANG": "C.UTF-8"}
    terminal = Terminal(environ, str(system), program=("-c", program))
    try:
        terminal.until(NOTICE)
        terminal.until("playing 1x")
        terminal.press("q")
        assert terminal.status() == 0
    finally:
        terminal.close()


def test_the_package_has_its_manual_and_completions(system: Path) -> None:
    for place in (
        "usr/share/man/man1/vmlm-tui.1.gz",
        "usr/share/bash-completion/completions/vmlm-tui",
        "usr/share/zsh/vendor-completions/_vmlm-tui",
        "usr/share/fish/vendor_completions.d/vmlm-tui.fish",
        "usr/share/doc/vmlm-tui/config.example.toml",
    ):
        assert (system / place).stat().st_size > 0, place


def test_the_package_leaves_nothing_when_it_is_removed(system: Path) -> None:
    done = inside(system, "dpkg", "--purge", "vmlm-tui")
    assert done.returncode == 0, done.stderr
    left = list((system / "usr").rglob("*vmlm-tui*"))
    assert left == []
