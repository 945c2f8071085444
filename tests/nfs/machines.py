"""The three machines together: starts them, restores saved states, and ends them."""

import hashlib
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.nfs.inventory import MEMORY_MIB, OUTSIDE_MAC, SITES, hosts_file
from tests.nfs.machine import INSTALL_LIMIT_S, Machine
from tests.nfs.network import Network
from tui.lab import debian
from tui.lab.cache import kept
from tui.lab.command import run
from tui.lab.namespaces import MARK
from tui.lab.process import end_all, processes_with
from tui.lab.qemu import accelerator

RECIPE = "1"  # increase it if states of an earlier recipe can't be used
BARE = "bare"
INSTALLED = "installed"  # bare with the NFS packages, because installing them takes a minute
SET_UP = "set-up"  # bare, with libvirt and QEMU on the source as `make setup` leaves them
FIREWALLED = "firewalled"  # installed, with firewalld on the storage server and the destination

# Of .ci/setup on a Debian 12 without libvirt: the backports, and no daemon that starts.
MAKE_SETUP = """
printf '%s\\n' 'Package: src:libvirt src:qemu src:seabios' 'Pin: release n=bookworm-backports' \\
  'Pin-Priority: 500' > /etc/apt/preferences.d/vmlm-tui
printf '#!/bin/sh\\nexit 101\\n' > /usr/sbin/policy-rc.d
chmod 755 /usr/sbin/policy-rc.d
DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends \\
  libvirt-daemon libvirt-daemon-driver-qemu libvirt-clients qemu-system-x86 qemu-utils
rm /usr/sbin/policy-rc.d
systemctl list-unit-files --no-legend --no-pager --state=enabled 'libvirt*' 'virt*' 'qemu*' | cut -d ' ' -f 1 |
  xargs -r systemctl --quiet disable
"""


class Machines:
    """The machines of one test run; all their files are in `folder`."""

    def __init__(self, folder: Path, on_progress: Callable[[str], None]) -> None:
        self.folder = folder
        self.on_progress = on_progress
        self._pool = ThreadPoolExecutor()
        clear(folder)  # removes what a killed run left
        self._image = debian.prepare(on_progress)
        folder.mkdir(mode=0o700)
        self._write_ssh()
        self.network = Network.make(folder)
        self._machines = {site.name: Machine(site, folder, self._image, self.network) for site in SITES}

    @property
    def storage(self) -> Machine:
        """The storage server."""
        return self._machines["storage"]

    @property
    def source(self) -> Machine:
        """The source."""
        return self._machines["source"]

    @property
    def destination(self) -> Machine:
        """The destination."""
        return self._machines["destination"]

    def __iter__(self) -> Iterator[Machine]:
        return iter(self._machines.values())

    def each(self, do: Callable[[Machine], object]) -> None:
        """Calls `do` with all machines in parallel."""
        list(self._pool.map(do, self))

    def files(self) -> dict[str, dict[str, str]]:
        """The traces of setup and undo on each machine."""
        return {machine.name: machine.files() for machine in self}

    def save(self, name: str) -> None:
        """Saves the state of all machines for `restore` until the end of the run; breaks their connections."""
        folder = self._snapshot(name)
        folder.mkdir(parents=True)
        self.each(lambda machine: machine.save(folder))
        self.restore(name)

    def restore(self, name: str = BARE) -> None:
        """Restores a saved state of all machines; breaks their connections."""
        folder = self._snapshot(name)
        self.each(lambda machine: machine.start(folder / f"{machine.name}.qcow2", folder / f"{machine.name}.state"))

    def down(self) -> None:
        """Ends all machines; only the cache remains."""
        self.each(Machine.power_off)
        self._pool.shutdown()
        clear(self.folder)

    def _snapshot(self, name: str) -> Path:
        if name == BARE:
            return self._kept(BARE, "the machines' first boot", self._boot)
        if name == INSTALLED:
            self._snapshot(BARE)  # first, because the cache builds one entry at a time
            return self._kept(INSTALLED, "the packages of NFS", self._install)
        if name == SET_UP:
            self._snapshot(BARE)
            return self._kept(SET_UP, "what `make setup` installs on the source", self._make_setup)
        if name == FIREWALLED:
            self._snapshot(INSTALLED)
            return self._kept(FIREWALLED, "firewalld", self._guard)
        return self.folder / "saved" / name

    def _kept(self, name: str, what: str, make: Callable[[], None]) -> Path:
        """A state in the cache that all runs use; `make` brings the machines into it."""
        qemu = run(["qemu-system-x86_64", "-version"])
        made = (self._image.folder.name, qemu, accelerator())
        recipe = repr((RECIPE, *made, MEMORY_MIB, SITES, OUTSIDE_MAC, hosts_file()))

        def build(_work: Path, result: Path) -> None:
            make()
            self.each(lambda machine: machine.save(result))

        return kept(f"{name}-{hashlib.sha256(recipe.encode()).hexdigest()[:16]}", what, build, self.on_progress)

    def _boot(self) -> None:
        def boot(machine: Machine) -> None:
            machine.start(self._image.disk)
            machine.ssh("sh", "-c", 'echo "$0" > /etc/hostname; hostname "$0"', machine.name)
            machine.ssh("tee", "/etc/hosts", stdin=hosts_file())
            if machine is self.storage:
                machine.ssh("userdel", "libvirt-qemu")  # it has no libvirt
            machine.ssh("systemctl", "is-system-running", "--wait")

        self.on_progress("debian: booting three machines (once)")
        self.each(boot)

    def _install(self) -> None:
        self.restore(BARE)
        self.on_progress("debian: installing NFS on them (once)")
        self.each(lambda machine: machine.install("nfs-kernel-server" if machine is self.storage else "nfs-common"))

    def _make_setup(self) -> None:
        self.restore(BARE)
        self.on_progress("debian: installing libvirt and QEMU on the source (once)")
        self.source.ssh("sh", "-ec", MAKE_SETUP, limit_s=INSTALL_LIMIT_S)

    def _guard(self) -> None:
        self.restore(INSTALLED)
        self.on_progress("debian: installing firewalld on two of them (once)")
        self.each(lambda machine: machine.install("firewalld") if machine is not self.source else None)

    def _write_ssh(self) -> None:
        """Writes an ssh folder whose configuration logs in to all machines and trusts their host key."""
        folder = self.folder / "ssh"
        folder.mkdir(mode=0o700)
        kind, key = self._image.host_key.read_text().split()[:2]
        known = folder / "known_hosts"
        known.write_text("".join(f"{site.name},{site.address} {kind} {key}\n" for site in SITES))
        names = "".join(f"Host {site.name}\n  HostName {site.address}\n" for site in SITES)
        (folder / "config").write_text(
            f"{names}Host *\n  IdentityFile {self._image.key}\n  IdentitiesOnly yes\n  UserKnownHostsFile {known}\n"
            "  BatchMode yes\n  ConnectTimeout 20\n  LogLevel ERROR\n"
        )


def clear(folder: Path) -> None:
    """Ends every process of the machines in this folder, and removes it."""
    end_all(lambda: processes_with(MARK, str(folder)), "the machines")
    if folder.exists():
        shutil.rmtree(folder)
