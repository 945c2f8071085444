"""A lab host: its own /etc, keys, libvirt folders and daemons, and how to run a program on it."""

import re
import shutil
import sys
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tui.core.failure import Failure
from tui.lab import disk, keys, network, size, userland, vms
from tui.lab.command import SYSTEM_PATH, run, succeeds
from tui.lab.inventory import BOX, GUEST, STORAGE, Guest, Host
from tui.lab.namespaces import MARK, inherited, inside, launch
from tui.lab.place import NFS_FOLDER, SHARED_FOLDER, STORAGE_FOLDER, Place
from tui.lab.process import Process

INIT = Path(__file__).parent / "host-init"
# The host's /etc is a copy of the machine's, so that programs find their files; these belong to the machine alone.
NOT_COPIED = ("ssh", "libvirt", "exports", "exports.d", "fstab", "resolv.conf", "machine-id", "hostname", "hosts")
REPLY_LIMIT_S = 10.0


@dataclass(frozen=True)
class Machine:
    """One host of one lab."""

    place: Place
    host: Host

    @property
    def folder(self) -> Path:
        """The folder of its files."""
        return self.place.host(self.host.name)

    @property
    def link(self) -> Host:
        """Its name and addresses in the network; in a lab with NFS, the storage host itself is a machine in QEMU."""
        return BOX if self.host == STORAGE and self.place.nfs.exists() else self.host

    @property
    def nfs_folder(self) -> Path | None:
        """The folder of its own below which it mounts the images; None in a lab without NFS."""
        return self.folder / "nfs" if self.host.hypervisor and self.place.nfs.exists() else None

    @property
    def home(self) -> Path:
        """The home of its root user."""
        return self.folder / "home"

    @property
    def suite(self) -> str:
        """The Debian suite of its userland; "" if it runs the programs of this machine."""
        return userland.chosen(self.place).get(self.host.name, "")

    @property
    def etc(self) -> Path:
        """The folder that is its /etc."""
        return self.folder / "userland/etc" if self.suite else self.folder / "etc"

    @property
    def path(self) -> str:
        """The PATH of its programs, where the app comes first."""
        first = self.folder / "userland/bin" if self.suite else Path(sys.executable).parent
        return f"{first}:{SYSTEM_PATH}"

    def process(self) -> Process | None:
        """Its first process; None if the host is down."""
        process = Process.recorded(self.folder / "init.pid")
        return process if process and process.alive() and (self.folder / "ready").exists() else None

    def programs(self) -> list[str]:
        """The names of all processes on it, even if its daemons do not answer."""
        process = self.process()
        return process.names_in_namespace() if process else []

    def write_files(self) -> None:
        """Writes every file of the host that is missing or wrong."""
        for name in ("libvirt-lib", "libvirt-log", "libvirt-cache", "stage", "home/.ssh"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        if self.nfs_folder:
            self.nfs_folder.mkdir(exist_ok=True)
        _copy(Path("/etc"), self.folder / "etc", without=NOT_COPIED)
        self._write_etc(self.folder / "etc")
        if self.suite:
            self._write_userland(userland.tree(self.suite))
        ssh = self.home / ".ssh"
        ssh.chmod(0o700)
        _write(ssh / "id_ed25519", self.place.key.read_text(), 0o600)
        public = self.place.key.with_suffix(".pub").read_text()
        _write(ssh / "id_ed25519.pub", public)
        _write(ssh / "authorized_keys", public, 0o600)
        _write(ssh / "known_hosts", keys.known_hosts(self.place))

    def launch(self) -> Process:
        """Starts the host, without its daemons and its link."""
        old = Process.recorded(self.folder / "init.pid")
        if old:
            old.kill()
        env = {
            MARK: str(self.place.folder),
            "VMLM_HOST": self.host.name,
            "VMLM_SHARED": str(SHARED_FOLDER),
            "VMLM_STORAGE": str(STORAGE_FOLDER) if self.host == STORAGE else "",
            "VMLM_NFS": str(NFS_FOLDER) if self.nfs_folder else "",
            "VMLM_TREE": str(userland.tree(self.suite)) if self.suite else "",
            "VMLM_MACHINE": userland.MACHINE,
        }
        return launch(["--mount", "--uts", "--net", "--pid", "--fork", "--kill-child"], [str(INIT)], env, self.folder)

    def environment(self) -> dict[str, str]:
        """The environment of programs on this host."""
        return {
            **inherited(),
            "HOME": str(self.home),
            "USER": "root",
            "LOGNAME": "root",
            "SHELL": "/bin/bash",
            "PATH": self.path,
            "VMLM_CONFIG": str(self.place.config),
            MARK: str(self.place.folder),
        }

    def argv(self, argv: Sequence[str]) -> list[str]:
        """The command line that runs `argv` on this host, in its home; raises Failure if the host is down."""
        process = self.process()
        if process is None:
            raise Failure(f"the lab's host {self.host.name} is not up", hint=f"Run `{self.place.command('up')}`.")
        settings = [f"{key}={value}" for key, value in self.environment().items()]
        return inside(process, ["env", "-i", f"--chdir={self.home}", *settings, *argv])

    def run(self, argv: Sequence[str], *, stdin: str = "", limit_s: float = 60) -> str:
        """Standard output of a program on this host."""
        return run(self.argv(argv), stdin=stdin, limit_s=limit_s)

    def succeeds(self, argv: Sequence[str], *, limit_s: float = 60) -> bool:
        """Whether a program on this host exits with status 0 within `limit_s`."""
        return succeeds(self.argv(argv), limit_s=limit_s)

    def daemon_runs(self, name: str) -> bool:
        """Whether its daemon of that name runs, which is recorded in /run/NAME.pid."""
        script = f'pid=$(cat /run/{name}.pid) && read -r comm < "/proc/$pid/comm" && [ "$comm" = {name} ]'
        return self.succeeds(["sh", "-c", script])

    def unserved(self) -> list[Guest]:
        """The guests whose disk this host, the storage of a lab with NBD, does not serve."""
        guests = (GUEST, *vms.chosen(self.place))
        return [guest for guest in guests if not self.succeeds(["sh", "-c", disk.is_served(guest)])]

    def libvirt_answers(self) -> bool:
        """Whether its libvirtd answers within REPLY_LIMIT_S."""
        return self.succeeds(["virsh", "-c", "qemu:///system", "uri"], limit_s=REPLY_LIMIT_S)

    def libvirt_version(self) -> tuple[int, ...]:
        """The version of its libvirtd."""
        return parse_version(self.run(["libvirtd", "--version"]))

    def migrating(self) -> list[str]:
        """The names of its VMs that are migrating; reads libvirt's status files, because calls can wait for a lock."""
        script = """grep -ls "<job .*async='migration" /run/libvirt/qemu/*.xml || :"""
        return [Path(line).stem for line in self.run(["sh", "-c", script]).splitlines()]

    def start_daemons(self) -> list[str]:
        """Starts the daemons that do not run or do not answer; returns their names."""
        started = []
        if not self.daemon_runs("sshd"):
            self.run(["/usr/sbin/sshd"])
            started.append("sshd")
        if self.host == STORAGE and not self.daemon_runs("dnsmasq"):
            self.run(network.DHCP_SERVER)
            started.append("dnsmasq")
        if self.host == STORAGE and self.place.nbd.exists() and (unserved := self.unserved()):
            for guest in unserved:
                self.run(["sh", "-c", disk.serve(guest)])
            started.append("qemu-nbd")
        runs = self.host.hypervisor and self.daemon_runs("libvirtd")
        if self.host.hypervisor and not (runs and self.libvirt_answers()):
            if runs and (names := self.migrating()):
                raise Failure(
                    f"libvirtd on the lab's {self.host.name} does not answer",
                    f"it is not restarted because that would break the migration of {' and '.join(names)}",
                    f"Run `{self.place.command('up')}` again when the migration has ended.",
                )
            self.run(["sh", "-c", 'pid=$(cat /run/libvirtd.pid) && kill -9 "$pid"; rm -f /run/libvirtd.pid'])
            self.run(["libvirtd", "-d"])
            if not self.libvirt_answers():
                log = self.run(["sh", "-c", "tail -n 20 /var/log/libvirt/libvirtd.log || :"])
                errors = re.findall(r": error : (.*)", log)
                what = f"libvirtd on the lab's {self.host.name} does not answer"
                raise Failure(what, "; ".join(errors[-3:]), detail=log)
            started.append("libvirtd")
        return started

    def _write_userland(self, tree: Path) -> None:
        """Writes the host's own part of its userland, whose other files are read-only."""
        own = self.folder / "userland"
        for folder in (own / "bin", self.folder / "root"):
            folder.mkdir(parents=True, exist_ok=True)
        _copy(tree / "etc", own / "etc", without=NOT_COPIED)
        _copy(tree / "var", own / "var")
        self._write_etc(own / "etc")
        path = f"{Path(sys.executable).parent}:{SYSTEM_PATH}"
        app = f'#!/bin/sh\nPATH={path} exec chroot {userland.MACHINE} {sys.executable} -m tui "$@"\n'
        _write(own / "bin/vmlm-tui", app, 0o755)

    def _write_etc(self, etc: Path) -> None:
        identity = uuid.uuid5(uuid.NAMESPACE_DNS, f"{self.host.name}.{self.place.name}.vmlm-lab.invalid")
        for name in ("ssh", "libvirt"):
            (etc / name).mkdir(exist_ok=True)
        for name in ("fstab", "resolv.conf", *(["exports"] if self.host == STORAGE else [])):
            if not (etc / name).exists():
                (etc / name).touch()
        _write(etc / "hostname", f"{self.host.name}\n")
        _write(etc / "hosts", network.hosts_file(size.hosts(self.place), vms.chosen(self.place)))
        _write(etc / "machine-id", f"{identity.hex}\n")
        passwd = with_home((etc / "passwd").read_text(), str(self.home))
        _write(etc / "passwd", with_line(passwd, "libvirt-qemu:x:64055:64055::/var/lib/libvirt:/usr/sbin/nologin"))
        _write(etc / "group", with_line((etc / "group").read_text(), "libvirt-qemu:x:64055:"))
        _write(etc / "shadow", with_open_root((etc / "shadow").read_text()), 0o640)
        _write(etc / "profile.d/vmlm-lab.sh", f"export PATH='{self.path}' VMLM_CONFIG='{self.place.config}'\n")
        key = self.place.host_key(self.host.name)
        _write(etc / "ssh/ssh_host_ed25519_key", key.read_text(), 0o600)
        _write(
            etc / "ssh/ssh_config",
            "Host *\n  StrictHostKeyChecking yes\n  ConnectTimeout 10\n  SendEnv LANG LC_* COLORTERM\n"
            "  IgnoreUnknown WarnWeakCrypto\n  WarnWeakCrypto no\n",  # OpenSSH 10.1 warns of the guest's Dropbear,
        )
        _write(etc / "ssh/sshd_config", sshd_config(self.path, self.place.config))
        if self.host.hypervisor:
            _write(etc / "libvirt/libvirtd.conf", libvirtd_config(identity))
            _write(etc / "libvirt/qemu.conf", qemu_config(self.host))


def parse_version(printed: str) -> tuple[int, ...]:
    """The version in the output of `libvirtd --version`, such as `libvirtd (libvirt) 10.0.0`."""
    words = printed.split()
    found = re.match(r"\d+(?:\.\d+)*", words[-1]) if words else None
    if found is None:
        raise Failure("libvirtd does not print its version", detail=printed)
    return tuple(int(number) for number in found[0].split("."))


def with_home(passwd: str, home: str) -> str:
    """/etc/passwd with another home for root, so that root uses the lab's ssh files."""
    return re.sub(r"^(root:(?:[^:]*:){4})[^:]*", lambda found: found[1] + home, passwd, flags=re.MULTILINE)


def with_line(text: str, line: str) -> str:
    """/etc/passwd or /etc/group with this entry unless it has one of that name; an older libvirt requires it."""
    name = line.partition(":")[0]
    return text if re.search(rf"^{re.escape(name)}:", text, re.MULTILINE) else f"{text.rstrip()}\n{line}\n"


def with_open_root(shadow: str) -> str:
    """/etc/shadow with root unlocked but without a password; sshd refuses even keys for a locked account."""
    return re.sub(r"^root:[^:]*", "root:*", shadow, flags=re.MULTILINE)


def sshd_config(path: str, config: Path) -> str:
    """The text of sshd_config; SetEnv lets plain `vmlm-tui` find its program and configuration."""
    return f"""HostKey /etc/ssh/ssh_host_ed25519_key
PidFile /run/sshd.pid
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
AuthorizedKeysFile .ssh/authorized_keys
UsePAM no
UseDNS no
PrintMotd no
MaxStartups 100
MaxSessions 100
AcceptEnv LANG LC_* COLORTERM NO_COLOR
SetEnv PATH="{path}" VMLM_CONFIG="{config}"
Subsystem sftp internal-sftp
"""


def libvirtd_config(identity: uuid.UUID) -> str:
    """The text of libvirtd.conf; libvirt refuses to migrate between hosts with the same host_uuid."""
    return f'host_uuid = "{identity}"\nauth_unix_rw = "none"\nunix_sock_group = "root"\nunix_sock_rw_perms = "0700"\n'


def qemu_config(host: Host) -> str:
    """The text of qemu.conf: no features that a namespace lacks, and the image folder declared as shared."""
    return f"""user = "root"
group = "root"
dynamic_ownership = 0
remember_owner = 0
security_driver = "none"
cgroup_controllers = []
namespaces = []
stdio_handler = "file"
migration_host = "{host.name}"
shared_filesystems = [ "{SHARED_FOLDER}" ]
"""


def _copy(origin: Path, to: Path, *, without: Sequence[str] = ()) -> None:
    """Copies a folder unless the copy exists, which is complete then."""
    if to.is_dir():
        return
    unfinished = to.with_name(f"{to.name}.new")
    if unfinished.exists():
        shutil.rmtree(unfinished)
    run(["cp", "-a", str(origin), str(unfinished)])
    for name in without:
        path = unfinished / name
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    unfinished.rename(to)


def _write(path: Path, text: str, mode: int = 0o644) -> None:
    """Replaces a file atomically, so that a crash leaves the old or the new one; skips a file that is right."""
    if path.is_file() and not path.is_symlink() and path.read_text() == text:
        return
    new = path.with_name(f"{path.name}.new")
    new.write_text(text)
    new.chmod(mode)
    new.replace(path)
