"""A lab as a whole: brought up, repaired, looked at, taken down."""

import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from tui.core.failure import Failure
from tui.lab import config, disk, domain, guest, keys, kvm, network
from tui.lab.command import require
from tui.lab.cpio import Archive
from tui.lab.inventory import GUEST, HOSTS, SOURCE
from tui.lab.lock import held
from tui.lab.machine import Machine
from tui.lab.namespaces import BUILDER, MARK
from tui.lab.place import CACHE, STATE, Place
from tui.lab.process import Process, end_all, processes_with

OLD_DISK = f"{GUEST.name}-before.qcow2"
PROGRAMS = (
    "unshare", "nsenter", "mount", "ip", "tc", "ssh", "sshd", "ssh-keygen", "libvirtd", "virsh", "qemu-system-x86_64",
    "qemu-img", "qemu-nbd", "dnsmasq", "mke2fs", "depmod", "tar", "dpkg-deb", "apt-get",
)  # fmt: skip


@dataclass(frozen=True)
class Lab:
    """One lab; `say` gets a line about each thing it does."""

    place: Place
    on_progress: Callable[[str], None]

    def machine(self, name: str) -> Machine:
        """The lab's host of that name."""
        for host in HOSTS:
            if host.name == name:
                return Machine(self.place, host)
        raise Failure(f"the lab has no host {name!r}", hint=f"Its hosts are {', '.join(host.name for host in HOSTS)}.")

    @property
    def machines(self) -> list[Machine]:
        return [Machine(self.place, host) for host in HOSTS]

    @property
    def hypervisors(self) -> list[Machine]:
        return [machine for machine in self.machines if machine.host.hypervisor]

    def up(self, rate: str | None = None, *, nbd: bool = False) -> None:
        """Brings the lab up, or repairs it; a rate (`none`: no limit) is kept until another is given.

        With `nbd` a new lab gets what an older libvirt needs on any: its storage host serves the disk over NBD.
        """
        require(PROGRAMS)
        with self._alone():
            self.place.folder.mkdir(parents=True, exist_ok=True)
            self.place.folder.chmod(0o700)
            keys.make_keys(self.place)
            self._lay_images()
            with ThreadPoolExecutor() as pool:
                list(pool.map(Machine.furnish, self.machines))
                self._connect(pool, rate)
                self._choose_disk(nbd=nbd)
                for machine, started in zip(self.machines, pool.map(Machine.start_daemons, self.machines), strict=True):
                    if started:
                        self.on_progress(f"{machine.host.name}: {' and '.join(started)} started")
            if domain.define_where_missing(self.hypervisors, accelerated=self._accelerated):
                self.on_progress(f"{GUEST.name}: defined on {SOURCE.name}")
            elif domain.give_agent_channel(self.hypervisors):
                self.on_progress(f"{GUEST.name}: has a channel for its guest agent from its next start on")
            config.write(self.place)

    def down(self) -> None:
        """Ends every process of the lab and removes its folder; whatever state it was left in."""
        if not self.place.folder.exists() and not self.place.lock.exists() and not self._leftovers():
            self.on_progress(f"there is no lab {self.place.name!r}")
            return
        with self._alone():
            self._end_processes()
            if self.place.folder.exists():
                shutil.rmtree(self.place.folder)
            self.place.lock.unlink(missing_ok=True)
        if STATE.is_dir() and not any(STATE.iterdir()):
            STATE.rmdir()
        self.on_progress(f"lab {self.place.name!r} is gone")

    def _lay_images(self) -> None:
        images = self.place.images
        images.mkdir(exist_ok=True)
        files = {"vmlinuz": "vmlinuz", "disk.qcow2": f"{GUEST.name}.qcow2"}
        self._put_old_images_away([*files.values(), "initrd"])
        if not all((images / name).exists() for name in [*files.values(), "initrd"]):
            ready = guest.prepare(self.on_progress)
            for origin, name in files.items():
                if not (images / name).exists():
                    new = images / f"{name}.new"
                    shutil.copyfile(ready / origin, new)
                    new.replace(images / name)
            new = images / "initrd.new"
            new.write_bytes((ready / "initrd").read_bytes() + self._own_files())
            new.replace(images / "initrd")
            self.place.recipe.write_text(guest.cache_name())

    def _put_old_images_away(self, names: list[str]) -> None:
        """Those of an older recipe, while no VM runs from them; the guest's disk is kept, somebody may miss it."""
        images = self.place.images
        laid = self.place.recipe.read_text() if self.place.recipe.exists() else ""
        if laid == guest.cache_name() or not any((images / name).exists() for name in names):
            return
        if any(name.startswith("qemu-system") for machine in self.hypervisors for name in machine.programs()):
            self.on_progress(
                f"{GUEST.name}: its image is of an older recipe; shut it down, then `lab up` makes it anew"
            )
            return
        self.on_progress(
            f"{GUEST.name}: its image is of an older recipe and is made anew; its disk is kept as {OLD_DISK}"
        )
        disk_image = images / f"{GUEST.name}.qcow2"
        if disk_image.exists():
            disk_image.replace(images / OLD_DISK)
        for name in names:
            (images / name).unlink(missing_ok=True)

    def _own_files(self) -> bytes:
        """What the guest has of this lab alone: who may log in, and by which key it is known."""
        archive = Archive()
        archive.add("lab/root/.ssh/authorized_keys", self.place.key.with_suffix(".pub").read_bytes(), 0o600)
        host_key = keys.dropbear_key(self.place.host_key(GUEST.name).read_text())
        archive.add("lab/etc/dropbear/key", host_key, 0o600)
        archive.add("lab/etc/hosts", network.hosts_file().encode())
        return archive.data()

    def _connect(self, pool: ThreadPoolExecutor, rate: str | None) -> None:
        """Starts what does not run of the switch and the hosts, and links every host to the switch."""
        switch = Process.recorded(self.place.folder / "switch" / "init.pid")
        if switch is None or not switch.alive():
            self.on_progress("starting the switch")
            switch = network.launch_switch(self.place.folder)
        for machine in self.machines:
            if machine.process() is None:
                self.on_progress(f"{machine.host.name}: starting")
        processes = list(pool.map(lambda machine: machine.process() or machine.launch(), self.machines))
        for machine, process in zip(self.machines, processes, strict=True):
            if not network.connected(process, machine.host):
                network.connect(switch, process, machine.host)
        if rate is not None:
            self.place.link_rate.write_text(rate)
        kept = self.place.link_rate.read_text() if self.place.link_rate.exists() else network.USUAL_RATE
        for machine, process in zip(self.machines, processes, strict=True):
            if machine.host.hypervisor:
                network.limit(process, kept)

    def _choose_disk(self, *, nbd: bool) -> None:
        """Decides how the hosts share the guest's disk; once the lab has been up, its guest is defined that way."""
        if self.place.nbd.exists() or self.place.config.exists():
            return
        version = self.machine(SOURCE.name).libvirt_version()
        if version < disk.SHARED_SINCE:
            number = ".".join(map(str, version))
            self.on_progress(
                f"libvirt {number} can't be told that a folder is shared: storage serves the disk over NBD"
            )
        elif not nbd:
            return
        self.place.nbd.touch()

    def _accelerated(self) -> bool:
        jobs = kvm.jobs()
        self.on_progress(
            "KVM works here" if jobs else "no guest runs on KVM here: QEMU emulates (slower, all else is the same)"
        )
        return jobs

    def _leftovers(self) -> list[Process]:
        return processes_with(MARK, str(self.place.folder))

    def _end_processes(self) -> None:
        recorded = [Process.recorded(folder / "init.pid") for folder in self.place.folder.glob("*")]
        end_all(lambda: [*filter(None, recorded), *self._leftovers()], "the lab")

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Holds the lab's lock; what a killed holder had begun is ended first, or it would build on beside us."""
        STATE.mkdir(mode=0o755, parents=True, exist_ok=True)
        with held(self.place.lock, f"lab {self.place.name!r}", self.on_progress):
            for process in processes_with(BUILDER, str(self.place.folder)):
                process.kill()
            os.environ[BUILDER] = str(self.place.folder)
            try:
                yield
            finally:
                del os.environ[BUILDER]


def purge() -> None:
    """Removes what all labs of this machine share: the guest built from packages."""
    if CACHE.exists():
        shutil.rmtree(CACHE)
