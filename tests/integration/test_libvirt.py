"""The libvirt adapter against libvirt's own test driver: real calls, real events, no VM."""

import re
from pathlib import Path

import libvirt
import pytest

from tests.integration.conftest import TEST
from tui.adapters.libvirt.hypervisor import LibvirtHypervisor, connect
from tui.adapters.libvirt.memory import counters
from tui.core.failure import Failure
from tui.core.plan import Plan
from tui.core.protocols import Hypervisor
from tui.core.vm import Vm, VmCounters, VmFacts
from tui.vm.model.domain import parse
from tui.vm.model.domain_mark import DELETING, MAKING, marked
from tui.vm.model.host_inventory import Pool, parse_inventory

GIB = 1 << 30


def test_the_adapter_is_a_hypervisor(hypervisor: LibvirtHypervisor) -> None:
    as_protocol: Hypervisor = hypervisor  # mypy checks this assignment
    assert as_protocol.is_alive()


def test_the_facts_of_the_daemon_are_read(hypervisor: LibvirtHypervisor) -> None:
    daemon = hypervisor.daemon()
    assert daemon.uri == "test:///default"
    assert daemon.libvirt_version >= (8, 0, 0)
    assert daemon.hypervisor_version == (0, 0, 2)
    assert (daemon.cpus, daemon.cpu_model, daemon.memory_bytes) == (16, "i686", 3 * GIB)
    assert 0 < daemon.memory_free_bytes <= daemon.memory_bytes


def test_the_vms_are_listed(hypervisor: LibvirtHypervisor) -> None:
    (vm,) = hypervisor.vms()
    assert vm == Vm(TEST, "6695eb01-f6a4-8304-79aa-97f2502e193f", "running", "", 2, 2 * GIB)
    assert vm.running
    assert hypervisor.vm(TEST) == vm


def test_an_unknown_vm_is_none(hypervisor: LibvirtHypervisor) -> None:
    assert hypervisor.vm("no such VM; $(x) [b]") is None


def test_a_vm_is_shut_down_started_and_forced_off(hypervisor: LibvirtHypervisor) -> None:
    def state() -> tuple[str, bool]:
        vm = hypervisor.vm(TEST)
        assert vm is not None
        return vm.state, vm.active

    hypervisor.shut_down(TEST)
    assert state() == ("shut off", False)
    hypervisor.start(TEST)
    assert state() == ("running", True)
    hypervisor.force_off(TEST)
    assert state() == ("shut off", False)


def test_a_refused_call_is_a_failure_that_names_the_vm(hypervisor: LibvirtHypervisor) -> None:
    with pytest.raises(Failure) as raised:
        hypervisor.start(TEST)
    assert str(raised.value) == "The VM test could not be started: Domain 'test' is already running."
    assert raised.value.detail == "internal error: Domain 'test' is already running"


@pytest.mark.parametrize("call", ["start", "shut_down", "force_off"])
def test_a_call_for_an_unknown_vm_is_a_failure(hypervisor: LibvirtHypervisor, call: str) -> None:
    with pytest.raises(Failure, match="the daemon does not have the VM"):
        getattr(hypervisor, call)("nobody")


def test_an_unknown_vm_has_no_job(hypervisor: LibvirtHypervisor) -> None:
    assert (hypervisor.job("nobody").stats, hypervisor.job("nobody").state) == ({}, "")
    assert hypervisor.completed_job("nobody") == {}


@pytest.mark.parametrize(
    ("call", "arguments", "what"),
    [
        ("job", (), "The job statistics of test could not be read"),
        ("completed_job", (), "The statistics of the completed job of test could not be read"),
        ("start_post_copy", (), "test could not be switched to post-copy"),
        ("abort_job", (), "The migration of test could not be cancelled"),
        ("set_max_downtime", (300,), "The maximum downtime of test could not be set"),
        ("set_bandwidth", (0,), "The bandwidth limit of test could not be set"),
        ("set_post_copy_bandwidth", (0,), "The bandwidth limit of test could not be set"),
    ],
)
def test_a_call_that_the_driver_does_not_support_is_a_failure(
    hypervisor: LibvirtHypervisor, call: str, arguments: tuple[int, ...], what: str
) -> None:
    with pytest.raises(Failure) as raised:
        getattr(hypervisor, call)(TEST, *arguments)
    assert (raised.value.what, raised.value.why) == (what, "this daemon does not support it")
    assert raised.value.detail


def test_a_maximum_downtime_that_libvirt_does_not_report_is_a_failure(hypervisor: LibvirtHypervisor) -> None:
    with pytest.raises(Failure, match="The maximum downtime of test could not be read"):
        hypervisor.max_downtime(TEST)


def test_a_migration_that_the_driver_does_not_support_is_a_failure(hypervisor: LibvirtHypervisor) -> None:
    with pytest.raises(Failure) as raised:
        hypervisor.migrate(Plan(TEST), "test:///default")
    assert raised.value.what == "The migration of test failed"
    assert "p2p migration is not supported" in raised.value.why
    assert hypervisor.vm(TEST) is not None


def test_a_vms_definition_is_libvirts_xml_or_empty(hypervisor: LibvirtHypervisor) -> None:
    definition = parse(hypervisor.definition(TEST))
    assert (definition.kind, definition.cpu_xml) == ("test", "")
    assert hypervisor.definition("nobody") == ""


def test_the_test_driver_has_no_x86_64_machine_types(hypervisor: LibvirtHypervisor) -> None:
    assert hypervisor.machine_types() == ()


def test_the_cpu_is_the_hosts_own_if_the_driver_has_no_host_model(hypervisor: LibvirtHypervisor) -> None:
    assert "<arch>i686</arch>" in hypervisor.cpu_xml("kvm")


@pytest.mark.parametrize(
    ("call", "arguments", "what"),
    [
        ("compare_cpu", ("<cpu/>", "kvm"), "CPUs could not be compared by test:///default"),
        ("baseline_cpu", (("<cpu/>",), "kvm"), "A CPU in common could not be found by test:///default"),
    ],
)
def test_a_cpu_call_that_the_driver_does_not_support_is_a_failure(
    hypervisor: LibvirtHypervisor, call: str, arguments: tuple[object, ...], what: str
) -> None:
    with pytest.raises(Failure) as raised:
        getattr(hypervisor, call)(*arguments)
    assert raised.value.what == what


def test_the_pools_and_snapshots_of_the_test_driver_are_read(hypervisor: LibvirtHypervisor) -> None:
    found = hypervisor.inventory()
    assert parse_inventory(found).pools == {"default-pool": Pool("dir", "/default-pool")}
    assert found.secrets is None
    assert hypervisor.vm_facts(TEST, ()) == VmFacts()


def test_snapshots_are_read_parents_first(hypervisor: LibvirtHypervisor) -> None:
    domain = libvirt.open(hypervisor.uri).lookupByName(TEST)
    for name in ("one", "a two", "3"):
        domain.snapshotCreateXML(f"<domainsnapshot><name>{name}</name></domainsnapshot>")
    assert hypervisor.vm_facts(TEST, ()).snapshots == ("one", "a two", "3")
    found = hypervisor.snapshot_definitions(TEST)
    assert list(found) == ["one", "a two", "3"]
    assert "<name>one</name>" in found["a two"]  # its parent


NEW = """<domain type='test'>
  <name>{name}</name>
  <memory unit='MiB'>64</memory>
  <vcpu>1</vcpu>
  <os><type arch='i686'>hvm</type></os>
  {more}
</domain>"""


@pytest.mark.parametrize("name", ["two", "-odd; 'ü $(x)", "--"])
def test_a_vm_is_defined_and_undefined(hypervisor: LibvirtHypervisor, name: str) -> None:
    hypervisor.define(NEW.format(name=name, more=""))
    domain = parse(hypervisor.definition(name, inactive=True))
    assert (domain.name, domain.vcpus, domain.memory_bytes) == (name, 1, 64 << 20)
    vm = hypervisor.vm(name)
    assert vm is not None
    assert vm.state == "shut off"
    hypervisor.undefine(name)
    assert hypervisor.vm(name) is None
    assert hypervisor.definition(name) == ""


def test_a_mark_is_defined_removed_and_set(hypervisor: LibvirtHypervisor) -> None:
    hypervisor.define(marked(NEW.format(name="two", more="<title>Two</title>"), MAKING))
    assert parse(hypervisor.definition("two")).mark == MAKING
    hypervisor.set_mark("two", "")
    assert parse(hypervisor.definition("two")).mark == ""
    assert "<title>Two</title>" in hypervisor.definition("two")
    hypervisor.set_mark("two", DELETING)
    assert parse(hypervisor.definition("two")).mark == DELETING
    with pytest.raises(Failure, match="The definition of nobody could not be changed"):
        hypervisor.set_mark("nobody", DELETING)


@pytest.mark.parametrize(
    ("name", "more", "words"),
    [
        ("two", "<foo/>", "failed to validate against schema"),
        ("two", "<devices><disk/></devices>", "Extra element devices"),
        ("a/b", "", "cannot contain '/'"),
        ("two", "<", "at line 6"),
        (TEST, "", "already exists|already defined"),
    ],
)
def test_a_rejected_definition_is_a_failure_with_libvirts_message(
    hypervisor: LibvirtHypervisor, name: str, more: str, words: str
) -> None:
    with pytest.raises(Failure) as raised:
        hypervisor.define(NEW.format(name=name, more=more))
    assert raised.value.what == "libvirt rejected the definition"
    assert re.search(words, raised.value.detail)
    assert [vm.name for vm in hypervisor.vms()] == [TEST]


def test_undefining_a_running_vm_keeps_it_running(hypervisor: LibvirtHypervisor) -> None:
    """The app never undefines a running VM."""
    hypervisor.undefine(TEST)
    vm = hypervisor.vm(TEST)
    assert vm is not None
    assert vm.state == "running"


def test_undefining_an_unknown_vm_is_a_failure(hypervisor: LibvirtHypervisor) -> None:
    with pytest.raises(Failure, match="The VM nobody could not be deleted"):
        hypervisor.undefine("nobody")


def test_the_networks_are_listed(hypervisor: LibvirtHypervisor) -> None:
    assert hypervisor.networks() == ("default",)


def test_a_greeting_before_libvirts_data_is_named_as_the_cause(tmp_path: Path) -> None:
    command = tmp_path / "command"
    command.write_text("#!/bin/sh\necho Welcome\ncat > /dev/null\n")
    command.chmod(0o755)
    with pytest.raises(Failure, match="the shell of the login there prints text when a command starts"):
        connect(f"qemu+ext:///system?command={command}")


def test_the_counters_of_a_driver_without_them_are_unknown(hypervisor: LibvirtHypervisor) -> None:
    assert hypervisor.vm_counters() == {TEST: VmCounters()}


def test_the_counters_are_those_of_libvirt() -> None:
    stats = {"cpu.time": 12_000_000_000, "cpu.user": 1, "balloon.current": 2048, "balloon.rss": 1024}
    assert counters(stats) == VmCounters(12_000_000_000, 1024 * 1024)
    assert counters({"balloon.current": 2048}) == VmCounters()
    measured = {"dirtyrate.calc_status": 2, "dirtyrate.megabytes_per_second": 3}
    assert counters(measured) == VmCounters(dirty_bytes_s=3 << 20)
    assert counters({**measured, "dirtyrate.calc_status": 1}) == VmCounters()
