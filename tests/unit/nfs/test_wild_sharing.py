"""Folders that hosts share in other ways than NFS, and exports by netgroup, wildcard and network."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.nfs.nfs_world import STEPS, but, found, mounted, planned, world
from tui.checklist.model.check import FAILED, NOT_NEEDED, OK, WARNING
from tui.core.settings import DESTINATION, SOURCE, STORAGE
from tui.linux.addresses import Resolved
from tui.linux.change import AddLines
from tui.linux.exports import parse_exports, parse_netgroups
from tui.nfs.model.checks.sharing import proof_why_not
from tui.nfs.model.facts import NfsFacts, QemuUser
from tui.nfs.model.script import SERVER_SCRIPT

# mountinfo of hosts with MooseFS, SSHFS, JuiceFS, Lustre, BeeGFS, and of VMs with a folder of their own host.
OTHERS = [
    ("fuse.mfs", "mfsmaster:9421"),
    ("fuse.sshfs", "root@192.0.2.3:/srv/images"),
    ("fuse.juicefs", "JuiceFS:images"),
    ("lustre", "192.0.2.3@tcp:/fs"),
    ("virtiofs", "images"),
]


def on(kind: str, source: str, there: str = "", version: tuple[int, ...] = (11, 3, 0)) -> NfsFacts:
    """Both hosts with this mount at the folder; `there` is another source on the destination."""
    facts = world()
    for role, each in ((SOURCE, source), (DESTINATION, there or source)):
        line = f"21 20 0:50 / /srv/images rw,relatime - {kind} {each} rw,user_id=0,group_id=0,allow_other"
        user = QemuUser("libvirt-qemu", 64055)
        facts = but(facts, role, mounts=mounted(line), libvirt_version=version, qemu=user)
    return facts


@pytest.mark.parametrize(("kind", "source"), OTHERS)
def test_a_shared_file_system_that_libvirt_does_not_know_is_declared_not_replaced(kind: str, source: str) -> None:
    facts = on(kind, source)
    finding = found(facts, "source.libvirt")
    assert (finding.state, finding.found) == (FAILED, f"/srv/images is on {kind}, which libvirt 11.3.0 takes for local")
    assert 'shared_filesystems = [ "/srv/images" ]' in finding.hint
    assert "unsafe" not in finding.hint
    for step in ("storage.package", "storage.exports", "source.mount"):
        assert found(facts, step).state == NOT_NEEDED
        assert f"both hosts mount {source} ({kind})" in found(facts, step).found
    assert proof_why_not(facts) == ""


def test_before_libvirt_10_8_the_hint_names_the_version_it_needs() -> None:
    hint = found(on("fuse.mfs", "mfsmaster:9421", version=(9, 0, 0)), "source.libvirt").hint
    assert hint.startswith("libvirt 10.8 or newer takes it for shared with shared_filesystems")


@pytest.mark.parametrize(("version", "state"), [((9, 0, 0), FAILED), ((9, 6, 0), OK), ((), OK)])
def test_beegfs_is_known_since_libvirt_9_6(version: tuple[int, ...], state: str) -> None:
    finding = found(on("beegfs", "beegfs_nodev", version=version), "source.libvirt")
    assert finding.state == state
    assert ("libvirt 9.6.0 or newer knows beegfs" in finding.hint) == (state == FAILED)


def test_two_hosts_with_another_source_do_not_share_the_folder() -> None:
    facts = on("fuse.sshfs", "root@192.0.2.3:/srv/images", "root@192.0.2.4:/srv/images")
    finding = found(facts, "source.mount")
    assert finding.state == FAILED
    assert "umount" not in finding.hint
    assert "mount the same source at this path on both" in finding.hint
    assert "not correctly mounted" in proof_why_not(facts)


@pytest.mark.parametrize("kind", ["ext4", "overlay", "tmpfs"])
def test_a_local_file_system_is_never_declared(kind: str) -> None:
    finding = found(on(kind, "disk"), "source.libvirt")
    assert (finding.state, "shared_filesystems" in finding.hint) == (FAILED, False)


def test_nothing_is_decided_before_the_second_host_is_read() -> None:
    facts = on("fuse.mfs", "mfsmaster:9421")
    one = replace(facts, hosts={role: host for role, host in facts.hosts.items() if role != DESTINATION})
    assert STEPS["storage.exports"].check(one) is None


RIGHT = "rw,sync,no_subtree_check,no_root_squash"
GETENT = "@vmhosts vmhosts               (192.0.2.10,-,example.org) (Host-B,,) \n"  # of glibc 2.36; two members


def exported(line: str, netgroups: str = "") -> NfsFacts:
    text = f"# theirs\n{line}\n"
    facts = but(
        world(),
        exports={"/etc/exports": text},
        active=parse_exports(text, "/var/lib/nfs/etab"),
        netgroups=parse_netgroups(netgroups),
    )
    names = {**facts.hosts[STORAGE].names, DESTINATION: Resolved("host-b", ("192.0.2.11",), "host-b.example.org")}  # type: ignore[union-attr]
    return but(facts, names=names)


@pytest.mark.parametrize(
    ("line", "netgroups"),
    [
        (f"/srv/images @vmhosts({RIGHT})", GETENT),
        (f"/srv/images 192.0.2.10/32({RIGHT}) 192.0.2.11/255.255.255.255({RIGHT})", ""),
        (f"/srv/images 192.0.2.10/31({RIGHT})", ""),
        (f"/srv/images 192.0.2.10({RIGHT})\n/srv/images host-b.example.org({RIGHT})", ""),
        (f"/srv/images *(ro) 192.0.2.10({RIGHT})\n/srv/images 192.0.2.10(ro) host-b({RIGHT})", ""),
    ],
)
def test_an_export_that_only_the_two_hosts_match_is_right_and_no_line_is_added(line: str, netgroups: str) -> None:
    facts = exported(line, netgroups)
    assert (found(facts, "storage.exports").state, planned(facts, "storage.exports")) == (OK, [])
    assert found(facts, "storage.active").state == OK


@pytest.mark.parametrize(
    ("line", "netgroups", "client"),
    [
        (f"/srv/images @vmhosts({RIGHT})", GETENT + "@other x (a,,)\n", "@vmhosts"),
        (f"/srv/images @all({RIGHT})", "@all all (,root,)\n", "@all"),
        (f"/srv/images 192.0.2.8/29({RIGHT})", "", "192.0.2.8/29"),
        (f"/srv/images *.example.org({RIGHT}) 192.0.2.10({RIGHT})", "", "*.example.org"),
    ],
)
def test_an_export_that_more_hosts_match_is_a_warning(line: str, netgroups: str, client: str) -> None:
    facts = exported(line, netgroups.replace("(Host-B,,)", "(host-b,,) (host-c,,)"))
    finding = found(facts, "storage.exports")
    what = f"line 2 of /etc/exports exports it to more than both hosts: {client}"
    assert (finding.state, finding.found) == (WARNING, what)
    assert found(facts, "storage.active").state == OK


def test_two_lines_for_the_folder_are_both_named() -> None:
    facts = exported(f"/srv/images 192.0.2.10({RIGHT})\n/srv/images host-b({RIGHT})")
    what = f"line 2 of /etc/exports and line 3 of /etc/exports: exported to both hosts with {RIGHT}"
    assert found(facts, "storage.exports").found == what


def test_a_netgroup_that_the_server_does_not_find_is_named_and_each_host_gets_its_own_line() -> None:
    facts = exported(f"/srv/images @vmhosts({RIGHT})", "@vmhosts \n")
    finding = found(facts, "storage.exports")
    assert finding.state == FAILED
    assert finding.found.endswith(
        "; line 2 of /etc/exports exports it to @vmhosts, and this host finds no such netgroup"
    )
    ((add, _),) = planned(facts, "storage.exports")
    assert isinstance(add, AddLines)
    assert add.lines == (f"/srv/images 192.0.2.10({RIGHT}) 192.0.2.11({RIGHT})",)


def test_a_small_network_with_unsuitable_options_is_overridden_by_a_line_for_each_host() -> None:
    ((add, _),) = planned(exported("/srv/images 192.0.2.10/32(ro)"), "storage.exports")
    assert isinstance(add, AddLines)


def test_the_netgroups_are_found_by_the_script(tmp_path: Path) -> None:
    part = next(line for line in SERVER_SCRIPT.split("part ") if line.startswith("netgroups "))
    exports, getent = tmp_path / "exports", tmp_path / "getent"
    exports.write_text("/a @vmhosts(rw) @vm-2(ro)\n# mail root@example.org\n")
    getent.write_text('#!/bin/sh\n[ "$2" != vmhosts ] || printf "vmhosts (a,,)\\n (b,,)\\n"\n')
    getent.chmod(0o755)
    script = part.removeprefix("netgroups 10 ").replace("/etc/exports ", f"{exports} ")
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True, env=environment)
    assert parse_netgroups(done.stdout) == {"@vmhosts": ("a", "b")}
