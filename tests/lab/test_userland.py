"""Hosts of a lab with libvirt and QEMU of another Debian release: real migrations between these versions."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.lab.lab_backend import LIMIT_S, LabBackend, bring_home, end_of
from tests.lab.labs import command, until
from tui.core.failure import Failure
from tui.core.plan import PRE_COPY, Plan
from tui.lab import userland
from tui.lab.command import run
from tui.lab.cpio import Archive
from tui.lab.domain import KERNEL_OPTIONS
from tui.lab.inventory import GUEST
from tui.lab.lab import Lab
from tui.lab.place import CACHE, SHARED_FOLDER, Place
from tui.migration.model.timeline import COMPLETED

NEW = "sid"
# A VM whose only program is the memory workload: it boots in two seconds and prints to a file in the shared folder.
TINY = f"""<domain type='qemu'>
  <name>tiny</name>
  <memory unit='MiB'>512</memory>
  <os>
    <type arch='x86_64' machine='pc'>hvm</type>
    <kernel>{SHARED_FOLDER}/vmlinuz</kernel>
    <initrd>{SHARED_FOLDER}/tiny.initrd</initrd>
    <cmdline>{KERNEL_OPTIONS} panic=-1 -- WORK</cmdline>
  </os>
  <features><acpi/><apic/></features>
  <devices>
    <controller type='usb' model='none'/>
    <serial type='file'><source path='{SHARED_FOLDER}/tiny.log' append='on'/></serial>
    <memballoon model='none'/>
  </devices>
</domain>
"""


@contextmanager
def lab_with(name: str, userlands: dict[str, str]) -> Iterator[Lab]:
    lab = Lab(Place(name), print)
    lab.down()
    try:
        lab.up("200mbit", userlands=userlands)  # slow enough that post-copy takes seconds
        yield lab
    finally:
        lab.down()


@pytest.fixture(scope="module")
def both_new(lab: Lab) -> Iterator[Lab]:
    """Source and destination run the new release; `lab` only keeps other runs of these tests away."""
    with lab_with("test-new", {"source": NEW, "destination": NEW}) as new:
        yield new


@pytest.fixture(scope="module")
def old_and_new(lab: Lab) -> Iterator[Lab]:
    """The source runs this machine's programs, the destination the new release."""
    with lab_with("test-pair", {"destination": NEW}) as pair:
        yield pair


@pytest.fixture(scope="module")
def initrd(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    source = Path(__file__).parents[2] / "workloads/memory_intensive.c"
    program = tmp_path_factory.mktemp("tiny") / "init"
    run(["gcc", "-O2", "-static", "-pthread", "-o", str(program), str(source), "-lm"])
    archive = Archive()
    archive.add("init", program.read_bytes(), 0o755)
    return archive.data()


class Tiny:
    """The small VM, started on the source."""

    def __init__(self, lab: Lab, initrd: bytes, work: str) -> None:
        self.lab = lab
        self.log = lab.place.images / "tiny.log"
        self.log.write_text("")
        (lab.place.images / "tiny.initrd").write_bytes(initrd)
        script = "cat > tiny.xml; virsh create tiny.xml"
        lab.machine("source").run(["sh", "-c", script], stdin=TINY.replace("WORK", work))
        self.until_lines(2)

    def until_lines(self, more: int) -> None:
        """Waits for further lines of the workload, which it prints once a second."""
        end = self.log.read_text().count("state=dirtying") + more
        until(lambda: self.log.read_text().count("state=dirtying") >= end)

    def argv(self, origin: str, target: str, *options: str) -> list[str]:
        uri = f"qemu+ssh://root@{target}/system?no_tty=1"
        return self.lab.machine(origin).argv(["virsh", "migrate", "--live", "--p2p", *options, "tiny", uri])

    def state(self, host: str) -> str:
        """Its state with the reason; "" if the host does not have it."""
        script = "virsh domstate --reason tiny 2> /dev/null || :"
        return self.lab.machine(host).run(["sh", "-c", script]).strip()

    def passes(self) -> float:
        """How often the workload has checked all its pages; fails if one was wrong or the kernel crashed."""
        printed = self.log.read_text()
        assert not re.search("BUG:|Oops|panic|error=", printed), printed
        return float(re.findall(r"passes=([0-9.]+) checked_pages=\d+ wrong_pages=0\s", printed)[-1])

    def check_pages(self) -> None:
        """Waits until the workload has checked every page since now."""
        end = self.passes() + 2
        until(lambda: self.passes() >= end)


def version(lab: Lab, host: str) -> tuple[int, ...]:
    return lab.machine(host).libvirt_version()


def test_both_hosts_run_another_release_and_the_app(both_new: Lab) -> None:
    tree = userland.tree(NEW)
    for machine in both_new.hypervisors:
        assert NEW in machine.run(["cat", "/etc/os-release"])
        assert machine.libvirt_version() > (11, 4)
        assert machine.run(["ssh", "storage", "hostname"]).strip() == "storage"
        assert not machine.succeeds(["touch", "/usr/file"])
        machine.run(["touch", "/etc/file", "/var/file", "/tmp/file-of-one-host"])
        assert not (tree / "etc/file").exists()
    assert not Path("/tmp/file-of-one-host").exists()
    status = command("status", "--name", both_new.place.name)
    assert status.returncode == 0
    assert status.stdout.count(f"Debian {NEW}") == 2
    by_ssh = both_new.machine("destination").run(["ssh", "source", "vmlm-tui", "--version"])
    assert by_ssh.startswith("vmlm-tui ")
    again = command("up", "--name", both_new.place.name)
    assert again.stderr.count("\n") == 1, "a second `up` changes nothing"


async def test_the_app_migrates_the_guest_between_hosts_of_another_release(both_new: Lab, tmp_path: Path) -> None:
    backend = LabBackend(both_new, tmp_path)
    bring_home(backend)
    migration = await backend.migrations.start(Plan(GUEST.name, PRE_COPY))
    assert (await end_of(migration)).phase == COMPLETED
    assert backend.states() == {"source": "", "destination": "running"}
    assert backend.guest("hostname").strip() == GUEST.name
    backend.virsh("destination", "destroy", GUEST.name)


def test_a_paused_post_copy_is_recovered(both_new: Lab, initrd: bytes) -> None:
    tiny = Tiny(both_new, initrd, "-t 1 -m 150")
    source = both_new.machine("source")
    with subprocess.Popen(tiny.argv("source", "destination", "--postcopy"), stderr=subprocess.PIPE, text=True) as first:
        until(lambda: "Iteration" in source.run(["virsh", "domjobinfo", "tiny"]))
        source.run(["virsh", "migrate-postcopy", "tiny"])
        until(lambda: tiny.state("destination") == "running (post-copy)")
        # QEMU without KVM cannot be recovered while an interrupt waits for a page of the kernel's stack: its main loop
        # waits, too. After a second of work these pages have arrived.
        tiny.until_lines(1)
        source.run(["virsh", "domjobabort", "tiny", "--postcopy"])
        assert first.wait(LIMIT_S) == 1
    assert tiny.state("source") == "paused (post-copy failed)"
    assert tiny.state("destination") == "running (post-copy failed)"
    run(tiny.argv("source", "destination", "--postcopy", "--postcopy-resume"))
    assert tiny.state("destination") == "running (migrated)"
    assert tiny.state("source") == ""
    tiny.check_pages()


def test_a_vm_migrates_to_a_newer_release_and_back(old_and_new: Lab, initrd: bytes) -> None:
    assert version(old_and_new, "source") < version(old_and_new, "destination")
    tiny = Tiny(old_and_new, initrd, "-t 1 -m 20 -r 10")
    for origin, target in (("source", "destination"), ("destination", "source")):
        run(tiny.argv(origin, target))
        assert tiny.state(target) == "running (migrated)"
        assert tiny.state(origin) == ""
    tiny.check_pages()


def test_an_existing_lab_keeps_its_userland(old_and_new: Lab) -> None:
    refused = command("up", "--name", old_and_new.place.name, "--userland", NEW)
    assert refused.returncode == 1
    assert refused.stderr.startswith(f"vmlm-tui lab: lab 'test-pair' exists with {NEW} on destination")


def test_a_release_that_the_mirror_does_not_have_is_one_sentence(lab: Lab) -> None:
    with pytest.raises(Failure, match=r"the userland nosuch could not be built: The repository .* does not have a"):
        userland.prepare("nosuch", print)
    assert not userland.tree("nosuch").exists()
    assert not list(CACHE.glob("building-*"))
