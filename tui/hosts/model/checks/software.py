"""Steps about libvirt and QEMU on one host: installed, started at boot, accessible to the app's login."""

from collections.abc import Callable

from tui.checklist.model.check import FAILED, NOT_NEEDED, OK, WARNING, Finding, check_lists
from tui.checklist.model.step import Step
from tui.hosts.model.facts import HostsFacts, unread
from tui.hosts.model.software import GROUP, GROUPS, USERS, Software
from tui.linux import apt
from tui.linux.change import Change, Command, Move, reversible
from tui.linux.units import systemctl

BY_HAND = {
    "dnf": "dnf install libvirt qemu-kvm",
    "yum": "yum install libvirt qemu-kvm",
    "zypper": "zypper install libvirt qemu-kvm",
    "pacman": "pacman -S libvirt qemu-desktop",
    "apk": "apk add libvirt-daemon qemu-img qemu-system-x86_64",
}
PACKAGE_OF = {"virsh": "libvirt-clients", "qemu-img": "qemu-utils"}

# Undo stops here while the host has a VM, because the VM needs libvirt and QEMU.
STILL_USED = """for each in /etc/libvirt/qemu/*.xml /run/libvirt/qemu/*.xml; do
  [ ! -e "$each" ] || { echo "$(basename "$each" .xml) is a VM of this host: libvirt and QEMU stay"; exit 1; }
done"""
# The bridge and dnsmasq of a network keep running without the daemon.
END_NETWORKS = """timeout 20 virsh -c qemu:///system -q net-list --name 2> /dev/null | while read -r each; do
  [ -z "$each" ] || timeout 20 virsh -c qemu:///system net-destroy "$each"
done; :"""
# dpkg removes an empty folder of a package even if it was there before.
HOLD = 'for each; do [ ! -d "$each" ] || : > "$each/.vmlm-kept"; done'
RELEASE = 'for each; do rm -f -- "$each/.vmlm-kept"; done'
# Files that libvirt's daemon created while it ran; skipped if the daemon, or its network driver, was there before. $@
# are links.
CLEAR_RUN = "rm -rf /run/libvirt"
CLEAR_NETWORKS = 'rm -f -- "$@" /var/lib/libvirt/dnsmasq/virbr0.* /var/lib/libvirt/dnsmasq/default.*; :'
AUTOSTART = "/etc/libvirt/qemu/networks/autostart/default.xml"
# Leftovers of the packages; only empty folders are removed. $@ are groups.
CLEAR = """exec 2> /dev/null
for each; do
  if getent group "$each" > /dev/null; then groupdel "$each"; fi
done
for each in libvirt-lxc libvirt-qemu; do
  file=/etc/apparmor.d/local/abstractions/$each
  [ -e "/etc/apparmor.d/abstractions/$each" ] || [ -s "$file" ] || rm -f "$file"
done
rmdir /etc/apparmor.d/local/abstractions /etc/apparmor.d/local /etc/apparmor.d/abstractions /etc/apparmor.d
[ -e /lib/systemd/systemd-machined ] || systemctl stop systemd-machined.service
rm -f /var/cache/libvirt/qemu/capabilities/*.xml
for each in /etc/libvirt /var/lib/libvirt /var/cache/libvirt /var/log/libvirt; do
  [ ! -d "$each" ] || find "$each" -xdev -depth -type d -exec rmdir --ignore-fail-on-non-empty -- {} \\;
done; :"""

LISTS = "apt installs only what its lists contain; a new system's lists are often empty."
PROGRAMS = "QEMU runs the VMs, libvirt controls QEMU, and the libvirt daemons of both hosts do the migration."
DAEMON = "It controls the VMs, so it must start at boot."
MEMBER = (
    "The system's libvirt accepts root and the members of this group only. The app logs in, and so does the libvirt of"
    " the other host: the way back, too, depends on it."
)


def _step(
    host: str,
    id: str,
    title: str,
    why: str,
    judge: Callable[[Software], Finding],
    plan: Callable[[str, Software], Change | str] = lambda _host, _software: "",
    *needs: str,
) -> Step[HostsFacts]:
    def check(facts: HostsFacts) -> Finding | None:
        software = facts.at(host).software
        return judge(software) if isinstance(software, Software) else unread(software)

    def change(facts: HostsFacts) -> Change | str:
        software = facts.at(host).software
        return plan(host, software) if isinstance(software, Software) else ""

    return Step(f"{host}.{id}", host, title, why, check, change, tuple(f"{host}.{each}" for each in needs))


def lists(host: str) -> Step[HostsFacts]:
    """Package lists that contain libvirt and QEMU."""

    def judge(software: Software) -> Finding:
        if software.package.manager == "apt" and software.missing and not software.wanted:
            return Finding(NOT_NEEDED, "dpkg lists them as installed")
        return check_lists(software.package)

    def plan(host: str, _software: Software) -> Change:
        return Change((Move(apt.update(host)),), note="Downloads the package lists.")

    return _step(host, "lists", "packages of libvirt and QEMU are available", LISTS, judge, plan, "release")


def programs(host: str) -> Step[HostsFacts]:
    """The programs of libvirt and QEMU; only apt installs them."""

    def judge(software: Software) -> Finding:
        if software.missing:
            hint = "" if software.package.manager == "apt" else _by_hand(software)
            found = f"not installed: {', '.join(software.missing)}"
            return Finding(FAILED, found, "libvirt and QEMU installed", hint)
        lacks = [each for each in PACKAGE_OF if each not in software.programs]
        if lacks:
            hint = f"Install {' and '.join(PACKAGE_OF[each] for each in lacks)}."
            return Finding(WARNING, f"missing: {', '.join(lacks)}", "the programs that the app's commands use", hint)
        return Finding(OK, ", ".join(software.programs))

    return _step(host, "packages", "libvirt and QEMU are installed", PROGRAMS, judge, _installed, "lists", "release")


def _installed(host: str, software: Software) -> Change | str:
    """Install the packages; undo removes exactly the packages that apt would add."""
    package = software.package
    if package.manager != "apt":
        return f"the app installs with apt only. {_by_hand(software)}"
    if not software.wanted:
        return "dpkg lists the packages as installed, but programs are missing: reinstall them on the host"
    if not package.known:
        return "the package lists do not contain them"
    if package.removed:
        return f"apt would remove {', '.join(package.removed)} for it: decide on the host"
    moves = [Move(apt.update(host, may_fail=True))] if software.lists_age_s > apt.DAY_S else []
    moves.append(Move(apt.install(host, *software.wanted), _removal(host, software)))
    note = apt.install_note(package)
    return Change(tuple(moves), f"{note} It takes minutes and up to 1 GB; undo never removes VMs or disks.")


def _removal(host: str, software: Software) -> tuple[Command, ...]:
    users = tuple(each for each in USERS if each not in software.users)
    spared = tuple(sorted(software.users | software.groups))
    commands = [_sh(host, STILL_USED)]
    if not software.networked:
        commands.append(_sh(host, END_NETWORKS))
    if software.folders:
        commands.append(_sh(host, HOLD, *software.folders))
    commands += apt.removal(host, software.package, software.files, users, spared)
    commands += _units_as_before(host, software)
    if not software.networked:
        commands.append(_sh(host, CLEAR_NETWORKS, *(each for each in (AUTOSTART,) if each not in software.files)))
    if not software.served:
        commands.append(_sh(host, CLEAR_RUN))
    commands.append(_sh(host, CLEAR, *(each for each in GROUPS if each not in software.groups)))
    if software.folders:
        commands.append(_sh(host, RELEASE, *software.folders))
    return tuple(commands)


def _units_as_before(host: str, software: Software) -> list[Command]:
    """The commands for units that stay without the packages, and that their installation enables and starts."""
    commands = []
    for verb, names in (
        ("disable", [unit.name for unit in software.units if unit.exists and unit.file == "disabled"]),
        ("stop", [unit.name for unit in software.units if unit.exists and unit.active == "inactive"]),
    ):
        if software.served and names:
            commands.append(Command(host, ("systemctl", verb, *names)))
    return commands


def daemon(host: str) -> Step[HostsFacts]:
    """libvirt's daemon, running and enabled."""
    wanted = "libvirt's daemon running and enabled at boot"

    def judge(software: Software) -> Finding:
        if not software.systemd:
            return Finding(NOT_NEEDED, "this host has no systemd, so the app can't check how libvirt starts")
        unit = software.unit
        if unit is None:
            return Finding(FAILED, "this host has no libvirt service", wanted)
        if unit.masked:
            hint = f"If that is not intended: systemctl unmask {unit.name}"
            return Finding(FAILED, f"{unit.name} is masked", wanted, hint)
        if unit.active != "active":
            return Finding(FAILED, f"{unit.name} is {unit.active}", wanted)
        if not any(each.file == "enabled" for each in software.units):
            return Finding(FAILED, f"{unit.name} runs, but does not start at boot", wanted)
        return Finding(OK, f"{unit.name} is active and starts at boot")

    def plan(host: str, software: Software) -> Change | str:
        unit = software.unit
        if unit is None:
            return "libvirt must be installed first"
        if unit.masked:
            return f"{unit.name} is masked"
        moves = []
        if not any(each.file == "enabled" for each in software.units):
            moves.append(systemctl(host, "enable", unit.name, "disable"))
        if unit.active != "active":
            moves.append(systemctl(host, "start", unit.name, "stop"))
        return Change(tuple(moves))

    return _step(host, "daemon", "libvirt's daemon runs and starts at boot", DAEMON, judge, plan, "packages")


def member(host: str) -> Step[HostsFacts]:
    """The logins that use libvirt here, in libvirt's group: the app's, and the one by which the other host opens it."""

    def lacking(software: Software) -> list[str]:
        return [each for each in software.logins if each not in ("root", *software.members)]

    def judge(software: Software) -> Finding:
        logins = [each for each in software.logins if each != "root"]
        if not logins:
            return Finding(NOT_NEEDED, "only root uses it")
        lacks = lacking(software)
        if not lacks:
            return Finding(OK, f"{' and '.join(logins)} {'is' if len(logins) == 1 else 'are'} in the group {GROUP}")
        wanted = f"{' and '.join(lacks)} in the group {GROUP}"
        if GROUP not in software.groups:
            return Finding(WARNING, f"not checked, because this host has no group {GROUP}", wanted)
        return Finding(FAILED, f"{' and '.join(lacks)} {'is' if len(lacks) == 1 else 'are'} not in it", wanted)

    def plan(host: str, software: Software) -> Change | str:
        moves = [
            reversible(host, ("gpasswd", "-a", each, GROUP), ("gpasswd", "-d", each, GROUP))
            for each in lacking(software)
        ]
        return Change(tuple(moves), "It applies from the next login; on the source, log in again and restart the app.")

    return _step(host, "member", "the logins may use libvirt", MEMBER, judge, plan, "packages")


def _sh(host: str, script: str, *words: str) -> Command:
    return Command(host, ("sh", "-c", script, "sh", *words) if words else ("sh", "-c", script))


def _by_hand(software: Software) -> str:
    command = BY_HAND.get(software.package.manager)
    return f"As root on this host: {command}" if command else "Install them with the package manager of this host."
