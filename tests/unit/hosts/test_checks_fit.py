"""Checks that a VM of one host can run on the other."""

import pytest

from tests.fake_hosts import GIB
from tests.unit.hosts.good_hosts import CPU, MACHINES, daemon, found, good, qemu, with_host, with_way
from tui.checklist.model.check import FAILED, NOT_NEEDED, OK, WARNING
from tui.core.vm import Vm
from tui.hosts.model.clock import Clock
from tui.hosts.model.facts import Libvirt
from tui.hosts.model.host import System
from tui.vm.model.cpu import IDENTICAL, INCOMPATIBLE, SUPERSET, Cpu, CpuFit
from tui.vm.model.domain import Domain


def fit(verdict: str, *, vm: str = "", source: str = "aes avx2 avx512f", destination: str = "aes avx2") -> CpuFit:
    own, other = (Cpu(CPU.xml, frozenset(names.split())) for names in (source, destination))
    return CpuFit("kvm", verdict, own, other, "<cpu>both</cpu>", vm)


@pytest.mark.parametrize(
    ("cpus", "mode", "state"),
    [
        (fit(IDENTICAL), "host-passthrough", OK),
        (fit(SUPERSET, source="aes", destination="aes avx2"), "host-model", OK),
        (fit(SUPERSET, source="aes", destination="aes avx2"), "host-passthrough", WARNING),
        (fit(INCOMPATIBLE), "host-model", FAILED),
        (fit(INCOMPATIBLE), None, WARNING),
        (fit(INCOMPATIBLE), "", OK),
        (fit(INCOMPATIBLE, vm=SUPERSET), "custom", OK),
        (fit(INCOMPATIBLE, vm=INCOMPATIBLE), "custom", FAILED),
    ],
)
def test_a_cpu_must_have_the_features_that_the_vm_uses(cpus: CpuFit, mode: str | None, state: str) -> None:
    vm = None if mode is None else Domain("guest1", kind="kvm", machine="pc-q35-8.2", cpu_mode=mode)
    facts = with_host(good(), "source", libvirt=Libvirt(daemon("source"), (), MACHINES, vm))
    assert found(with_way(facts, "source", "destination", cpu=cpus), "destination.cpu").state == state


def test_missing_features_are_listed() -> None:
    finding = found(with_way(good(), "source", "destination", cpu=fit(INCOMPATIBLE)), "destination.cpu")
    assert finding.found == "EPYC: it lacks avx512f"
    assert finding.detail == "<cpu>both</cpu>"


@pytest.mark.parametrize(
    ("id", "libvirt", "state", "words"),
    [
        ("destination.two", Libvirt(daemon("source")), FAILED, "both have the UUID source"),
        ("destination.versions", qemu((9, 0, 0), (8, 2, 2)), WARNING,
         "libvirt 10.0.0 to 9.0.0; QEMU 8.2.2 on both"),
        ("destination.versions", qemu((10, 0, 0), (6, 2, 0)), WARNING,
         "libvirt 10.0.0 on both; QEMU 8.2.2 to 6.2.0"),
        ("destination.versions", qemu((11, 3, 0), (10, 0, 2)), OK, "libvirt 10.0.0 to 11.3.0; QEMU 8.2.2 to 10.0.2"),
        ("destination.qemu_user", Libvirt(daemon("destination", qemu_user=(107, 994))), FAILED,
         "user 64055, group 994 on the source; user 107, group 994 on the destination"),
        ("destination.qemu_user", Libvirt(daemon("destination", qemu_user=(64055, 108))), WARNING,
         "user 64055, group 994 on the source; user 64055, group 108 on the destination"),
        ("destination.qemu_user", Libvirt(daemon("destination", qemu_user=None)), WARNING,
         "a libvirt does not report the user of QEMU"),
        ("destination.machine_types", Libvirt(daemon("destination"), (), ("pc-q35-6.2", "q35")), FAILED,
         "guest1 uses pc-q35-8.2, which destination does not support; newest in common: pc-q35-6.2"),
    ],
)  # fmt: skip
def test_two_daemons_are_compared(id: str, libvirt: Libvirt, state: str, words: str) -> None:
    finding = found(with_host(good(), "destination", libvirt=libvirt), id)
    assert (finding.state, finding.found) == (state, words)


def test_an_undefined_vm_needs_no_machine_type() -> None:
    facts = with_host(good(), "source", libvirt=Libvirt(daemon("source"), (), MACHINES))
    finding = found(facts, "destination.machine_types")
    assert (finding.state, finding.found) == (
        OK,
        "guest1 is not defined yet; newest in common: pc-q35-8.2",
    )


@pytest.mark.parametrize(
    ("free", "vms", "state"),
    [
        (2 * GIB, (), OK),
        (GIB // 2, (), WARNING),
        (GIB // 2, (Vm("guest1", "uuid", "running"),), NOT_NEEDED),
    ],
)
def test_memory_is_needed_only_if_the_vm_does_not_run_there_yet(free: int, vms: tuple[Vm, ...], state: str) -> None:
    facts = with_host(
        good(), "destination", system=System(memory_available_bytes=free), libvirt=Libvirt(daemon("destination"), vms)
    )
    assert found(facts, "destination.memory").state == state


@pytest.mark.parametrize(
    ("system", "state"),
    [
        (System(disk_bytes=100 * GIB, disk_free_bytes=GIB), OK),
        (System(disk_bytes=100 * GIB, disk_free_bytes=GIB - 1), WARNING),
        (System(), WARNING),
    ],
)
def test_a_nearly_full_disk_is_a_warning(system: System, state: str) -> None:
    assert found(with_host(good(), "storage", system=system), "storage.disk").state == state


def test_a_wrong_clock_is_a_warning() -> None:
    finding = found(with_host(good(), "storage", clock=Clock(-2.0, 0.1)), "storage.clock")
    assert (finding.state, finding.found) == (WARNING, "2.0 s behind (±100 ms)")
