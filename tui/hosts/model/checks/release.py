"""The step that both hosts get the same release of libvirt and QEMU, however they are installed."""

from tui.checklist.model.check import FAILED, NOT_NEEDED, OK, WARNING, Finding
from tui.checklist.model.step import Step
from tui.core.failure import Failure
from tui.core.host_words import all_of, the
from tui.hosts.model.facts import Configured, HostsFacts, unread
from tui.hosts.model.release import Release, upstream
from tui.hosts.model.software import Software
from tui.linux import apt
from tui.linux.change import Change, Move, added

# The files that `make setup` writes for the same purpose.
PIN = "/etc/apt/preferences.d/vmlm-tui"
SOURCE_LIST = "/etc/apt/sources.list.d/vmlm-tui-backports.sources"
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"

WHY = (
    "VMs move both ways only between the same versions of libvirt and QEMU; `make setup` takes those of the backports"
    " on Debian 12."
)
NOTE = "apt then prefers the backports for libvirt, QEMU and SeaBIOS only. Nothing is installed by this."


def release(known: Configured, host: str) -> Step[HostsFacts]:
    """The packages of libvirt and QEMU, in the newest release that another host has."""
    others = [each for each in known.hypervisors if each != host]

    def both(facts: HostsFacts) -> tuple[Release, Release, str] | Finding | None:
        own, found = facts.at(host).software, {each: facts.at(each).software for each in others}
        if not isinstance(own, Software):
            return unread(own)
        if not found:
            return Finding(NOT_NEEDED, "there is no other host")
        read = {each: software.release for each, software in found.items() if isinstance(software, Software)}
        if all(isinstance(each, Failure) for each in found.values()):  # they delay nothing here
            return Finding(NOT_NEEDED, f"not compared: {all_of(others)} can't be read")
        if any(each is None for each in found.values()):
            return None
        newest = max(read, key=lambda each: upstream(read[each].version))
        return own.release, read[newest], the(newest)

    def check(facts: HostsFacts) -> Finding | None:
        read = both(facts)
        if not isinstance(read, tuple):
            return read
        own, theirs, other = read
        if not own.version or not theirs.version:
            return Finding(NOT_NEEDED, "libvirt is not from Debian's packages on both hosts")
        if upstream(own.version) >= upstream(theirs.version) or not theirs.backport or own.codename != theirs.codename:
            return Finding(OK, f"libvirt {own.version}{'' if own.installed else ', not installed yet'}")
        wanted = f"libvirt {theirs.version}, as on {other}"
        if own.installed:
            found = f"libvirt {own.installed} is installed here, {theirs.version} on {other}"
            hint = f"On this host: apt-get install -t {own.backports} libvirt-daemon-system qemu-system-x86 qemu-utils"
            return Finding(WARNING, found, wanted, hint)
        return Finding(FAILED, f"apt would install libvirt {own.candidate}; {other} has {theirs.version}", wanted)

    def change(facts: HostsFacts) -> Change | str:
        read = both(facts)
        if not isinstance(read, tuple):
            return ""
        own = read[0]
        suite, moves = own.backports, []
        if suite not in own.suites:
            if not own.mirror:
                return f"this host has no package source of {own.codename} on a web server"
            source = (
                "Types: deb", f"URIs: {own.mirror}", f"Suites: {suite}", "Components: main", f"Signed-By: {KEYRING}",
            )  # fmt: skip
            moves.append(added(host, SOURCE_LIST, source, apt.update(host, may_fail=True)))
        pin = ("Package: src:libvirt src:qemu src:seabios", f"Pin: release n={suite}", "Pin-Priority: 500")
        moves.append(added(host, PIN, pin))
        moves.append(Move(apt.update(host)))
        return Change(tuple(moves), NOTE)

    title = f"it gets the same libvirt and QEMU as {the(others[0]) if len(others) == 1 else 'the other hosts'}"
    return Step(f"{host}.release", host, title, WHY, check, change)
