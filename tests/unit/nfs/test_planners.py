"""The findings of the NFS steps on constructed facts, and the exact commands and lines of their changes."""

from dataclasses import replace

import pytest

from tests.unit.nfs.nfs_world import (
    GIB,
    HOSTS,
    NFS,
    PATHS,
    STEPS,
    but,
    exports,
    folder,
    found,
    mounted,
    planned,
    refused,
    world,
)
from tests.unit.nfs.test_host_parsers import NEW
from tui.checklist.model.check import FAILED, NOT_NEEDED, OK, WARNING
from tui.core.settings import SOURCE, STORAGE
from tui.linux.addresses import Resolved
from tui.linux.change import AddLines, Command, RemoveLines
from tui.linux.exports import parse_exports
from tui.linux.folder import ABSENT, FOLDER, HUNG, STALE
from tui.linux.fstab import parse_fstab
from tui.linux.managed_block import with_lines, without_lines
from tui.linux.mounts import Mount
from tui.linux.packages import Package, parse_simulation
from tui.nfs.model.checks.bind import UNBIND
from tui.nfs.model.checks.exports import REEXPORT, REEXPORT_IF_THERE
from tui.nfs.model.checks.folder import UNDO
from tui.nfs.model.checks.mount import OPTIONS, UNMOUNT
from tui.nfs.model.facts import OPEN, REFUSED, SILENT, UNTRIED, NfsFacts

RIGHT = "rw,sync,no_subtree_check,no_root_squash"


RELOAD = Command(STORAGE, ("systemctl", "daemon-reload"))


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("hosts", HOSTS)
def test_the_folder_is_exported_to_the_two_hosts_only_and_the_undo_removes_the_line(
    path: str, hosts: tuple[str, str, str]
) -> None:
    facts = world(hosts, path)
    assert found(facts, "storage.exports").state == FAILED
    ((add, undo),) = planned(facts, "storage.exports")
    assert isinstance(add, AddLines)
    reexport = Command(STORAGE, ("sh", "-c", REEXPORT_IF_THERE))
    assert (add.host, add.path, undo) == (
        *(STORAGE, "/etc/exports"),
        (RemoveLines(STORAGE, "/etc/exports", add.lines), reexport),
    )
    text = with_lines("", add.lines)
    (export,) = parse_exports(text)
    assert (export.path, [client.name for client in export.clients]) == (path, list(hosts[1:]))
    assert {",".join(client.options) for client in export.clients} == {RIGHT}
    done = but(facts, exports={"/etc/exports": text})
    assert found(done, "storage.exports").state == OK
    assert planned(done, "storage.exports") == []


def test_a_line_is_added_safely_to_an_exports_file_that_ends_in_a_backslash() -> None:
    theirs = "/srv/theirs 192.0.2.9(ro) \\"
    ((add, _),) = planned(exports(theirs), "storage.exports")
    assert isinstance(add, AddLines)
    text = with_lines(theirs, add.lines)
    assert found(exports(text), "storage.exports").state == OK
    assert [[client.name for client in each.clients] for each in parse_exports(text)] == [
        ["192.0.2.9"],
        ["192.0.2.10", "192.0.2.11"],
    ]
    assert without_lines(text, add.lines) == theirs


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("ro,no_root_squash", "read-only"),
        ("rw", "with root_squash"),
        ("rw,no_root_squash,all_squash", "with all_squash"),
        ("rw,no_root_squash,async", "with async"),
    ],
)
def test_a_foreign_export_of_the_folder_to_one_of_the_hosts_is_reported_and_not_changed(
    options: str, words: str
) -> None:
    facts = exports(f"# theirs\n/srv/images 192.0.2.10({options})\n")
    assert found(facts, "storage.exports").found == f"line 2 of /etc/exports exports it to 192.0.2.10 {words}"
    why = "the app did not write line 2 of /etc/exports and does not change it"
    assert refused(facts, "storage.exports") == why


def test_an_unsuitable_export_to_many_hosts_is_overridden_by_a_line_for_each_host() -> None:
    ((add, _),) = planned(exports("/srv/images 192.0.2.0/24(ro)\n"), "storage.exports")
    assert add == AddLines(STORAGE, "/etc/exports", (f"/srv/images 192.0.2.10({RIGHT}) 192.0.2.11({RIGHT})",))
    wide = exports(f"/srv/images 192.0.2.0/24({RIGHT})\n")
    assert found(wide, "storage.exports").state == WARNING


def test_a_line_of_the_app_for_a_host_that_is_no_longer_configured_is_replaced() -> None:
    old = (f"/srv/images 192.0.2.10({RIGHT}) 192.0.2.77({RIGHT})",)
    moves = planned(exports(with_lines("# theirs\n", old)), "storage.exports")
    assert moves[0] == (RemoveLines(STORAGE, "/etc/exports", old), (AddLines(STORAGE, "/etc/exports", old),))
    assert isinstance(moves[1][0], AddLines)


def test_the_folder_is_not_exported_to_a_host_without_an_address() -> None:
    facts = world()
    names = {**facts.hosts[STORAGE].names, SOURCE: Resolved("192.0.2.10")}  # type: ignore[union-attr]
    assert refused(but(facts, names=names), "storage.exports") == "the storage server finds no address for 192.0.2.10"


def test_exportfs_reads_exports_that_are_not_in_effect_yet() -> None:
    facts = world()
    assert found(facts, "storage.active").state == FAILED
    assert planned(facts, "storage.active") == [(Command(STORAGE, ("sh", "-c", REEXPORT)), ())]
    active = parse_exports(f"/srv/images\t192.0.2.10({RIGHT})\n/srv/images\t192.0.2.11(ro)\n", "/var/lib/nfs/etab")
    assert found(but(facts, active=active), "storage.active").found == "the server exports it to 192.0.2.11 read-only"


@pytest.mark.parametrize("path", PATHS)
def test_the_image_folder_is_bind_mounted_now_and_after_a_restart(path: str) -> None:
    images = f"/data{path}"
    facts = world(export=path, images=images)
    assert found(facts, "storage.bind").state == FAILED
    (add, add_undo), reload, bind = planned(facts, "storage.bind")
    assert isinstance(add, AddLines)
    (entry,) = parse_fstab(add.lines[0])
    assert (entry.source, entry.target, entry.options) == (images, path, ("bind", "nofail"))
    assert add_undo == (RemoveLines(STORAGE, "/etc/fstab", add.lines), RELOAD)
    assert reload == (RELOAD, ())
    assert bind == (
        Command(STORAGE, ("mount", "--bind", "--", images, path)),
        (Command(STORAGE, ("sh", "-c", UNBIND, "sh", images, path)),),
    )
    seen = (*mounted(), Mount(21, 20, "8:1", images, path, ("rw",), "ext4", "/dev/sda1"))
    done = but(facts, fstab=with_lines("", add.lines), mounts=seen)
    assert found(done, "storage.bind").state == OK


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"folder": folder("/srv/images", FOLDER, "a.img")}, "/srv/images is not empty (a.img)"),
        ({"mounts": mounted("21 20 8:2 / /srv/images rw - xfs /dev/sdb1 rw")}, "something else is mounted"),
        ({"fstab": "/dev/sdb1 /srv/images xfs defaults 0 2\n"}, "line 1 of /etc/fstab mounts /dev/sdb1 there"),
        ({"fstab": "/data/images /srv/images none bind,noauto\n"}, "the app did not write line 1 of /etc/fstab"),
        (
            {
                "mounts": mounted(
                    "21 20 8:1 /data/images /srv/images rw - ext4 /dev/sda1 rw",
                    "22 21 0:9 / /srv/images rw - tmpfs x rw",
                )
            },
            "something else is mounted at /srv/images: x (tmpfs)",
        ),
    ],
)
def test_an_obstacle_to_the_bind_mount_is_reported_and_not_changed(changed: dict[str, object], words: str) -> None:
    assert refused(but(world(), **changed), "storage.bind").startswith(words)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("hosts", HOSTS)
def test_the_folder_is_mounted_now_and_after_a_restart(path: str, hosts: tuple[str, str, str]) -> None:
    facts = world(hosts, path)
    what = f"[{hosts[0]}]:{path}" if ":" in hosts[0] else f"{hosts[0]}:{path}"
    (add, undo), reload, (mount, unmount) = planned(facts, "source.mount")
    assert isinstance(add, AddLines)
    (entry,) = parse_fstab(add.lines[0])
    assert (entry.source, entry.target, entry.type) == (what, path, "nfs")
    assert (",".join(entry.options), entry.before_libvirt) == (OPTIONS, True)
    again = Command(SOURCE, RELOAD.argv)
    assert undo == (RemoveLines(SOURCE, "/etc/fstab", add.lines), again)
    assert reload == (again, ())
    argv = ("timeout", "-k", "1", "60", "mount", "-t", "nfs", "-o", "hard,vers=4,retry=0", "--", what, path)
    assert mount == Command(SOURCE, argv, timeout_s=70)
    assert unmount == (Command(SOURCE, ("sh", "-c", UNMOUNT, "sh", what, path)),)
    seen = (*mounted(), Mount(21, 20, "0:50", "/", path, ("rw",), "nfs4", what, ("rw", "vers=4.2", "hard")))
    done = but(facts, SOURCE, fstab=with_lines("", add.lines), mounts=seen)
    assert found(done, "source.mount").state == OK
    assert planned(done, "source.mount") == []


OURS = "192.0.2.3:/srv/images /srv/images nfs hard 0 0\n"


def client(**changed: object) -> NfsFacts:
    return but(world(), SOURCE, **{"fstab": OURS, **changed})


def test_a_read_only_mount_is_remounted_read_write_and_the_undo_reverts_it() -> None:
    facts = client(mounts=mounted(NFS.format("ro")))
    assert found(facts, "source.mount").found == "/srv/images is mounted read-only"
    writable, back = (Command(SOURCE, ("mount", "-o", f"remount,{each}", "--", "/srv/images")) for each in ("rw", "ro"))
    assert planned(facts, "source.mount") == [(writable, (back,))]


def test_a_stale_mount_is_unmounted_and_mounted_again() -> None:
    facts = client(mounts=mounted(NFS.format("rw")), folder=folder("/srv/images", STALE))
    assert "is stale" in found(facts, "source.mount").found
    away, (mount, _) = planned(facts, "source.mount")
    assert away == (Command(SOURCE, ("umount", "-l", "--", "/srv/images")), ())
    assert isinstance(mount, Command)
    assert mount.argv[-2:] == ("192.0.2.3:/srv/images", "/srv/images")


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"mounts": mounted(NFS.format("rw")), "folder": folder("/srv/images", HUNG)}, "the server must respond first"),
        (
            {"mounts": mounted(NFS.format("rw"), "22 21 0:51 / /srv/images rw - tmpfs cover rw")},
            "something else is mounted there: cover (tmpfs)",
        ),
        (
            {"fstab": "other:/x /srv/images nfs defaults\n"},
            "line 1 of /etc/fstab mounts other:/x there, and the app does not change that line",
        ),
        (
            {"folder": folder("/srv/images", FOLDER, "a", "b")},
            "/srv/images is not empty (a, b): the mount would hide its files. Move them away first",
        ),
    ],
)
def test_an_obstacle_to_the_mount_is_reported_and_not_changed(changed: dict[str, object], why: str) -> None:
    assert refused(client(**changed), "source.mount") == why


def test_a_mount_that_hides_the_nfs_mount_is_reported() -> None:
    facts = client(mounts=mounted(NFS.format("rw"), "22 21 0:51 / /srv/images rw - tmpfs cover rw"))
    finding = found(facts, "source.mount")
    assert finding.found.endswith("it hides the mount of the exported folder")
    assert finding.hint == "If nothing uses it: umount /srv/images"


@pytest.mark.parametrize(
    ("port", "state", "words"),
    [
        (OPEN, OK, "accepts connections on tcp 2049"),
        (REFUSED, FAILED, "no NFS server listens there"),
        (SILENT, FAILED, "does not respond on tcp 2049"),
        (UNTRIED, WARNING, "not tried: this host has no bash"),
    ],
)
def test_an_unreachable_server_is_reported_and_nothing_is_changed(port: str, state: str, words: str) -> None:
    facts = client(port=port)
    assert (found(facts, "source.port").state, words in found(facts, "source.port").found) == (state, True)
    assert STEPS["source.port"].change(facts) == ""


@pytest.mark.parametrize(
    ("free", "inodes", "state"),
    [(0, 9999, FAILED), (9 * GIB, 0, FAILED), (GIB - 1, 9999, WARNING), (9 * GIB, 99, WARNING), (9 * GIB, -1, OK)],
)
def test_a_full_disk_is_reported_and_nothing_is_changed(free: int, inodes: int, state: str) -> None:
    facts = but(world(), images=replace(folder("/data/images"), free_bytes=free, free_inodes=inodes))
    assert found(facts, "storage.space").state == state
    assert STEPS["storage.space"].change(facts) == ""


@pytest.mark.parametrize("path", PATHS)
def test_a_missing_folder_is_created_with_its_missing_parents(path: str) -> None:
    absent = replace(folder(f"{path}/in", ABSENT), missing=(path, f"{path}/in"))
    facts = but(world(), images=absent)
    assert found(facts, "storage.images").state == FAILED
    make = Command(STORAGE, ("mkdir", "-m", "755", "--", path, f"{path}/in"))
    assert planned(facts, "storage.images") == [
        (make, (Command(STORAGE, ("sh", "-c", UNDO, "sh", f"{path}/in", path)),))
    ]


@pytest.mark.parametrize(
    ("manager", "command"),
    [("dnf", "dnf install nfs-utils"), ("zypper", "zypper install nfs-client"), ("pacman", "pacman -S nfs-utils")],
)
def test_on_a_host_without_apt_the_command_is_shown_and_nothing_is_changed(manager: str, command: str) -> None:
    facts = client(package=Package("nfs-common", manager))
    assert found(facts, "source.lists").state == NOT_NEEDED
    assert found(facts, "source.package").hint == f"Run there as root: {command}"
    assert refused(facts, "source.package") == f"the app installs with apt only. Run there as root: {command}"


def test_the_undo_purges_the_packages_that_apt_installed() -> None:
    package = Package("nfs-kernel-server", "apt", known=True, new=NEW, residual=("rpcbind",))
    ((install, undo),) = planned(but(world(), package=package), "storage.package")
    assert isinstance(install, Command)
    assert install.argv[-4:] == ("install", "-y", "--no-install-recommends", "nfs-kernel-server")
    argvs = [each.argv for each in undo if isinstance(each, Command) and "dpkg" in each.argv]
    assert [argv[argv.index("dpkg") :] for argv in argvs] == [
        ("dpkg", "--remove", *NEW),  # all at once, because dpkg removes no package that another needs
        ("dpkg", "--purge", "libnfsidmap1", "keyutils", "nfs-common", "nfs-kernel-server"),
    ]


def test_the_app_does_not_install_a_package_for_which_apt_would_remove_another() -> None:
    # nfs-kernel-server conflicts with other packages that provide nfs-server. The first line is not recorded.
    output = "Remv unfs3 [0.9.22]\nInst nfs-kernel-server (1:2.6.2-4+deb12u1 Debian:12.15/oldstable [amd64])\n"
    package = parse_simulation(Package("nfs-kernel-server", "apt"), output, "")
    why = "apt would remove unfs3. If that is fine, install nfs-kernel-server by hand"
    assert refused(but(world(), package=package), "storage.package") == why
