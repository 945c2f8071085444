"""A lab as a whole: starts, repairs and removes it."""

import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from tui.core.failure import Failure
from tui.lab import config, disk, domain, guest, keys, kvm, network, nfs, size, userland, vms
from tui.lab.command import require
from tui.lab.cpio import Archive
from tui.lab.inventory import GUEST, MOST_VMS, SOURCE, STORAGE, Guest, vms_of
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
    """One lab; it calls `on_progress` with one line for each step."""

    place: Place
    on_progress: Callable[[str], None]

    def machine(self, name: str) -> Machine:
        """The lab's host of that name; Failure if there is none."""
        for machine in self.machines:
            if machine.host.name == name:
                return machine
        names = ", ".join(machine.host.name for machine in self.machines)
        raise Failure(f"the lab has no host {name!r}", hint=f"Its hosts are {names}.")

    @property
    def machines(self) -> list[Machine]:
        """All hosts of the lab."""
        return [Machine(self.place, host) for host in size.hosts(self.place)]

    @property
    def hypervisors(self) -> list[Machine]:
        """The hosts that run libvirtd."""
        return [machine for machine in self.machines if machine.host.hypervisor]

    @property
    def guests(self) -> list[Guest]:
        """The guest and the small VMs."""
        return [GUEST, *vms.chosen(self.place)]

    @property
    def server(self) -> nfs.Server | None:
        """The machine that is the storage host, in a lab with NFS."""
        return nfs.Server(self.machine(STORAGE.name)) if self.place.nfs.exists() else None

    def argv(self, host: str, words: Sequence[str]) -> list[str]:
        """The command line that runs a command on a host."""
        server = self.server if host == STORAGE.name else None
        return server.argv(words) if server else self.machine(host).argv(words)

    def up(
        self,
        rate: str | None = None,
        *,
        nbd: bool = False,
        with_nfs: bool = False,
        userlands: Mapping[str, str] | None = None,
        hypervisors: int | None = None,
        small_vms: int | None = None,
        boot: bool = False,
    ) -> None:
        """Starts the lab, or repairs it; the link rate (`none`: no limit) is stored until another is given.

        `userlands` has the Debian suite by host; None keeps the lab's. They cannot be changed while it is up, nor can
        the number of hypervisors. `small_vms` is the number of VMs besides the guest; None keeps it, and it only grows.
        With `boot`, every VM that is shut off starts; it takes its time to answer.
        With `nbd` the storage host of a new lab serves the disk over NBD, as an older libvirt requires. `with_nfs`
        makes the storage host of a new lab a machine with an NFS server.
        """
        require(PROGRAMS)
        with self._locked():
            self.place.folder.mkdir(parents=True, exist_ok=True)
            self.place.folder.chmod(0o700)
            if hypervisors is not None:
                size.choose(self.place, hypervisors)
            if small_vms is not None:
                vms.choose(self.place, small_vms)
            self._choose_userlands(userlands)
            if with_nfs:
                nfs.choose(self.place, self.on_progress, exists=self._exists())
            keys.make_keys(self.place)
            self._install_images()
            vms.install_disks(self.place, self.on_progress)
            with ThreadPoolExecutor() as pool:
                list(pool.map(Machine.write_files, self.machines))
                self._connect(pool, rate)
                if self.server and self.server.launch():
                    self.on_progress("storage: its machine boots; without KVM that takes 1 to 3 minutes")
                self._choose_disk(nbd=nbd or self.place.nfs.exists())
                for machine, started in zip(self.machines, pool.map(Machine.start_daemons, self.machines), strict=True):
                    if started:
                        self.on_progress(f"{machine.host.name}: {' and '.join(started)} started")
            self._define(boot=boot)
            if self.server:
                self.server.set_up()
            config.write(self.place)

    def down(self) -> None:
        """Ends every process of the lab and removes its folder, also after an interrupted `up`."""
        if not self.place.folder.exists() and not self.place.lock.exists() and not self._leftovers():
            self.on_progress(f"there is no lab {self.place.name!r}")
            return
        with self._locked():
            self._end_processes()
            if self.place.folder.exists():
                shutil.rmtree(self.place.folder)
            self.place.lock.unlink(missing_ok=True)
        if STATE.is_dir() and not any(STATE.iterdir()):
            STATE.rmdir()
        self.on_progress(f"lab {self.place.name!r} is removed")

    def _exists(self) -> bool:
        """Whether the lab is up, or was; an interrupted start may have left a host."""
        return self.place.config.exists() or any(machine.process() for machine in self.machines)

    def _choose_userlands(self, wanted: Mapping[str, str] | None) -> None:
        """Stores the suites, and builds the ones that are missing in the cache."""
        present = userland.chosen(self.place)
        suites = present if wanted is None else wanted
        if self._exists() and suites != present:
            raise Failure(
                f"lab {self.place.name!r} exists with {userland.described(present)}",
                "its hosts keep their userland",
                self.place.way_out,
            )
        for suite in sorted({*suites.values()}):
            userland.prepare(suite, self.on_progress)
        if suites != present:
            userland.choose(self.place, suites)

    def _install_images(self) -> None:
        images = self.place.images
        images.mkdir(exist_ok=True)
        files = {"vmlinuz": "vmlinuz", "disk.qcow2": f"{GUEST.name}.qcow2"}
        self._remove_old_images([*files.values(), "initrd"])
        if not all((images / name).exists() for name in [*files.values(), "initrd"]):
            built = guest.prepare(self.on_progress)
            for origin, name in files.items():
                if not (images / name).exists():
                    new = images / f"{name}.new"
                    shutil.copyfile(built / origin, new)
                    new.replace(images / name)
            new = images / "initrd.new"
            new.write_bytes((built / "initrd").read_bytes() + self._own_files())
            new.replace(images / "initrd")
            self.place.recipe.write_text(guest.cache_name())

    def _remove_old_images(self, names: list[str]) -> None:
        """Removes images of an older recipe unless a VM uses them; the guest's disk stays because it may hold data."""
        images = self.place.images
        installed = self.place.recipe.read_text() if self.place.recipe.exists() else ""
        if installed == guest.cache_name() or not any((images / name).exists() for name in names):
            return
        if any(name.startswith("qemu-system") for machine in self.hypervisors for name in machine.programs()):
            self.on_progress(f"{GUEST.name}: its image is out of date; shut it down, then `lab up` rebuilds it")
            return
        self.on_progress(f"{GUEST.name}: its image is out of date and is rebuilt; its old disk is now {OLD_DISK}")
        disk_image = images / f"{GUEST.name}.qcow2"
        if disk_image.exists():
            disk_image.replace(images / OLD_DISK)
        for name in names:
            (images / name).unlink(missing_ok=True)

    def _own_files(self) -> bytes:
        """The archive with the guest's files of this lab: authorized keys, its host key, /etc/hosts."""
        archive = Archive()
        archive.add("lab/root/.ssh/authorized_keys", self.place.key.with_suffix(".pub").read_bytes(), 0o600)
        host_key = keys.dropbear_key(self.place.host_key(GUEST.name).read_text())
        archive.add("lab/etc/dropbear/key", host_key, 0o600)
        archive.add("lab/etc/hosts", network.hosts_file(size.hosts(self.place), vms_of(MOST_VMS)).encode())
        return archive.data()

    def _connect(self, pool: ThreadPoolExecutor, rate: str | None) -> None:
        """Starts the switch and the hosts that do not run, and links every host to the switch."""
        switch = Process.recorded(self.place.folder / "switch" / "init.pid")
        if switch is None or not switch.alive():
            self.on_progress("starting the switch")
            switch = network.launch_switch(self.place.folder)
        for machine in self.machines:
            if machine.process() is None:
                self.on_progress(f"{machine.host.name}: starting")
        processes = list(pool.map(lambda machine: machine.process() or machine.launch(), self.machines))
        for machine, process in zip(self.machines, processes, strict=True):
            if not network.connected(process, machine.link):
                network.connect(switch, process, machine.link)
        if rate is not None:
            self.place.link_rate.write_text(rate)
        kept = self.place.link_rate.read_text() if self.place.link_rate.exists() else network.DEFAULT_RATE
        for machine, process in zip(self.machines, processes, strict=True):
            if machine.host.hypervisor:
                network.limit(process, kept)

    def _choose_disk(self, *, nbd: bool) -> None:
        """Chooses how the hosts share the guest's disk; an existing lab keeps its choice."""
        if self.place.nbd.exists() or self.place.config.exists():
            return
        version = min(machine.libvirt_version() for machine in self.hypervisors)
        if version < disk.SHARED_SINCE:
            number = ".".join(map(str, version))
            self.on_progress(f"libvirt {number} cannot declare a folder as shared: storage serves the disk over NBD")
        elif not nbd:
            return
        self.place.nbd.touch()

    def _define(self, *, boot: bool) -> None:
        """Defines the guests that no host has, and with `boot` starts those that are shut off."""
        moving = {name for machine in self.hypervisors for name in machine.migrating()}
        for each in self.guests:
            if each.name in moving:
                self.on_progress(f"{each.name} is migrating: nothing about it is changed")
        settled = [each for each in self.guests if each.name not in moving]
        if defined := domain.define_where_missing(self.hypervisors, settled, accelerated=self._accelerated):
            self.on_progress(f"{_names(defined)}: defined on {SOURCE.name}")
        if GUEST in settled and GUEST not in defined and domain.add_agent_channel(self.hypervisors):
            self.on_progress(f"{GUEST.name}: the channel of its guest agent takes effect at its next start")
        if boot and (started := domain.start_where_shut_off(self.hypervisors, settled)):
            self.on_progress(f"{_names(started)}: starting")

    def _accelerated(self) -> bool:
        usable = kvm.usable()
        self.on_progress("guests run on KVM" if usable else "KVM is not usable here: QEMU emulates, which is slower")
        return usable

    def _leftovers(self) -> list[Process]:
        return processes_with(MARK, str(self.place.folder))

    def _end_processes(self) -> None:
        recorded = [Process.recorded(folder / "init.pid") for folder in self.place.folder.glob("*")]
        end_all(lambda: [*filter(None, recorded), *self._leftovers()], "the lab")

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Holds the lab's lock and first ends programs of a killed holder, which would otherwise go on building."""
        STATE.mkdir(mode=0o755, parents=True, exist_ok=True)
        with held(self.place.lock, f"lab {self.place.name!r}", self.on_progress):
            for process in processes_with(BUILDER, str(self.place.folder)):
                process.kill()
            os.environ[BUILDER] = str(self.place.folder)
            try:
                yield
            finally:
                del os.environ[BUILDER]


def _names(guests: Sequence[Guest]) -> str:
    """The names of guests for a line of progress: all of a few, the first and the last of many."""
    names = [each.name for each in guests]
    return ", ".join(names) if len(names) <= 3 else f"{names[0]} to {names[-1]} ({len(names)} VMs)"


def purge() -> None:
    """Removes the cache that all labs of this machine share; Failure if a lab runs in a tree of it."""
    uses = {"userlands": "its hosts run in a tree of another Debian release", "nfs": "its storage host runs from it"}
    for file in (file for use in uses for file in STATE.glob(f"*/{use}")):
        name = file.parent.name
        raise Failure(
            f"the cache is in use by lab {name!r}",
            uses[file.name],
            f"Run `{Place(name).command('down')}` first.",
        )
    if CACHE.exists():
        shutil.rmtree(CACHE)
