"""The libvirt adapter against libvirt's own test driver: real calls, real events, no VM."""

import gc
import re
import threading
import weakref
from collections.abc import Iterator

import libvirt
import pytest

from tui.adapters.libvirt.hypervisor import LibvirtHypervisor, connect
from tui.adapters.libvirt.migration import NO_LIMIT_MIB_S, migration_flags, migration_parameters
from tui.core.failure import Failure
from tui.core.plan import Plan
from tui.core.protocols import Hypervisor, HypervisorEvent
from tui.core.vm import Vm
from tui.vm.model.domain import parse
from tui.vm.model.domain_mark import DELETING, MAKING, marked

WAIT_LIMIT_S = 60.0
TEST = "test"  # the VM of test:///default, whose state is reset when its last connection closes
GIB = 1 << 30


@pytest.fixture
def hypervisor() -> Iterator[LibvirtHypervisor]:
    gc.collect()  # a VM in an earlier test's traceback would keep the state of the driver
    opened = connect("test:///default")
    yield opened
    if opened.is_alive():
        opened.close()


class Events:
    """A listener that collects events, on libvirt's thread."""

    def __init__(self) -> None:
        self.events: list[HypervisorEvent] = []
        self._changed = threading.Condition()

    def __call__(self, event: HypervisorEvent) -> None:
        with self._changed:
            self.events.append(event)
            self._changed.notify_all()

    def words(self, count: int) -> list[tuple[object, object]]:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.events) >= count, WAIT_LIMIT_S), self.events
            return [(each.data["event"], each.data["detail"]) for each in self.events]


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
    assert vm == Vm(TEST, "6695eb01-f6a4-8304-79aa-97f2502e193f", "running", "", 2, 2 * GIB, True)
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
        ("max_downtime_ms", (), "The maximum downtime of test could not be read"),
        ("set_max_downtime", (300,), "The maximum downtime of test could not be set"),
        ("set_bandwidth", (0,), "The bandwidth limit of test could not be set"),
    ],
)
def test_a_call_that_the_driver_does_not_support_is_a_failure(
    hypervisor: LibvirtHypervisor, call: str, arguments: tuple[int, ...], what: str
) -> None:
    with pytest.raises(Failure) as raised:
        getattr(hypervisor, call)(TEST, *arguments)
    assert (raised.value.what, raised.value.why) == (what, "this daemon does not support it")
    assert raised.value.detail


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
    assert (vm.state, vm.persistent) == ("shut off", True)
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


def test_undefining_a_running_vm_makes_it_transient(hypervisor: LibvirtHypervisor) -> None:
    """The app never undefines a running VM."""
    hypervisor.undefine(TEST)
    vm = hypervisor.vm(TEST)
    assert vm is not None
    assert (vm.state, vm.persistent) == ("running", False)


def test_undefining_an_unknown_vm_is_a_failure(hypervisor: LibvirtHypervisor) -> None:
    with pytest.raises(Failure, match="The VM nobody could not be deleted"):
        hypervisor.undefine("nobody")


def test_the_networks_are_listed(hypervisor: LibvirtHypervisor) -> None:
    assert hypervisor.networks() == ("default",)


def test_lifecycle_events_are_converted_to_words(hypervisor: LibvirtHypervisor) -> None:
    events = Events()
    hypervisor.subscribe(TEST, events)
    hypervisor.shut_down(TEST)
    hypervisor.start(TEST)
    hypervisor.force_off(TEST)
    assert events.words(3) == [("stopped", "shut down"), ("started", ""), ("stopped", "forced off")]
    assert {each.kind for each in events.events} == {"lifecycle"}


def test_a_listener_gets_no_events_of_other_vms(hypervisor: LibvirtHypervisor) -> None:
    other, own = Events(), Events()
    hypervisor.subscribe("another", other)
    hypervisor.subscribe(TEST, own)
    hypervisor.shut_down(TEST)
    own.words(1)
    assert other.events == []


def test_an_ended_subscription_gets_no_more_events(hypervisor: LibvirtHypervisor) -> None:
    ended, active = Events(), Events()
    end = hypervisor.subscribe(TEST, ended)
    hypervisor.subscribe(TEST, active)
    hypervisor.shut_down(TEST)
    ended.words(1)
    end()
    hypervisor.start(TEST)
    active.words(2)
    assert len(ended.events) == 1


def test_events_arrive_on_a_daemon_thread(hypervisor: LibvirtHypervisor) -> None:
    threads: list[threading.Thread] = []
    received = threading.Event()

    def listen(_event: HypervisorEvent) -> None:
        threads.append(threading.current_thread())
        received.set()

    hypervisor.subscribe(TEST, listen)
    hypervisor.shut_down(TEST)
    assert received.wait(WAIT_LIMIT_S)
    assert threads[0].daemon
    assert threads[0] is not threading.current_thread()


def test_every_call_on_a_closed_connection_is_a_failure(hypervisor: LibvirtHypervisor) -> None:
    end = hypervisor.subscribe(TEST, lambda _event: None)
    assert hypervisor.is_alive()
    hypervisor.close()
    assert not hypervisor.is_alive()
    for call in (hypervisor.vms, hypervisor.daemon, lambda: hypervisor.vm(TEST), lambda: hypervisor.job(TEST)):
        with pytest.raises(Failure):
            call()
    end()  # ending a subscription after close() is no error


def test_several_listeners_share_one_connection(hypervisor: LibvirtHypervisor) -> None:
    """libvirt accepts one callback per event and connection."""
    events = [Events() for _ in range(3)]
    ends = [hypervisor.subscribe(TEST, each) for each in events]
    hypervisor.shut_down(TEST)
    assert [each.words(1) for each in events] == [[("stopped", "shut down")]] * 3
    for each in ends:
        each()
    late = Events()
    hypervisor.subscribe(TEST, late)
    hypervisor.start(TEST)
    assert late.words(1) == [("started", "")]


def test_a_connection_with_a_listener_can_be_closed() -> None:
    gc.collect()
    opened = connect("test:///default")
    opened.subscribe(TEST, lambda _event: None)
    opened.shut_down(TEST)
    with pytest.raises(Failure):
        opened.job(TEST)
    opened.close()
    gc.collect()
    again = connect("test:///default")
    assert [each.state for each in again.vms()] == ["running"]
    again.close()


def test_an_unreferenced_connection_is_freed_after_a_subscription() -> None:
    opened = connect("test:///default")
    connection = weakref.ref(opened._connection)
    end = opened.subscribe(TEST, lambda _event: None)
    end()
    del opened, end
    gc.collect()
    assert connection() is None


def test_libvirt_prints_no_errors(hypervisor: LibvirtHypervisor, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Failure):
        hypervisor.start("nobody")
    with pytest.raises(Failure):
        connect("test:///nowhere")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("uri", "why"),
    [
        ("test:///nowhere", "Failed to open file '/nowhere': No such file or directory"),
        ("qemu+ssh://127.0.0.1:1/system?no_tty=1", "connection refused"),
        ("qemu+unix:///system?socket=/nowhere", "libvirtd does not run there"),
    ],
)
def test_an_unreachable_daemon_is_a_failure_with_its_uri(uri: str, why: str) -> None:
    with pytest.raises(Failure) as raised:
        connect(uri)
    assert (raised.value.what, raised.value.why) == (f"libvirt at {uri} cannot be reached", why)


def test_the_cause_is_reported_if_ssh_ends_before_libvirt_writes_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    uri, open_, attempts = "test:///nowhere", libvirt.open, []

    def broken_at_first(uri: str) -> libvirt.virConnect:
        attempts.append(uri)
        if len(attempts) == 1:
            libvirt.virResetLastError()  # else the exception would take its text
            raise libvirt.libvirtError("Cannot write data: Broken pipe")
        return open_(uri)

    monkeypatch.setattr(libvirt, "open", broken_at_first)
    with pytest.raises(Failure, match="No such file or directory"):
        connect(uri)
    assert attempts == [uri, uri]


# -- the arguments of migrateToURI3 --


def test_a_plan_is_converted_to_flags() -> None:
    always = (
        libvirt.VIR_MIGRATE_LIVE
        | libvirt.VIR_MIGRATE_PEER2PEER
        | libvirt.VIR_MIGRATE_PERSIST_DEST
        | libvirt.VIR_MIGRATE_UNDEFINE_SOURCE
    )
    assert migration_flags(Plan("x")) == always
    assert migration_flags(Plan("x", technique="post-copy-manual")) == always | libvirt.VIR_MIGRATE_POSTCOPY
    assert migration_flags(Plan("x", technique="post-copy-timeout")) == always | libvirt.VIR_MIGRATE_POSTCOPY
    assert migration_flags(Plan("x", auto_converge=True)) == always | libvirt.VIR_MIGRATE_AUTO_CONVERGE
    assert migration_flags(Plan("x", parallel=4)) == always | libvirt.VIR_MIGRATE_PARALLEL


def test_a_plan_is_converted_to_parameters() -> None:
    assert migration_parameters(Plan("x")) == {}
    assert migration_parameters(Plan("x", bandwidth_mib_s=100, parallel=4)) == {
        libvirt.VIR_MIGRATE_PARAM_BANDWIDTH: 100,
        libvirt.VIR_MIGRATE_PARAM_PARALLEL_CONNECTIONS: 4,
    }


def test_no_limit_is_the_largest_value_that_libvirt_can_convert_to_bytes() -> None:
    assert NO_LIMIT_MIB_S * 2**20 < 2**63 <= (NO_LIMIT_MIB_S + 2) * 2**20


def test_the_addresses_of_a_running_vm_are_read(hypervisor: LibvirtHypervisor) -> None:
    """The test driver has DHCP leases for the interfaces of a VM on libvirt's network."""
    assert hypervisor.addresses(TEST) == ("192.168.122.3",)
    hypervisor.force_off(TEST)
    assert hypervisor.addresses(TEST) == ()
    with pytest.raises(Failure, match="could not be read"):
        hypervisor.addresses("no such VM")
