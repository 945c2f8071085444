"""Steps about a single host: logins, libvirt, KVM, disk space and clock."""

from tui.checklist.model.check import FAILED, NOT_NEEDED, OK, WARNING, Finding, from_failure
from tui.checklist.model.step import Step
from tui.core import actions
from tui.core.failure import Failure, LoginRefused, PasswordNeeded, UntrustedHost
from tui.core.host_words import the
from tui.core.quantity import size
from tui.hosts.model.clock import Clock
from tui.hosts.model.facts import HostsFacts, Libvirt, unread
from tui.hosts.model.host import System
from tui.linux.qemu_conf import QemuConf
from tui.vm.model.cpu import QEMU
from tui.vm.model.kvm import HANGS, NO_DEVICE, NO_QEMU, RUNS, Kvm

CLOCK_LIMIT_S = 0.5
DISK_LEAST_BYTES = 1 << 30


def login(host: str) -> Step[HostsFacts]:
    """The app's login over ssh."""

    def check(facts: HostsFacts) -> Finding | None:
        system = facts.at(host).system
        if isinstance(system, System):
            return Finding(OK, f"its host name is {system.hostname}")
        return _failed(system, "an ssh login without a prompt")

    def change(facts: HostsFacts) -> str:
        if not isinstance(facts.at(host).system, (UntrustedHost, LoginRefused)):
            return ""
        person = "only the first login needs you, to compare the fingerprint and enter the password"
        return f"{actions.LOGIN} logs in: {person}"

    why = "The app reads and sets up this host over ssh, with a key and without a prompt."
    return Step(f"{host}.login", host, "the app can log in", why, check, change)


def root(host: str) -> Step[HostsFacts]:
    """Commands as root."""

    def check(facts: HostsFacts) -> Finding | None:
        one = facts.at(host)
        if isinstance(one.conf, QemuConf):
            return Finding(OK, "commands run as root")
        if isinstance(one.conf, PasswordNeeded) or isinstance(one.system, System):
            return _failed(one.conf, "a login as root, or sudo")
        return unread(one.conf)

    why = "Only root can read much of what a migration needs, and only root can change it."
    return Step(f"{host}.root", host, "the app can run commands as root", why, check)


def libvirt(host: str) -> Step[HostsFacts]:
    """A connection to libvirt."""

    def check(facts: HostsFacts) -> Finding | None:
        found = facts.at(host).libvirt
        if not isinstance(found, Libvirt):
            return _failed(found, "a libvirt daemon that accepts the app's connection")
        daemon = found.daemon
        return Finding(OK, f"libvirt {version(daemon.libvirt_version)}, QEMU {version(daemon.hypervisor_version)}")

    return Step(f"{host}.libvirt", host, "libvirt accepts connections", "libvirt runs and migrates the VMs.", check)


def kvm(host: str) -> Step[HostsFacts]:
    """A guest on KVM; needed only for a VM that uses it."""
    wanted = "a guest runs on KVM"

    def check(facts: HostsFacts) -> Finding | None:
        tried, vm = facts.at(host).kvm, facts.vm
        if not isinstance(tried, Kvm):
            return unread(tried)
        if tried.outcome == RUNS:
            return Finding(OK, "a small guest ran on KVM")
        if vm is None and facts.vm_awaited:
            return None
        if vm is not None and vm.kind == QEMU:
            name = facts.configured.vm
            return Finding(NOT_NEEDED, f"/dev/kvm: {tried.words}; {name} is emulated", detail=tried.detail)
        state = WARNING if vm is None else FAILED
        return Finding(state, f"/dev/kvm: {tried.words}", wanted, _kvm_hint(tried), tried.detail)

    why = "KVM runs a guest on the CPU itself; emulation is many times slower, and a KVM guest can't run without KVM."
    return Step(f"{host}.kvm", host, wanted, why, check, needs=(f"{host}.root",))


def _kvm_hint(tried: Kvm) -> str:
    if tried.outcome == NO_DEVICE:
        if tried.detail:
            return "The CPU supports it: `modprobe kvm_intel` or `modprobe kvm_amd`."
        return "Enable virtualization in the firmware, or nested virtualization if this host is a VM."
    if tried.outcome == NO_QEMU:
        return "Install qemu-system-x86."
    if tried.outcome == HANGS:
        return "This host is probably a VM without working nested virtualization."
    return "QEMU's user must be in the group that owns /dev/kvm."


def disk(host: str) -> Step[HostsFacts]:
    """Free space for the images."""

    def check(facts: HostsFacts) -> Finding | None:
        system, folder = facts.at(host).system, facts.configured.images
        if not isinstance(system, System):
            return unread(system)
        if not system.disk_bytes:
            return Finding(WARNING, f"{folder} is missing, or its file system does not respond", "space for the images")
        free = f"{size(system.disk_free_bytes)} of {size(system.disk_bytes)} free in {folder}"
        scarce = system.disk_free_bytes < DISK_LEAST_BYTES
        return Finding(WARNING if scarce else OK, free, f"at least {size(DISK_LEAST_BYTES)} free" if scarce else "")

    why = "An image grows while its VM writes; a full disk stops the VM."
    return Step(f"{host}.disk", host, "there is space for the images", why, check)


def clock(host: str, here: str) -> Step[HostsFacts]:
    """The clock compared to that of the app's machine, which is `here`."""
    other = the(here) if here else "this machine"

    def check(facts: HostsFacts) -> Finding | None:
        found = facts.at(host).clock
        if not isinstance(found, Clock):
            return unread(found)
        if found.exceeds(CLOCK_LIMIT_S):
            hint = "Synchronize the clocks of both hosts: install systemd-timesyncd or chrony."
            return Finding(WARNING, found.words, f"within {CLOCK_LIMIT_S} s of {other}'s", hint)
        return Finding(OK, found.words)

    why = "File times and logs are compared between the hosts, and a guest may take its time from the host."
    return Step(f"{host}.clock", host, f"its clock agrees with {other}'s", why, check)


def version(number: tuple[int, int, int]) -> str:
    """A version as text: "10.0.2"."""
    return ".".join(map(str, number))


def _failed(part: object, wanted: str) -> Finding | None:
    """As `unread`, but FAILED, because this step checks whether the part can be read."""
    return from_failure(part, FAILED, wanted) if isinstance(part, Failure) else None
