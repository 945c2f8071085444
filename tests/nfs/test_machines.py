"""The machines themselves: NFS works on them by hand, they come back as they were, and they can be lost."""

import time

import pytest

from tests.nfs.machine import Machine
from tests.nfs.machines import INSTALLED, Machines
from tui.core.failure import Failure

FOLDER = "/var/lib/libvirt-img/images"
OPTIONS = "soft,timeo=10,retrans=1,retry=0"  # gives up after seconds, where NFS by default never does


def mount(machine: Machine) -> None:
    machine.ssh("mkdir", "-p", FOLDER)
    machine.ssh("mount", "-t", "nfs", "-o", OPTIONS, f"storage:{FOLDER}", FOLDER)


def test_what_one_client_writes_the_other_reads(installed: Machines) -> None:
    storage, source, destination = installed.storage, installed.source, installed.destination
    line = f"{FOLDER} source(rw,sync,no_subtree_check) destination(rw,sync,no_subtree_check)\n"
    storage.ssh("tee", "/etc/exports", stdin=line)
    storage.ssh("install", "-d", "-m", "777", FOLDER)
    storage.ssh("exportfs", "-arv")
    for client in (source, destination):
        mount(client)
    source.ssh("tee", f"{FOLDER}/from source", stdin="Grüße\n")
    assert destination.ssh("cat", f"{FOLDER}/from source") == "Grüße\n"
    assert f"storage:{FOLDER} nfs4" in destination.files()[f"mount on {FOLDER}"]

    destination.ssh("umount", FOLDER)
    storage.unplug()
    with pytest.raises(Failure, match="mount -t nfs"):
        mount(destination)
    storage.network()
    mount(destination)
    assert destination.ssh("cat", f"{FOLDER}/from source") == "Grüße\n"


def test_whatever_was_done_a_restored_machine_is_bare(bare: Machines) -> None:
    before = {machine.name: machine.files() for machine in bare}
    assert "package nfs-common" not in before["source"]
    bare.restore(INSTALLED)
    bare.source.ssh("sh", "-c", "echo broken > /etc/fstab; mkdir /var/lib/libvirt/images; rm /etc/hosts")
    changed = bare.source.files()
    assert changed["package nfs-common"].startswith("ii")
    assert changed["content of /etc/fstab"] != before["source"]["content of /etc/fstab"]
    assert "/var/lib/libvirt/images" in changed
    bare.storage.unplug()
    bare.destination.power_off()
    bare.restore()
    assert {machine.name: machine.files() for machine in bare} == before


def test_a_reboot_is_over_when_the_machine_answers_again(bare: Machines) -> None:
    bare.source.ssh("touch", "/run/gone", "/etc/kept")
    before = bare.source.ssh("cat", "/proc/sys/kernel/random/boot_id")
    bare.source.reboot()
    assert bare.source.ssh("cat", "/proc/sys/kernel/random/boot_id") != before
    assert bare.source.ssh("sh", "-c", "ls /run/gone /etc/kept || true") == "/etc/kept\n"
    assert bare.source.ssh("hostname") == "source\n"


async def test_the_apps_own_shell_reaches_every_machine_with_every_right(bare: Machines) -> None:
    for machine in bare:
        for user, sudo, may in (("op", ["-S", "-p", ""], True), ("nopass", ["-n"], True), ("nosudo", ["-n"], False)):
            shell = machine.shell(user)
            answer = await shell.run(["sudo", *sudo, "id", "-un"], stdin="op-secret\n", timeout=60)
            assert (answer.stdout == "root\n") is may, answer
            await shell.close()
    root = bare.source.shell()
    answer = await root.run(["env", "LC_ALL=de_DE.UTF-8", "cat", "/nothing"])
    assert "Datei oder Verzeichnis nicht gefunden" in answer.stderr
    for name in ("storage", "source", "destination"):
        assert (await root.run(["getent", "ahostsv4", name])).stdout.startswith("10.")
    await root.close()


def test_the_clock_of_a_restored_machine_is_right(bare: Machines) -> None:
    for machine in bare:
        earliest = time.time()
        now = float(machine.ssh("date", "+%s.%N"))
        assert earliest - 2 < now < time.time() + 2
