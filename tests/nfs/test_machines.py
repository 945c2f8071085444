"""The machines themselves: NFS works on them, a restored state is unchanged, and a machine can be cut off."""

import time

import pytest

from tests.nfs.machine import Machine
from tests.nfs.machines import INSTALLED, Machines
from tests.nfs.traces import differences
from tui.core.failure import Failure

FOLDER = "/var/lib/libvirt-img/images"
OPTIONS = "soft,timeo=10,retrans=1,retry=0"  # a timeout of seconds, because NFS by default retries for ever


def mount(machine: Machine) -> None:
    machine.ssh("mkdir", "-p", FOLDER)
    machine.ssh("mount", "-t", "nfs", "-o", OPTIONS, f"storage:{FOLDER}", FOLDER)


def test_one_client_reads_what_the_other_writes(installed: Machines) -> None:
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
    storage.plug_in()
    mount(destination)
    assert destination.ssh("cat", f"{FOLDER}/from source") == "Grüße\n"


def test_a_restored_machine_is_bare_after_any_change(bare: Machines) -> None:
    before = bare.files()
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
    assert differences(before, bare.files()) == ""


def test_reboot_returns_when_the_machine_replies_again(bare: Machines) -> None:
    bare.source.ssh("touch", "/run/gone", "/etc/kept")
    before = bare.source.ssh("cat", "/proc/sys/kernel/random/boot_id")
    bare.source.reboot()
    assert bare.source.ssh("cat", "/proc/sys/kernel/random/boot_id") != before
    assert bare.source.ssh("sh", "-c", "ls /run/gone /etc/kept || true") == "/etc/kept\n"
    assert bare.source.ssh("hostname") == "source\n"


async def test_the_apps_shell_reaches_every_machine_with_each_kind_of_login(bare: Machines) -> None:
    for machine in bare:
        for user, sudo, may in (("op", ["-S", "-p", ""], True), ("nopass", ["-n"], True), ("nosudo", ["-n"], False)):
            shell = machine.shell(user)
            done = await shell.run(["sudo", *sudo, "id", "-un"], stdin="op-secret\n", timeout=60)
            assert (done.stdout == "root\n") is may, done
            await shell.close()
    root = bare.source.shell()
    done = await root.run(["env", "LC_ALL=de_DE.UTF-8", "cat", "/nothing"])
    assert "Datei oder Verzeichnis nicht gefunden" in done.stderr
    for name in ("storage", "source", "destination"):
        assert (await root.run(["getent", "ahostsv4", name])).stdout.startswith("10.")
    await root.close()


def test_the_clock_of_a_restored_machine_is_correct(bare: Machines) -> None:
    for machine in bare:
        earliest = time.time()
        now = float(machine.ssh("date", "+%s.%N"))
        assert earliest - 2 < now < time.time() + 2
