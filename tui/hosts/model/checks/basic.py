"""Steps of the Hosts list on one host each: that it can be worked on, and that guests run on it."""

from tui.checklist.model.check import FAILED, NOT_NEEDED, OK, WARNING, Finding, from_failure
from tui.checklist.model.step import Step
from tui.core import actions
from tui.core.failure import Failure, LoginRefused, PasswordNeeded, UntrustedHost
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
    def check(facts: HostsFacts) -> Finding | None:
        system = facts.at(host).system
        if isinstance(system, System):
            return Finding(OK, f"it answers as {system.hostname}")
        return _failed(system, "a login over ssh without a question")

    def change(facts: HostsFacts) -> str:
        if not isinstance(facts.at(host).system, (UntrustedHost, LoginRefused)):
            return ""
        person = "the first login takes a person, who compares the fingerprint and gives the password once"
        return f"{actions.LOGIN} logs in: {person}"

    why = "The app reads and sets up this host over ssh, with a key and without ever asking."
    return Step(f"{host}.login", host, "the app can log in", why, check, change)


def root(host: str) -> Step[HostsFacts]:
    def check(facts: HostsFacts) -> Finding | None:
        one = facts.at(host)
        if isinstance(one.conf, QemuConf):
            return Finding(OK, "commands run as root")
        if isinstance(one.conf, PasswordNeeded) or isinstance(one.system, System):
            return _failed(one.conf, "a login as root, or sudo")
        return unread(one.conf)

    why = "Much of what a migration needs only root can look at, and all of it only root can set up."
    return Step(f"{host}.root", host, "the app can act as root", why, check)


def libvirt(host: str) -> Step[HostsFacts]:
    def check(facts: HostsFacts) -> Finding | None:
        found = facts.at(host).libvirt
        if not isinstance(found, Libvirt):
            return _failed(found, "a libvirt daemon that answers the app")
        daemon = found.daemon
        return Finding(OK, f"libvirt {version(daemon.libvirt_version)}, QEMU {version(daemon.hypervisor_version)}")

    return Step(f"{host}.libvirt", host, "libvirt answers", "It runs the VMs here and moves them.", check)


def kvm(host: str) -> Step[HostsFacts]:
    wanted = "a guest runs on KVM"

    def check(facts: HostsFacts) -> Finding | None:
        tried, vm = facts.at(host).kvm, facts.vm
        if not isinstance(tried, Kvm):
            return unread(tried)
        if tried.outcome == RUNS:
            return Finding(OK, "a small guest was run on KVM")
        if vm is None and facts.vm_awaited:
            return None
        if vm is not None and vm.kind == QEMU:
            name = facts.configured.vm
            return Finding(NOT_NEEDED, f"/dev/kvm: {tried.words}; {name} is emulated", detail=tried.detail)
        state = WARNING if vm is None else FAILED
        return Finding(state, f"/dev/kvm: {tried.words}", wanted, _kvm_hint(tried), tried.detail)

    why = "With KVM the CPU itself runs the guest; QEMU emulating one is many times slower, and a KVM guest needs it."
    return Step(f"{host}.kvm", host, wanted, why, check, needs=(f"{host}.root",))


def _kvm_hint(tried: Kvm) -> str:
    if tried.outcome == NO_DEVICE:
        if tried.detail:
            return "The CPU can do it: `modprobe kvm_intel` or `modprobe kvm_amd`."
        return "Switch virtualization on in the firmware, or nested virtualization where this host is itself a VM."
    if tried.outcome == NO_QEMU:
        return "Install qemu-system-x86."
    if tried.outcome == HANGS:
        return "This host is likely a VM without working nested virtualization."
    return "QEMU's user must be in the group that owns /dev/kvm."


def disk(host: str) -> Step[HostsFacts]:
    def check(facts: HostsFacts) -> Finding | None:
        system, folder = facts.at(host).system, facts.configured.images
        if not isinstance(system, System):
            return unread(system)
        if not system.disk_bytes:
            return Finding(WARNING, f"{folder} is not there yet, or does not answer", "room for the images")
        free = f"{size(system.disk_free_bytes)} of {size(system.disk_bytes)} are free in {folder}"
        scarce = system.disk_free_bytes < DISK_LEAST_BYTES
        return Finding(WARNING if scarce else OK, free, f"at least {size(DISK_LEAST_BYTES)} free" if scarce else "")

    why = "An image grows while its VM writes; a full disk stops the VM."
    return Step(f"{host}.disk", host, "there is room for the images", why, check)


def clock(host: str) -> Step[HostsFacts]:
    def check(facts: HostsFacts) -> Finding | None:
        found = facts.at(host).clock
        if not isinstance(found, Clock):
            return unread(found)
        if found.surely_off(CLOCK_LIMIT_S):
            hint = "Let both hosts keep time: install systemd-timesyncd or chrony."
            return Finding(WARNING, found.words, f"within {CLOCK_LIMIT_S} s of the source's", hint)
        return Finding(OK, found.words)

    why = "Times of files and of log lines are compared between the hosts, and a guest may take the host's time."
    return Step(f"{host}.clock", host, "its clock is the source's", why, check)


def version(number: tuple[int, int, int]) -> str:
    return ".".join(map(str, number))


def _failed(part: object, wanted: str) -> Finding | None:
    """As `unread`, where that it can't be read is the fault that is looked for."""
    return from_failure(part, FAILED, wanted) if isinstance(part, Failure) else None
