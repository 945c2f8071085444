"""A change that mends a finding about a VM: what it does, what that costs, and the same as commands."""

import re
import shlex
from dataclasses import dataclass

EJECT, DETACH, LISTEN, AUTOPORT = "eject", "detach", "listen", "autoport"
FORGET, ABORT, COPY = "forget", "abort", "copy"
CONSOLES = (LISTEN, AUTOPORT)
HERE = "."
BACKUP = "backup"  # the block job that ends only with the job of the whole VM
PASSWORD = re.compile(r"""(\bpasswd=)("[^"]*"|'[^']*')""")
UNSAFE = re.compile(r"[^\w.-]")


@dataclass(frozen=True)
class Fix:
    """One change; `does` names it as an answer to a question, `costs` is a sentence on what the guest loses.

    `device` is the disk, console or path, `xml` the device as it shall become, or the one to detach. `live` changes the
    running VM, `config` its definition, from its next boot on. `force` ejects although the guest has locked the tray.
    `job` is the kind of a block job. `keep_in` is the folder on this machine for the XML of `snapshots`, "" to lose it.
    `origin` is the host that has the VM, `target` the other one; `ends` is the file to copy on both, as scp names it.
    """

    kind: str
    vm: str
    does: str
    costs: str = ""
    device: str = ""
    xml: str = ""
    live: bool = True
    config: bool = False
    force: bool = False
    job: str = ""
    snapshots: tuple[str, ...] = ()
    keep_in: str = ""
    origin: str = ""
    target: str = ""
    ends: tuple[str, str] = ("", "")

    @property
    def commands(self) -> tuple[str, ...]:
        """The commands that do the same; a password is masked."""
        vm, device = shlex.quote(self.vm), shlex.quote(self.device)
        scope = f"{' --live' if self.live else ''}{' --config' if self.config else ''}"
        if self.kind == EJECT:
            return (f"virsh change-media {vm} {device} --eject{scope}{' --force' if self.force else ''}",)
        if self.kind in (DETACH, *CONSOLES):
            verb = "detach-device" if self.kind == DETACH else "update-device"
            xml = PASSWORD.sub(r"\1'****'", self.xml.strip())
            return (f"virsh {verb} {vm} /dev/stdin{scope} <<'END'\n{xml}\nEND",)
        if self.kind == ABORT:
            return (f"virsh domjobabort {vm}" if self.job == BACKUP else f"virsh blockjob {vm} {device} --abort",)
        if self.kind == COPY:
            return (shlex.join(["scp", "-3p", *self.ends]),)
        forget = (f"virsh snapshot-delete {vm} {shlex.quote(each)} --metadata" for each in self.snapshots)
        return (*self._keeping(), *forget)

    def _keeping(self) -> tuple[str, ...]:
        if not self.keep_in:
            return ()
        dump = f"virsh snapshot-dumpxml --security-info {shlex.quote(self.vm)}"
        files = ((each, shlex.quote(f"{self.keep_in}/{file}")) for each, file in kept_files(self.snapshots).items())
        dumps = (f"{dump} {shlex.quote(each)} > {file}" for each, file in files)
        return (f"mkdir -p -m 700 {shlex.quote(self.keep_in)}", *dumps) if self.keep_in != HERE else tuple(dumps)


def kept_files(snapshots: tuple[str, ...]) -> dict[str, str]:
    """By snapshot the name of the file that keeps its XML."""
    return {each: f"{number:02}-{UNSAFE.sub('_', each)}.xml" for number, each in enumerate(snapshots, 1)}


def folder_name(vm: str, stamp: str) -> str:
    """The name of the folder that keeps the snapshots of a VM."""
    return f"{UNSAFE.sub('_', vm)}-{stamp}"
