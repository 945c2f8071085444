"""The logs of both hosts: read by the login that may, recorded with the run, and the reason taken from them."""

import asyncio
from pathlib import Path

import pytest

from tests.fake_hosts import FakeHosts, guest1
from tests.unit.fakes import CUT, Stage, recording
from tests.unit.migration.host_log_texts import BEGAN, NO_VGA, SHUT, STARTED, printed
from tests.unit.migration.watched import Watched, options, prepare
from tui.core.command import Completed
from tui.core.failure import Failure
from tui.linux.sudo import Sudo
from tui.migration.backend.after.aftermath import Aftermath, OnHosts
from tui.migration.backend.after.host_logs import HostLogs
from tui.migration.backend.recording.run_files import read_records
from tui.migration.model import record
from tui.migration.model.ending.host_log import HostLog
from tui.migration.model.ending.raw_text import raw_text
from tui.migration.model.timeline import Timeline

pytestmark = pytest.mark.usefixtures("no_thread_raises")

SCRIPT = "/var/log/libvirt/qemu"  # what the command of the logs contains
NOT_ROOT = "1000\n"
NAMES = {"source": "guest1", "destination": "guest1"}


def logs_of(hosts: FakeHosts) -> HostLogs:
    return HostLogs(hosts.connections, Sudo(hosts.connections.shell))


def with_log(hosts: FakeHosts, address: str, text: str) -> None:
    hosts.shells[address].answers = {SCRIPT: text} | hosts.shells[address].answers


async def test_both_hosts_are_read_as_root_by_one_script_each() -> None:
    hosts = FakeHosts()
    with_log(hosts, "", printed(now=0x6A000000))
    with_log(hosts, "root@destination", printed(log=(1, "tail: cannot open: Permission denied")))
    here, there = await logs_of(hosts).read(NAMES, guest1().uuid, 4.2)
    assert (here.host, there.host) == ("source", "destination")
    assert there.qemu_why == "Permission denied"
    command = next(each for each in hosts.shells[""].commands if SCRIPT in " ".join(each))
    assert command[-3:] == ("guest1", "5", "system")


async def test_a_login_that_may_not_become_root_reads_what_it_can() -> None:
    hosts = FakeHosts()
    refused = Completed(1, "", "sudo: a password is required")
    hosts.shells[""].answers = {"id\n-u": NOT_ROOT, "sudo": refused, SCRIPT: printed(journal=(1, ""))}
    here, _there = await logs_of(hosts).read(NAMES, guest1().uuid, 4.2)
    assert here.denials_why == "the kernel's log is not readable for this login"


async def test_a_host_that_is_gone_delays_and_breaks_nothing() -> None:
    hosts = FakeHosts()
    gone = Failure("destination cannot be reached", "the network does not reach it")
    hosts.shells["root@destination"].answers = {"": gone}
    _here, there = await logs_of(hosts).read(NAMES, guest1().uuid, 4.2)
    assert there.qemu_why == there.denials_why == "destination cannot be reached: the network does not reach it"


def failing(tmp_path: Path, hosts: FakeHosts) -> Watched:
    """A migration whose reason is lost, as libvirt loses it."""
    stage = Stage(recording("pre-copy-idle"))
    stage.refusals["migrate"].append(CUT)
    watched = prepare(stage, tmp_path)
    each = watched.migration
    each._aftermath = Aftermath(each.vm, each._connections, each.run_log, each.guest_monitor, OnHosts(logs_of(hosts)))
    return watched


async def test_a_failed_migration_is_explained_by_the_log_of_its_target(tmp_path: Path) -> None:
    hosts = FakeHosts()
    peer = Stage(recording("pre-copy-idle")).target
    for name, address in (("source", ""), ("destination", "root@destination")):
        log = STARTED + NO_VGA + SHUT if name == peer else STARTED
        with_log(hosts, address, printed(now=BEGAN + 2, log=log))
    watched = failing(tmp_path, hosts)
    watched.migration.begin(options(watched))
    await watched.ended()
    timeline = Timeline(read_records(watched.migration.folder / "raw.jsonl"))
    assert timeline.error["why"] == f"the QEMU on {peer} does not have the device virtio-vga"
    assert watched.summary["error"]["why"] == timeline.error["why"]
    assert len(watched.events(record.HOST_LOG)) == 2
    text = "\n".join(raw_text(timeline))
    assert NO_VGA.strip() in text
    assert CUT.detail in text
    assert "nothing was refused to this VM since the start" in text


async def test_a_migration_that_succeeds_reads_no_log(tmp_path: Path) -> None:
    hosts = FakeHosts()
    watched = failing(tmp_path, hosts)
    watched.stage.refusals.clear()
    watched.migration.begin(options(watched))
    await watched.ended()
    assert watched.migration.timeline.phase == "completed"
    assert not hosts.shells[""].commands


async def test_the_log_of_a_renamed_vm_has_its_new_name_on_the_target(tmp_path: Path) -> None:
    hosts = FakeHosts()
    for address in ("", "root@destination"):
        with_log(hosts, address, printed(now=BEGAN + 2, log=STARTED))
    watched = failing(tmp_path, hosts)
    connections = watched.migration._connections
    connections.renamed = "guest2"
    watched.migration.begin(options(watched))
    await watched.ended()
    read = {name: _vm_of(hosts, address) for name, address in (("source", ""), ("destination", "root@destination"))}
    assert read == {connections.origin: "guest1", connections.peer: "guest2"}


def _vm_of(hosts: FakeHosts, address: str) -> str:
    """The VM whose log was read there."""
    return next(each[-3] for each in hosts.shells[address].commands if SCRIPT in " ".join(each))


class Hanging(HostLogs):
    """Reads without an end, and records how that was ended."""

    def __init__(self, hosts: FakeHosts) -> None:
        super().__init__(hosts.connections, Sudo(hosts.connections.shell))
        self.ended_by: list[type[BaseException]] = []

    async def read(self, *_: object) -> tuple[HostLog, HostLog]:
        try:
            await asyncio.Event().wait()
        except BaseException as error:
            self.ended_by.append(type(error))
            raise
        raise AssertionError


async def test_logs_that_do_not_come_in_time_are_given_up_on_the_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.migration.backend.after.aftermath.LIMIT_S", -0.99)
    hosts = FakeHosts()
    watched, logs = failing(tmp_path, hosts), Hanging(hosts)
    each = watched.migration
    each._aftermath = Aftermath(each.vm, each._connections, each.run_log, each.guest_monitor, OnHosts(logs))
    each.begin(options(watched))
    await watched.ended()
    assert watched.summary["outcome"] == "failed"
    assert logs.ended_by == [asyncio.CancelledError]
