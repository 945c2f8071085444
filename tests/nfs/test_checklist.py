"""The NFS checklist on three real Debian machines: from bare to shared and back, and the findings on each fault."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.nfs.machine import Machine
from tests.nfs.machines import INSTALLED, Machines
from tests.nfs.room import IMAGE, Room, nfs_room
from tests.nfs.traces import differences
from tui.checklist.model.check import FAILED, OK, UNKNOWN, WARNING

FOLDER, IMAGES = "/var/lib/libvirt-img/images", "/var/lib/libvirt/images"
ODD = {"images": "/srv/vm images/ü #1\\x", "export": '/srv/exp(ort)/it\'s "q" $HOME'}
SHARED = "shared"  # the state after the checklist has set up the machines
READ_LIMIT_S = 90.0  # even if hosts hang; reading takes twenty seconds otherwise


def shorten_grace(storage: Machine) -> None:
    """Shortens the 90 s after the start of an NFS server, in which it opens files only for earlier clients."""
    storage.ssh("mkdir", "-p", "/etc/nfs.conf.d")
    storage.ssh("tee", "/etc/nfs.conf.d/tests.conf", stdin="[nfsd]\ngrace-time=10\nlease-time=10\n")


def put_image(storage: Machine, folder: str = IMAGES) -> None:
    """Creates an image that belongs to root."""
    storage.ssh("truncate", "-s", "1M", f"{folder}/{IMAGE}")


@pytest.fixture
async def shared(machines: Machines, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Room]:
    """The room with machines that it has set up, once per run."""
    journal = tmp_path_factory.getbasetemp() / "shared.jsonl"
    saved = journal.with_suffix(".saved")
    if not saved.exists():
        machines.restore(INSTALLED)
        shorten_grace(machines.storage)
        async with nfs_room(machines, journal) as first:
            await first.look()
            await first.apply_missing()
            put_image(machines.storage)
        machines.save(SHARED)
        saved.touch()
    machines.restore(SHARED)
    async with nfs_room(machines, journal) as again:
        yield again


async def test_bare_machines_share_the_folder_until_they_are_undone(bare: Machines, tmp_path: Path) -> None:
    storage = bare.storage
    storage.ssh("sh", "-c", "ufw allow 22/tcp && ufw --force enable")
    storage.ssh("tee", "/etc/hosts.deny", stdin="mountd rpcbind: ALL\n")
    storage.ssh("tee", "/etc/exports", stdin="# mine\n/srv 192.0.2.9(ro,no_subtree_check) \\")
    storage.ssh("tee", "-a", "/etc/fstab", stdin="# no newline at the end")
    shorten_grace(storage)
    before = bare.files()
    async with nfs_room(bare, tmp_path / "changes.jsonl", user="nopass", storage=ODD) as app:
        await app.look()
        applied = await app.apply_missing()
        assert {"storage.package", "storage.firewall", "storage.wrappers", "destination.mount"} <= set(applied)
        put_image(storage, ODD["images"])
        items = await app.look()
        assert app.bad() == {}
        assert "libvirt-qemu (64055)" in items["destination.read"].finding.found  # type: ignore[union-attr]
        app.changed.clear()
        assert await app.apply_missing() == ()
        assert app.changed == []
    bare.each(lambda machine: machine.reboot() if machine.name != "destination" else None)
    async with nfs_room(bare, tmp_path / "changes.jsonl", user="nopass", storage=ODD) as later:
        await good_within(later, 150)
        storage.ssh("rm", f"{ODD['images']}/{IMAGE}")
        await later.undo_all()
        assert not any(item.undo for item in later.items.values())
    assert differences(before, bare.files()) == ""


async def good_within(app: Room, limit_s: float) -> None:
    """Waits until a server that has just started lets its clients open files."""
    end = time.monotonic() + limit_s
    while await app.look() and app.bad() and time.monotonic() < end:
        pass
    assert app.bad() == {}


REST = "rw,no_subtree_check,no_root_squash"
# Filled again and again: the system frees blocks now and then, and the small file of the proof would fit there.
KEEP_FULL = "cat /dev/zero > /var/full; sync; while sleep 0.1; do cat /dev/zero >> /var/full; done >&- 2>&- &"
# The commands on each machine, and the findings that they cause.
FAULTS = {
    "a line that is not the app's exports it read-only": (
        {"storage": f"echo '{FOLDER} source(ro) destination({REST})' > /etc/exports; exportfs -ra"},
        {"storage.exports": (FAILED, "line 1 of /etc/exports exports it to source read-only"),
         "source.write": (FAILED, "Read-only file system"), "destination.read": (UNKNOWN, "not tried")},
    ),
    "exported to the whole network, and the disk full": (
        {"storage": f"echo '{FOLDER} 10.77.49.0/24({REST})' > /etc/exports; exportfs -ra;"
                    f" {KEEP_FULL}"},
        {"storage.exports": (WARNING, "more than both hosts: 10.77.49.0/24"), "storage.space": (FAILED, "is full"),
         "source.write": (FAILED, "No space left on device"), "destination.read": (UNKNOWN, "not tried")},
    ),
    "root squashed": (
        {"storage": f"echo '{FOLDER} *(rw,root_squash)' > /etc/exports; exportfs -ra; chmod 777 {IMAGES}"},
        {"storage.active": (FAILED, "with root_squash"), "source.write": (WARNING, "root is squashed"),
         "source.image": (FAILED, "libvirt-qemu can't open")},
    ),
    "the server stopped": (
        {"storage": "systemctl disable --now nfs-server"},
        {"storage.service": (FAILED, "is inactive"), "source.port": (FAILED, "no NFS server listens there"),
         "source.mount": (FAILED, "does not respond"), "source.write": (UNKNOWN, "not tried")},
    ),
    "hidden on one, read-only on the other": (
        {"source": f"mount -t tmpfs cover {FOLDER}", "destination": f"mount -o remount,ro {FOLDER}"},
        {"source.mount": (FAILED, "it hides the mount"), "source.libvirt": (FAILED, "tmpfs, which libvirt treats as"),
         "destination.mount": (FAILED, "mounted read-only"), "source.write": (UNKNOWN, "not tried")},
    ),
    "another line in fstab, files in the folder, and no image": (
        {"storage": f"rm {IMAGES}/{IMAGE}",
         "source": f"sed -i 's|^storage:|nas:|' /etc/fstab; umount {FOLDER}; echo x > {FOLDER}/mine"},
        {"source.mount": (FAILED, "is not empty (mine)"), "source.listing": (FAILED, "only on this host: mine"),
         "destination.image": (FAILED, "does not exist")},
    ),
    "QEMU's user has another user ID": (
        {"destination": "usermod -u 4711 libvirt-qemu"},
        {"source.write": (OK, ""), "destination.read": (FAILED, "Permission denied")},
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
async def test_each_fault_is_reported_at_its_step(machines: Machines, shared: Room, fault: str) -> None:
    scripts, expected = FAULTS[fault]
    for machine in machines:
        if machine.name in scripts:
            machine.ssh("sh", "-c", scripts[machine.name])
    items = await asyncio.wait_for(shared.look(), READ_LIMIT_S)
    for id, (state, words) in expected.items():
        finding = items[id].finding
        assert finding is not None
        assert (finding.state, words in finding.found) == (state, True), f"{id}: {finding}"
    assert machines.storage.ssh("sh", "-c", f"ls -A {IMAGES} | grep vmlm-proof || true") == ""


async def test_a_stale_mount_is_reported_and_fixed(machines: Machines, shared: Room) -> None:
    again = f"mv {IMAGES} {IMAGES}.old; mkdir {IMAGES}; mount --bind {IMAGES} {FOLDER}"
    machines.storage.ssh(
        "sh", "-ec", f"systemctl stop nfs-server; umount {FOLDER}; {again}; systemctl start nfs-server"
    )
    put_image(machines.storage)
    items = await shared.look()
    assert "is stale" in items["source.mount"].finding.found  # type: ignore[union-attr]
    assert await shared.apply_missing() == ("source.mount", "destination.mount")
    await good_within(shared, 150)


async def test_a_frozen_server_does_not_block_the_reading(machines: Machines, shared: Room) -> None:
    machines.storage.freeze()
    try:
        items = await asyncio.wait_for(shared.look(), READ_LIMIT_S)
    finally:
        machines.storage.thaw()
    states = {id: items[id].state for id in ("storage.exports", "source.folder", "source.mount", "source.write")}
    assert states == {
        "storage.exports": UNKNOWN, "source.folder": OK, "source.mount": FAILED, "source.write": UNKNOWN,
    }  # fmt: skip
    assert "does not respond" in items["source.mount"].finding.found  # type: ignore[union-attr]


@pytest.mark.parametrize(("user", "password", "words"), [
    ("nosudo", "", "sudo on storage requires a password"),
    ("op", "wrong", "did not accept the password"),
    ("op", "op-secret", ""),
])  # fmt: skip
async def test_a_login_that_may_not_use_sudo_is_reported(
    machines: Machines, shared: Room, tmp_path: Path, user: str, password: str, words: str
) -> None:
    async with nfs_room(machines, tmp_path / "changes.jsonl", user=user) as app:
        for host in ("storage", "source", "destination") if password else ():
            app.checklist.sudo.give_password(host, password)
        finding = (await app.look())["storage.exports"].finding
        assert finding is not None
        assert (finding.state, words in finding.found) == (UNKNOWN if words else OK, True), finding
