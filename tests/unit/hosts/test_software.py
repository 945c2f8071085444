"""libvirt and QEMU on a host: parsed, installed, started and removed.

Recorded on Debian 12 (libvirt 9.0, QEMU 7.2, systemd 252), without some of apt's lines. Other systems print the same
format.
"""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.fake_hosts import TABLES, answered
from tui.app import config
from tui.checklist.model.check import FAILED, NOT_NEEDED, OK, WARNING, Finding
from tui.core.command import Completed
from tui.hosts.backend.reading import configured
from tui.hosts.model.checks.software import (
    AUTOSTART,
    CLEAR,
    CLEAR_NETWORKS,
    CLEAR_RUN,
    END_NETWORKS,
    HOLD,
    RELEASE,
    STILL_USED,
    daemon,
    lists,
    member,
    programs,
)
from tui.hosts.model.facts import HostsFacts
from tui.hosts.model.software import GROUPS, SCRIPT, Software, parse_software
from tui.linux import apt
from tui.linux.change import Change, Command

STEPS = {step.id.partition(".")[2]: step for make in (lists, programs, daemon, member) for step in [make("source")]}
WANTED = ("libvirt-daemon-system", "libvirt-clients", "dnsmasq-base", "qemu-system-x86", "qemu-utils")
INSTALL = """\
Reading package lists...
Building dependency tree...
Reading state information...
The following NEW packages will be installed:
  dnsmasq-base libvirt-clients libvirt-daemon libvirt-daemon-system libvirt0 qemu-system-x86 qemu-utils
0 upgraded, 7 newly installed, 0 to remove and 0 not upgraded.
Inst dnsmasq-base (2.90-4~deb12u2 localhost [amd64])
Inst libvirt0 (9.0.0-4+deb12u2 localhost [amd64])
Inst libvirt-clients (9.0.0-4+deb12u2 localhost [amd64])
Inst libvirt-daemon (9.0.0-4+deb12u2 localhost [amd64])
Inst libvirt-daemon-system (9.0.0-4+deb12u2 localhost [amd64])
Inst qemu-system-x86 (1:7.2+dfsg-7+deb12u18+b3 localhost [amd64])
Inst qemu-utils (1:7.2+dfsg-7+deb12u18+b3 localhost [amd64])
Conf dnsmasq-base (2.90-4~deb12u2 localhost [amd64])
"""
NEW = ("dnsmasq-base", "libvirt0", "libvirt-clients", "libvirt-daemon", "libvirt-daemon-system", "qemu-system-x86",
       "qemu-utils")  # fmt: skip
NO_UNITS = "".join(
    f"Id={name}\nNames={name}\nLoadState=not-found\nActiveState=inactive\nSubState=dead\nUnitFileState=\n\n"
    for name in ("libvirtd.socket", "libvirtd.service", "virtqemud.socket", "virtqemud.service")
)
NO_GROUP = Completed(2, "", "")
BARE = {
    "manager": "apt-get\n",
    "machine": "x86_64\n",
    "programs": "\n",
    "wanted": f" {' '.join(WANTED)}\n",
    "simulation": INSTALL,
    "residual": "installed adduser\ninstalled apt\n",
    "age": "262\n",
    "folders": Completed(1, "find: '/etc/libvirt': No such file or directory\n", ""),
    "files": Completed(1, "find: '/etc/libvirt': No such file or directory\n", ""),
    "users": Completed(2, "", ""),
    "systemd": "",
    "units": NO_UNITS,
    "user_groups": NO_GROUP,
    "groups": "root\n",
}


def unit(name: str, active: str = "active", file: str = "enabled", load: str = "loaded") -> str:
    return f"Id={name}\nNames={name}\nLoadState={load}\nActiveState={active}\nSubState=x\nUnitFileState={file}\n\n"


SET_UP = {
    **{name: BARE[name] for name in ("manager", "machine", "systemd", "groups")},
    "programs": "libvirtd\nvirsh\nqemu-img\nqemu-system-x86_64\n",
    "users": "libvirt-qemu:x:64055:104:Libvirt Qemu,,,:/var/lib/libvirt:/usr/sbin/nologin\n",
    "units": unit("libvirtd.socket") + unit("libvirtd.service", "inactive"),
    "user_groups": "libvirt:x:119:\n",
}


def software(base: Any = BARE, login: str = "root", **sections: Any) -> Software:
    groups = {f"groups__{login}": sections.pop("groups", base["groups"])}
    return parse_software([login], answered(**{**base, **groups, **sections}))


def facts(found: Software) -> HostsFacts:
    read, problems = config.check(TABLES)
    assert read, problems
    return HostsFacts(configured(read)).with_host("source", software=found)


def found(step: str, about: Software) -> Finding:
    finding = STEPS[step].check(facts(about))
    assert finding is not None
    return finding


def planned(step: str, about: Software) -> Change:
    change = STEPS[step].change(facts(about))
    assert isinstance(change, Change), change
    return change


def refused(step: str, about: Software) -> str:
    reason = STEPS[step].change(facts(about))
    assert isinstance(reason, str), reason
    return reason


def run(script: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["sh", "-c", script, "sh", *words], capture_output=True, text=True, timeout=120, check=False)


# -- findings --


def test_a_bare_debian_lacks_both_and_has_their_packages() -> None:
    bare = software()
    assert found("lists", bare) == Finding(OK, "apt offers libvirt and QEMU")
    words = "not installed: libvirt's daemon, QEMU (qemu-system-x86_64)"
    assert found("packages", bare) == Finding(FAILED, words, "libvirt and QEMU installed")
    assert (found("daemon", bare).state, refused("daemon", bare)) == (FAILED, "libvirt must be installed first")
    assert (bare.folders, bare.files, bare.users, bare.package.new) == ((), (), frozenset(), NEW)


def test_a_debian_with_both_has_good_findings() -> None:
    complete = software(SET_UP)
    states = {step: found(step, complete).state for step in STEPS}
    assert states == {"lists": NOT_NEEDED, "packages": OK, "daemon": OK, "member": NOT_NEEDED}


def test_empty_package_lists_are_updated_first() -> None:
    output = "Reading package lists...\nE: Unable to locate package libvirt-daemon-system\n"
    empty = software(simulation=Completed(100, output, ""))
    assert (found("lists", empty).state, found("lists", empty).detail) == (FAILED, output)
    assert [each.text for each in planned("lists", empty).actions] == ["apt-get -q -o DPkg::Lock::Timeout=120 update"]
    assert refused("packages", empty) == "the package lists do not contain them"


@pytest.mark.parametrize(
    ("programs", "state", "words"),
    [
        ("virtqemud\nvirsh\nqemu-img\nqemu-kvm\n", OK, "virtqemud, virsh, qemu-img, qemu-kvm"),
        ("libvirtd\nvirsh\nqemu-img\n", FAILED, "not installed: QEMU (qemu-system-x86_64)"),
        ("qemu-img\nqemu-system-x86_64\n", FAILED, "not installed: libvirt's daemon"),
        ("libvirtd\nqemu-system-x86_64\n", WARNING, "missing: virsh, qemu-img"),
    ],
)
def test_programs_from_any_source_are_accepted(programs: str, state: str, words: str) -> None:
    finding = found("packages", software(programs=programs, wanted=""))
    assert (finding.state, finding.found) == (state, words)


def test_the_missing_unit_of_a_daemon_is_installed() -> None:
    """`make setup` leaves a bare Debian like this, because it must not start a daemon."""
    programs = "libvirtd\nvirsh\nqemu-img\nqemu-system-x86_64\n"
    half = software(served="", programs=programs, wanted=" libvirt-daemon-system dnsmasq-base\n")
    finding = found("packages", half)
    assert (finding.state, finding.found) == (FAILED, "not installed: the service that starts libvirt's daemon")
    assert (
        planned("packages", half)
        .actions[0]
        .text.endswith("install -y --no-install-recommends libvirt-daemon-system dnsmasq-base")
    )


@pytest.mark.parametrize(
    ("units", "words"),
    [
        (unit("libvirtd.socket", "inactive", "disabled"), "libvirtd.socket is inactive"),
        (unit("libvirtd.socket", "active", "disabled"), "libvirtd.socket runs, but does not start at boot"),
        (unit("libvirtd.service", "inactive", "masked", "masked"), "libvirtd.service is masked"),
        (NO_UNITS, "this host has no libvirt service"),
    ],
)
def test_a_daemon_that_would_not_start_at_boot_is_found(units: str, words: str) -> None:
    finding = found("daemon", software(SET_UP, units=units))
    assert (finding.state, finding.found) == (FAILED, words)


def test_the_active_one_of_two_daemons_is_used() -> None:
    units = unit("libvirtd.socket", "inactive", "disabled") + unit("virtqemud.socket")
    assert found("daemon", software(SET_UP, units=units)).found == "virtqemud.socket is active and starts at boot"


def test_a_daemon_is_enabled_and_started_and_both_are_undone() -> None:
    stopped = software(SET_UP, units=unit("libvirtd.socket", "inactive", "disabled"))
    moves = planned("daemon", stopped).moves
    assert [move.action.text for move in moves] == [
        "systemctl enable libvirtd.socket", "systemctl start libvirtd.socket",
    ]  # fmt: skip
    assert [move.undo[0].text for move in moves] == [
        "systemctl disable libvirtd.socket", "systemctl stop libvirtd.socket",
    ]  # fmt: skip


def test_without_systemd_the_daemon_step_is_not_needed() -> None:
    assert found("daemon", software(SET_UP, systemd=Completed(1, "", ""))).state == NOT_NEEDED


@pytest.mark.parametrize(
    ("groups", "group", "state"),
    [("op sudo libvirt\n", "libvirt:x:119:op\n", OK), ("op sudo\n", "libvirt:x:119:\n", FAILED),
     ("op sudo\n", NO_GROUP, WARNING)],
)  # fmt: skip
def test_a_login_other_than_root_must_be_in_the_group(groups: str, group: Any, state: str) -> None:
    assert found("member", software(SET_UP, "op", groups=groups, user_groups=group)).state == state


def test_the_login_is_added_to_the_group_and_removed_by_undo() -> None:
    (move,) = planned("member", software(SET_UP, "op", groups="op sudo\n")).moves
    assert (move.action.text, move.undo[0].text) == ("gpasswd -a op libvirt", "gpasswd -d op libvirt")


# -- installation and its undo --


def undo(about: Software) -> list[tuple[str, ...]]:
    """The commands that undo the installation, without their wrappers."""
    (move,) = planned("packages", about).moves
    argvs = [each.argv for each in move.undo if isinstance(each, Command)]
    return [argv[argv.index("dpkg") :] if "dpkg" in argv else argv for argv in argvs]


def test_missing_packages_are_installed_and_undo_purges_all_new_ones() -> None:
    change = planned("packages", software())
    (install,) = change.actions
    assert isinstance(install, Command)
    assert install.argv[-len(WANTED) - 3 :] == ("install", "-y", "--no-install-recommends", *WANTED)
    assert "Installs 7 packages: dnsmasq-base, " in change.note
    argvs = undo(software())
    assert ("dpkg", "--purge", *NEW) in argvs
    assert argvs[0] == ("sh", "-c", STILL_USED)
    assert argvs[-1] == ("sh", "-c", CLEAR, "sh", *GROUPS)


def test_old_package_lists_are_updated_first() -> None:
    assert "update" in planned("packages", software(age="90000\n")).actions[0].text


def test_users_folders_and_files_from_before_the_installation_stay() -> None:
    before = software(
        users=SET_UP["users"], user_groups="libvirt-qemu:x:64055:\n",
        folders="/etc/libvirt\n/var/lib/libvirt/images\n", files="/etc/libvirt/qemu.conf\n",
    )  # fmt: skip
    argvs = undo(before)
    assert ("dpkg", "--purge", *NEW) in argvs
    assert ("sh", "-c", HOLD, "sh", "/etc/libvirt", "/var/lib/libvirt/images") in argvs
    assert argvs[-1] == ("sh", "-c", RELEASE, "sh", "/etc/libvirt", "/var/lib/libvirt/images")
    assert not any("libvirt-qemu" in argv for argv in argvs)
    assert any(argv[-1] == "/etc/libvirt/qemu.conf" for argv in argvs)


CONFIGURED = {"folders": "/etc/libvirt\n", "files": f"/etc/libvirt/qemu.conf\n{AUTOSTART}\n"}
ONLY_QEMU = {**SET_UP, **CONFIGURED, "programs": "libvirtd\nvirsh\n", "wanted": " qemu-system-x86 qemu-utils\n"}
STARTED_BY_NOTHING = {**SET_UP, "served": "", "programs": "libvirtd\nvirsh\n", "wanted": " libvirt-daemon-system\n"}


@pytest.mark.parametrize(
    ("before", "cleared"),
    [
        ({}, [("sh", "-c", END_NETWORKS), ("sh", "-c", CLEAR_NETWORKS, "sh", AUTOSTART), ("sh", "-c", CLEAR_RUN)]),
        (CONFIGURED, [("sh", "-c", END_NETWORKS), ("sh", "-c", CLEAR_NETWORKS), ("sh", "-c", CLEAR_RUN)]),
        (
            STARTED_BY_NOTHING,
            [("sh", "-c", END_NETWORKS), ("sh", "-c", CLEAR_NETWORKS, "sh", AUTOSTART), ("sh", "-c", CLEAR_RUN)],
        ),
        (ONLY_QEMU, []),
        ({**ONLY_QEMU, "programs": "virtqemud\nvirsh\n"}, []),
    ],
)
def test_a_libvirt_from_before_keeps_its_networks_and_runtime_files(
    before: dict[str, Any], cleared: list[tuple[str, ...]]
) -> None:
    about = software({**BARE, **before})
    argvs = undo(about)
    assert [argv for argv in argvs if {END_NETWORKS, CLEAR_NETWORKS, CLEAR_RUN} & {*argv}] == cleared
    assert not [each for each in ("/run/libvirt", "networks", "dnsmasq") if each in CLEAR]
    if about.files:
        assert ("sh", "-c", apt.KEEP, "sh", *about.files) in argvs


def test_files_and_links_from_before_are_restored(tmp_path: Path) -> None:
    folder = tmp_path / "odd; folder"
    folder.mkdir()
    (folder / "a.conf").write_text("mine")
    for link, target in (("to-file", "a.conf"), ("to-folder", "."), ("to-nothing", "none")):
        (folder / link).symlink_to(target)
    files = [str(each) for each in sorted(folder.iterdir())]
    assert run(apt.KEEP, *files, str(folder / "gone")).returncode == 0
    (folder / "a.conf").write_text("the package's")
    (folder / "to-nothing").unlink()
    assert run(apt.RETURN, *files, str(folder / "gone")).returncode == 0
    assert [str(each) for each in sorted(folder.iterdir())] == files
    assert (folder / "a.conf").read_text() == "mine"
    assert [str((folder / link).readlink()) for link in ("to-file", "to-folder", "to-nothing")] == [
        "a.conf", ".", "none",
    ]  # fmt: skip


def test_missing_programs_of_installed_packages_are_left_to_the_user() -> None:
    gone = software(SET_UP, programs="libvirtd\nvirsh\nqemu-img\n")
    assert found("packages", gone).found == "not installed: QEMU (qemu-system-x86_64)"
    assert found("lists", gone).state == NOT_NEEDED
    assert "dpkg lists the packages as installed" in refused("packages", gone)


def test_nothing_is_installed_if_apt_would_remove_packages() -> None:
    output = f"Remv qemu-system-x86-xen [1:8.0]\n{INSTALL}"
    words = "apt would remove qemu-system-x86-xen for it: decide on the host"
    assert refused("packages", software(simulation=output)) == words


@pytest.mark.parametrize(
    ("manager", "words"),
    [("dnf\n", "As root on this host: dnf install libvirt qemu-kvm"), ("\n", "with the package manager of this host")],
)
def test_without_apt_the_command_is_shown(manager: str, words: str) -> None:
    elsewhere = software(manager=manager, wanted="", simulation="")
    assert found("lists", elsewhere).state == NOT_NEEDED
    assert words in found("packages", elsewhere).hint
    assert words in refused("packages", elsewhere)


def test_undo_removes_nothing_while_a_vm_is_defined(tmp_path: Path) -> None:
    (tmp_path / "qemu").mkdir()
    script = STILL_USED.replace("/etc/libvirt", str(tmp_path)).replace("/run/libvirt", str(tmp_path / "none"))
    assert run(script).returncode == 0
    (tmp_path / "qemu/web server.xml").touch()
    done = run(script)
    assert (done.returncode, done.stdout) == (1, "web server is a VM of this host: libvirt and QEMU stay\n")


def test_undo_removes_empty_folders_except_those_from_before(tmp_path: Path) -> None:
    for each in ("lib/qemu/save", "lib/images", "lib/mine", "etc/qemu/networks/autostart"):
        (tmp_path / each).mkdir(parents=True)
    (tmp_path / "lib/images/disk.qcow2").touch()
    mine = str(tmp_path / "lib/mine")
    (tmp_path / "run/network").mkdir(parents=True)
    (tmp_path / "lib/dnsmasq").mkdir()
    (tmp_path / "lib/dnsmasq/virbr0.status").touch()
    (tmp_path / "etc/qemu/networks/autostart/default.xml").symlink_to("../default.xml")

    def moved(script: str) -> str:
        script = script.replace("/run/libvirt", f"{tmp_path}/run")
        for name in ("etc", "var/lib", "var/cache", "var/log"):
            script = script.replace(f"/{name}/libvirt", f"{tmp_path}/{name.rpartition('/')[2]}")
        return script

    steps = (
        (HOLD, (mine,)),
        (moved(CLEAR_NETWORKS), (moved(AUTOSTART),)),
        (moved(CLEAR_RUN), ()),
        (moved(CLEAR), ()),
        (RELEASE, (mine,)),
    )
    for step, words in steps:
        assert run(step, *words).returncode == 0
    left = sorted(str(each.relative_to(tmp_path)) for each in tmp_path.rglob("*"))
    assert left == ["lib", "lib/images", "lib/images/disk.qcow2", "lib/mine"]


def test_the_script_runs_on_this_machine() -> None:
    done = run(SCRIPT, "nobody")
    assert (done.returncode, done.stderr) == (0, "")
    here = parse_software(["nobody"], done.stdout)
    machine = subprocess.run(["uname", "-m"], capture_output=True, text=True, check=True).stdout.strip()
    assert (here.machine, here.logins, here.members) == (machine, ("nobody",), frozenset())


def test_an_age_of_the_lists_that_is_no_number_is_passed_over() -> None:
    assert parse_software(["root"], answered(age="²\n")).lists_age_s == 0
