"""Different CPU models compared by the lab's libvirt: its verdict, and the missing features."""

from dataclasses import replace
from typing import Any

import libvirt
import pytest

from tests.lab.lab_backend import LabBackend, socket_uri
from tests.unit.hosts.good_hosts import daemon
from tui.adapters.libvirt.hypervisor import LibvirtHypervisor, connect
from tui.checklist.model.check import FAILED, OK
from tui.core.connections import Connections
from tui.hosts.backend.reading import HostReading, configured
from tui.hosts.model.checks.fit import fit_steps
from tui.hosts.model.facts import HostsFacts, Libvirt
from tui.lab.lab import Lab
from tui.linux.sudo import Sudo
from tui.vm.model.cpu import INCOMPATIBLE, SUPERSET, CpuFit, features
from tui.vm.model.domain import Domain


class OtherCpu:
    """A lab's daemon that reports another CPU and, like old daemons, compares with the physical machine only."""

    def __init__(self, connection: Any, model: str) -> None:
        self._connection = connection
        self._model = model

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def getCapabilities(self) -> str:
        return f"<capabilities><host><cpu><arch>x86_64</arch><model>{self._model}</model></cpu></host></capabilities>"

    def getDomainCapabilities(self, *_: object) -> str:
        return "<domainCapabilities/>"

    def compareHypervisorCPU(self, *_: object) -> int:
        raise _unsupported()

    def baselineHypervisorCPU(self, *_: object) -> str:
        raise _unsupported()


def _unsupported() -> libvirt.libvirtError:
    error = libvirt.libvirtError("this function is not supported by the connection driver")
    error.err = (libvirt.VIR_ERR_NO_SUPPORT, libvirt.VIR_FROM_QEMU, str(error), libvirt.VIR_ERR_ERROR, *[None] * 5)
    return error


def hypervisor(lab: Lab, host: str, model: str = "") -> LibvirtHypervisor:
    """The lab's daemon; with `model` it reports that CPU model."""
    uri = socket_uri(lab, host)
    return LibvirtHypervisor(uri, OtherCpu(libvirt.open(uri), model)) if model else connect(uri)


async def compared(lab: Lab, lab_backend: LabBackend, model: str, vm: Domain) -> CpuFit:
    """Compares a source with that CPU model to the lab's destination."""
    known = {host: hypervisor(lab, host, model if host == "source" else "") for host in ("source", "destination")}
    connections = Connections(
        lab_backend.connections.config,
        lambda uri: known["destination" if uri == socket_uri(lab, "destination") else "source"],
        lab_backend.connections._open_shell,
    )
    return await HostReading(connections, Sudo(connections.shell)).cpu("source", "destination", vm)


@pytest.fixture
def lab_backend(lab: Lab, tmp_path: Any) -> LabBackend:
    connect(socket_uri(lab, "source"))  # first: it disables libvirt's own error output
    return LabBackend(lab, tmp_path)


EMULATED = Domain("guest1", kind="qemu", machine="pc-q35", cpu_mode="host-model", cpu_xml="<cpu/>")


async def test_a_bigger_cpu_has_all_features_of_a_smaller_one(lab: Lab, lab_backend: LabBackend) -> None:
    fit = await compared(lab, lab_backend, "Westmere", EMULATED)
    assert fit.verdict == SUPERSET
    assert {"bmi1", "bmi2", "movbe"} <= set(fit.more)
    assert fit.source.model == "Westmere"
    assert found(lab_backend, fit).state == OK


async def test_the_features_that_a_smaller_cpu_lacks_are_reported(lab: Lab, lab_backend: LabBackend) -> None:
    fit = await compared(lab, lab_backend, "Skylake-Server", EMULATED)
    assert fit.verdict == INCOMPATIBLE
    assert {"avx512f", "avx512bw"} <= set(fit.lacking)
    finding = found(lab_backend, fit)
    assert (finding.state, "it lacks avx512" in finding.found) == (FAILED, True)
    common = hypervisor(lab, "destination").baseline_cpu((fit.common,), "qemu", expand_features=True)
    assert "avx512f" not in features(common)
    assert "sse4.2" in features(common)


async def test_a_vm_with_a_small_cpu_model_can_leave_a_bigger_host(lab: Lab, lab_backend: LabBackend) -> None:
    small = "<cpu mode='custom' match='exact'><model fallback='forbid'>Nehalem</model></cpu>"
    fit = await compared(
        lab,
        lab_backend,
        "Skylake-Server",
        replace(EMULATED, cpu_mode="custom", cpu_xml=small),
    )
    assert (fit.verdict, fit.vm) == (INCOMPATIBLE, SUPERSET)


def test_a_daemon_without_hypervisor_cpu_calls_compares_with_the_machine(lab: Lab, lab_backend: LabBackend) -> None:
    old = hypervisor(lab_backend.lab, "destination", "Westmere")
    small, strange = (f"<cpu match='exact'><model>{model}</model></cpu>" for model in ("kvm64", "athlon"))
    assert old.compare_cpu(small, "qemu") == SUPERSET
    assert "avx512f" in features(old.baseline_cpu((model("Skylake-Server"),), "qemu", expand_features=True))
    assert "avx" not in features(old.baseline_cpu((model("Skylake-Server"), model("Westmere")), "qemu"))
    assert old.compare_cpu(strange, "qemu") == INCOMPATIBLE  # no current CPU has 3dnow


def model(name: str) -> str:
    return f"<cpu><arch>x86_64</arch><model>{name}</model></cpu>"


def found(lab_backend: LabBackend, fit: CpuFit) -> Any:
    """The finding of the list's CPU step."""
    known = configured(lab_backend.connections.config)
    step = next(step for step in fit_steps(known, "source", "destination") if step.id == "destination.cpu")
    facts = HostsFacts(known).with_way("source", "destination", cpu=fit)
    return step.check(facts.with_host("source", libvirt=Libvirt(daemon("source"), vm=EMULATED)))
