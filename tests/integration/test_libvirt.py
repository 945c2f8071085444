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

PATIENCE_S = 60.0
TEST = "test"  # the VM that test:///default always has; its world begins anew when nobody is connected to it any more
GIB = 1 << 30


@pytest.fixture
def hypervisor() -> Iterator[LibvirtHypervisor]:
    gc.collect()  # a VM in the traceback of an earlier test would hold the driver's world as that test left it
    opened = connect("test:///default")
    yield opened
    if opened.alive():
        opened.close()


class Heard:
    """Events, which come on libvirt's thread."""

    def __init__(self) -> None:
        self.events: list[HypervisorEvent] = []
        self._changed = threading.Condition()

    def __call__(self, event: HypervisorEvent) -> None:
        with self._changed:
            self.events.append(event)
            self._changed.notify_all()

    def words(self, count: int) -> list[tuple[object, object]]:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.events) >= count, PATIENCE_S), self.events
            return [(each.data["event"], each.data["detail"]) for each in self.events]


def test_the_adapter_is_a_hypervisor(hypervisor: LibvirtHypervisor) -> None:
    taken: Hypervisor = hypervisor  # what mypy says, said once more by what runs
    assert taken.alive()


def test_the_daemon_says_what_it_is(hypervisor: LibvirtHypervisor) -> None:
    daemon = hypervisor.daemon()
    assert daemon.uri == "test:///default"
    assert daemon.libvirt_version >= (8, 0, 0)
    assert daemon.hypervisor_version == (0, 0, 2)
    assert (daemon.cpus, daemon.cpu_model, daemon.memory_bytes) == (16, "i686", 3 * GIB)
    assert 0 < daemon.memory_free_bytes <= daemon.memory_bytes


def test_its_vms_are_listed(hypervisor: LibvirtHypervisor) -> None:
    (vm,) = hypervisor.vms()
    assert vm == Vm(TEST, "6695eb01-f6a4-8304-79aa-97f2502e193f", "running", "", 2, 2 * GIB, True)
    assert vm.running
    assert hypervisor.vm(TEST) == vm


def test_a_vm_it_does_not_know_is_none(hypervisor: LibvirtHypervisor) -> None:
    assert hypervisor.vm("no such VM; $(x) [b]") is None


def test_a_vm_is_shut_down_and_started_and_forced_off(hypervisor: LibvirtHypervisor) -> None:
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


def test_what_cannot_be_done_is_a_sentence_that_names_the_vm(hypervisor: LibvirtHypervisor) -> None:
    with pytest.raises(Failure) as raised:
        hypervisor.start(TEST)
    assert str(raised.value) == "The VM test could not be started: Domain 'test' is already running."
    assert raised.value.detail == "internal error: Domain 'test' is already running"


@pytest.mark.parametrize("call", ["start", "shut_down", "force_off"])
def test_a_vm_it_does_not_know_can_be_told_nothing(hypervisor: LibvirtHypervisor, call: str) -> None:
    with pytest.raises(Failure, match="the daemon does not know the VM"):
        getattr(hypervisor, call)("nobody")


def test_a_vm_it_does_not_know_has_no_job(hypervisor: LibvirtHypervisor) -> None:
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
def test_what_this_driver_lacks_is_a_failure_and_nothing_else(
    hypervisor: LibvirtHypervisor, call: str, arguments: tuple[int, ...], what: str
) -> None:
    with pytest.raises(Failure) as raised:
        getattr(hypervisor, call)(TEST, *arguments)
    assert (raised.value.what, raised.value.why) == (what, "this daemon cannot do it")
    assert raised.value.detail


def test_a_migration_this_driver_lacks_is_a_failure(hypervisor: LibvirtHypervisor) -> None:
    with pytest.raises(Failure) as raised:
        hypervisor.migrate(Plan(TEST), "test:///default")
    assert raised.value.what == "The migration of test failed"
    assert "p2p migration is not supported" in raised.value.why
    assert hypervisor.vm(TEST) is not None


def test_a_vms_definition_is_libvirts_xml_or_empty(hypervisor: LibvirtHypervisor) -> None:
    definition = parse(hypervisor.definition(TEST))
    assert (definition.kind, definition.cpu_xml) == ("test", "")
    assert hypervisor.definition("nobody") == ""


def test_this_driver_has_no_machine_types_of_pcs(hypervisor: LibvirtHypervisor) -> None:
    assert hypervisor.machine_types() == ()


def test_where_the_driver_knows_no_cpu_for_guests_it_is_the_hosts_own(hypervisor: LibvirtHypervisor) -> None:
    assert "<arch>i686</arch>" in hypervisor.cpu_xml("kvm")


@pytest.mark.parametrize(
    ("call", "arguments", "what"),
    [
        ("compare_cpu", ("<cpu/>", "kvm"), "CPUs could not be compared by test:///default"),
        ("baseline_cpu", (("<cpu/>",), "kvm"), "A CPU in common could not be found by test:///default"),
    ],
)
def test_cpus_that_can_not_be_compared_are_a_failure(
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
def test_a_vm_is_defined_read_and_undefined(hypervisor: LibvirtHypervisor, name: str) -> None:
    hypervisor.define(NEW.format(name=name, more=""))
    domain = parse(hypervisor.definition(name, inactive=True))
    assert (domain.name, domain.vcpus, domain.memory_bytes) == (name, 1, 64 << 20)
    vm = hypervisor.vm(name)
    assert vm is not None
    assert (vm.state, vm.persistent) == ("shut off", True)
    hypervisor.undefine(name)
    assert hypervisor.vm(name) is None
    assert hypervisor.definition(name) == ""


def test_a_vm_is_marked_from_its_definition_on_and_the_mark_is_taken_away(hypervisor: LibvirtHypervisor) -> None:
    hypervisor.define(marked(NEW.format(name="two", more="<title>Two</title>"), MAKING))
    assert parse(hypervisor.definition("two")).mark == MAKING
    hypervisor.mark("two", "")
    assert parse(hypervisor.definition("two")).mark == ""
    assert "<title>Two</title>" in hypervisor.definition("two")
    hypervisor.mark("two", DELETING)
    assert parse(hypervisor.definition("two")).mark == DELETING
    with pytest.raises(Failure, match="The definition of nobody could not be changed"):
        hypervisor.mark("nobody", DELETING)


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
def test_what_libvirt_does_not_take_is_a_failure_with_its_own_words(
    hypervisor: LibvirtHypervisor, name: str, more: str, words: str
) -> None:
    with pytest.raises(Failure) as raised:
        hypervisor.define(NEW.format(name=name, more=more))
    assert raised.value.what == "libvirt does not take this definition"
    assert re.search(words, raised.value.detail)
    assert [vm.name for vm in hypervisor.vms()] == [TEST]


def test_a_running_vm_stays_known_where_it_is_undefined(hypervisor: LibvirtHypervisor) -> None:
    """The room deletes none that runs; libvirt would make it transient."""
    hypervisor.undefine(TEST)
    vm = hypervisor.vm(TEST)
    assert vm is not None
    assert (vm.state, vm.persistent) == ("running", False)


def test_a_vm_it_does_not_know_can_not_be_undefined(hypervisor: LibvirtHypervisor) -> None:
    with pytest.raises(Failure, match="The VM nobody could not be deleted"):
        hypervisor.undefine("nobody")


def test_its_networks_are_listed(hypervisor: LibvirtHypervisor) -> None:
    assert hypervisor.networks() == ("default",)


def test_lifecycle_events_come_in_libvirts_words_made_readable(hypervisor: LibvirtHypervisor) -> None:
    heard = Heard()
    hypervisor.subscribe(TEST, heard)
    hypervisor.shut_down(TEST)
    hypervisor.start(TEST)
    hypervisor.force_off(TEST)
    assert heard.words(3) == [("stopped", "shut down"), ("started", ""), ("stopped", "forced off")]
    assert {each.kind for each in heard.events} == {"lifecycle"}


def test_events_of_other_vms_are_not_heard(hypervisor: LibvirtHypervisor) -> None:
    other, own = Heard(), Heard()
    hypervisor.subscribe("another", other)
    hypervisor.subscribe(TEST, own)
    hypervisor.shut_down(TEST)
    own.words(1)
    assert other.events == []


def test_a_subscription_that_was_ended_hears_nothing_more(hypervisor: LibvirtHypervisor) -> None:
    ended, going_on = Heard(), Heard()
    end = hypervisor.subscribe(TEST, ended)
    hypervisor.subscribe(TEST, going_on)
    hypervisor.shut_down(TEST)
    ended.words(1)
    end()
    hypervisor.start(TEST)
    going_on.words(2)
    assert len(ended.events) == 1


def test_events_come_on_a_thread_that_quitting_does_not_wait_for(hypervisor: LibvirtHypervisor) -> None:
    threads: list[threading.Thread] = []
    come = threading.Event()

    def listen(_event: HypervisorEvent) -> None:
        threads.append(threading.current_thread())
        come.set()

    hypervisor.subscribe(TEST, listen)
    hypervisor.shut_down(TEST)
    assert come.wait(PATIENCE_S)
    assert threads[0].daemon
    assert threads[0] is not threading.current_thread()


def test_a_closed_connection_is_not_alive_and_every_call_a_failure(hypervisor: LibvirtHypervisor) -> None:
    end = hypervisor.subscribe(TEST, lambda _event: None)
    assert hypervisor.alive()
    hypervisor.close()
    assert not hypervisor.alive()
    for call in (hypervisor.vms, hypervisor.daemon, lambda: hypervisor.vm(TEST), lambda: hypervisor.job(TEST)):
        with pytest.raises(Failure):
            call()
    end()  # there is nothing left to end, which is no error


def test_several_can_listen_over_one_connection(hypervisor: LibvirtHypervisor) -> None:
    """libvirt itself takes one call an event and connection."""
    heard = [Heard() for _ in range(3)]
    ends = [hypervisor.subscribe(TEST, each) for each in heard]
    hypervisor.shut_down(TEST)
    assert [each.words(1) for each in heard] == [[("stopped", "shut down")]] * 3
    for each in ends:
        each()
    late = Heard()
    hypervisor.subscribe(TEST, late)
    hypervisor.start(TEST)
    assert late.words(1) == [("started", "")]


def test_a_connection_is_closed_though_somebody_listens() -> None:
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


def test_a_connection_that_nobody_holds_is_closed_after_it_was_listened_to() -> None:
    opened = connect("test:///default")
    connection = weakref.ref(opened._connection)
    end = opened.subscribe(TEST, lambda _event: None)
    end()
    del opened, end
    gc.collect()
    assert connection() is None


def test_libvirt_prints_nothing_on_the_screen(hypervisor: LibvirtHypervisor, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Failure):
        hypervisor.start("nobody")
    with pytest.raises(Failure):
        connect("test:///nowhere")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("uri", "why"),
    [
        ("test:///nowhere", "Failed to open file '/nowhere': No such file or directory"),
        ("qemu+ssh://127.0.0.1:1/system?no_tty=1", "nothing listens there"),
        ("qemu+unix:///system?socket=/nowhere", "libvirtd does not run there"),
    ],
)
def test_a_daemon_that_cannot_be_reached_is_a_failure_that_names_it(uri: str, why: str) -> None:
    with pytest.raises(Failure) as raised:
        connect(uri)
    assert (raised.value.what, raised.value.why) == (f"libvirt at {uri} cannot be reached", why)


def test_an_ssh_that_ends_before_libvirt_writes_to_it_does_not_hide_why(monkeypatch: pytest.MonkeyPatch) -> None:
    uri, libvirts_own, attempts = "test:///nowhere", libvirt.open, []

    def broken_at_first(uri: str) -> libvirt.virConnect:
        attempts.append(uri)
        if len(attempts) == 1:
            libvirt.virResetLastError()  # whose text the exception would take
            raise libvirt.libvirtError("Cannot write data: Broken pipe")
        return libvirts_own(uri)

    monkeypatch.setattr(libvirt, "open", broken_at_first)
    with pytest.raises(Failure, match="No such file or directory"):
        connect(uri)
    assert attempts == [uri, uri]


# -- what migrateToURI3 is given --


def test_a_plan_becomes_flags() -> None:
    usual = (
        libvirt.VIR_MIGRATE_LIVE
        | libvirt.VIR_MIGRATE_PEER2PEER
        | libvirt.VIR_MIGRATE_PERSIST_DEST
        | libvirt.VIR_MIGRATE_UNDEFINE_SOURCE
    )
    assert migration_flags(Plan("x")) == usual
    assert migration_flags(Plan("x", technique="post-copy-manual")) == usual | libvirt.VIR_MIGRATE_POSTCOPY
    assert migration_flags(Plan("x", technique="post-copy-timeout")) == usual | libvirt.VIR_MIGRATE_POSTCOPY
    assert migration_flags(Plan("x", auto_converge=True)) == usual | libvirt.VIR_MIGRATE_AUTO_CONVERGE
    assert migration_flags(Plan("x", parallel=4)) == usual | libvirt.VIR_MIGRATE_PARALLEL


def test_a_plan_becomes_parameters() -> None:
    assert migration_parameters(Plan("x")) == {}
    assert migration_parameters(Plan("x", bandwidth_mib_s=100, parallel=4)) == {
        libvirt.VIR_MIGRATE_PARAM_BANDWIDTH: 100,
        libvirt.VIR_MIGRATE_PARAM_PARALLEL_CONNECTIONS: 4,
    }


def test_no_limit_is_the_most_that_libvirt_can_turn_into_bytes() -> None:
    assert NO_LIMIT_MIB_S * 2**20 < 2**63 <= (NO_LIMIT_MIB_S + 2) * 2**20


def test_where_a_vm_is_on_the_network_is_told_or_nothing_is(hypervisor: LibvirtHypervisor) -> None:
    """The test driver has leases for the cards of a VM on a network of libvirt's."""
    assert hypervisor.addresses(TEST) == ("192.168.122.3",)
    hypervisor.force_off(TEST)
    assert hypervisor.addresses(TEST) == ()
    with pytest.raises(Failure, match="could not be read"):
        hypervisor.addresses("no such VM")
