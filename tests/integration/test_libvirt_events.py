"""Events and connections of libvirt's test driver."""

import gc
import subprocess
import sys
import threading
import weakref

import libvirt
import pytest

from tests.integration.conftest import TEST
from tui.adapters.libvirt.hypervisor import LibvirtHypervisor, connect
from tui.adapters.libvirt.migration import migration_flags, migration_parameters
from tui.core.failure import Failure
from tui.core.plan import NO_LIMIT_MIB_S, Plan
from tui.core.protocols import HypervisorEvent

WAIT_LIMIT_S = 60.0


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


# In a process of its own: the state is reset when the last connection of a process closes, and other tests have some.
CLOSED_WITH_A_LISTENER = """
import gc
import subprocess
import sys
from tui.adapters.libvirt.hypervisor import connect
from tui.core.failure import Failure

opened = connect("test:///default")
opened.subscribe("test", lambda _event: None)
opened.shut_down("test")
try:
    opened.job("test")
except Failure:
    pass
opened.close()
gc.collect()
again = connect("test:///default")
print([each.state for each in again.vms()])
again.close()
"""


def test_a_connection_with_a_listener_can_be_closed() -> None:
    done = subprocess.run([sys.executable, "-c", CLOSED_WITH_A_LISTENER], capture_output=True, text=True, check=True)
    assert done.stdout == "['running']\n"


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
        ("test:///nowhere", "the file /nowhere does not exist there"),
        ("qemu+ssh://127.0.0.1:1/system?no_tty=1", "sshd does not listen on port 1 of 127.0.0.1"),
        ("qemu+unix:///system?socket=/nowhere", "libvirtd does not run there"),
    ],
)
def test_an_unreachable_daemon_is_a_failure_with_its_uri(uri: str, why: str) -> None:
    with pytest.raises(Failure) as raised:
        connect(uri)
    assert (raised.value.what, raised.value.why) == (f"libvirt at {uri} cannot be reached", why)


@pytest.mark.parametrize("lost", ["Cannot write data: Broken pipe", "internal error: client socket is closed"])
def test_the_cause_is_reported_if_libvirt_has_lost_it_at_first(monkeypatch: pytest.MonkeyPatch, lost: str) -> None:
    uri, open_, attempts = "test:///nowhere", libvirt.open, []

    def broken_at_first(uri: str) -> libvirt.virConnect:
        attempts.append(uri)
        if len(attempts) == 1:
            libvirt.virResetLastError()  # else the exception would take its text
            raise libvirt.libvirtError(lost)
        return open_(uri)

    monkeypatch.setattr(libvirt, "open", broken_at_first)
    with pytest.raises(Failure, match="/nowhere does not exist there"):
        connect(uri)
    assert attempts == [uri, uri]


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
