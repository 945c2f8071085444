"""The copy of disks in a migration: what its record has, and what is removed after its end."""

from pathlib import Path

import pytest

from tests.fake_hosts import FakeHosts
from tests.unit.fakes import CUT, Stage, recording
from tests.unit.migration.watched import Watched, options, prepare
from tui.core.failure import Failure
from tui.core.plan import Plan
from tui.linux.sudo import Sudo
from tui.migration.backend.after.aftermath import Aftermath, OnHosts
from tui.migration.backend.before.disk_images import DiskImages, recorder_and_images
from tui.migration.backend.recording.recorder import Recorder
from tui.migration.model import record
from tui.migration.model.disk_images import Found, Made, made_of, parse_look

pytestmark = pytest.mark.usefixtures("no_thread_raises")

MADE = Made("destination", "/local/a.qcow2", "1:2")


def watched_with(tmp_path: Path, hosts: FakeHosts, *refusals: Failure, made: tuple[Made, ...] = (MADE,)) -> Watched:
    stage = Stage(recording("pre-copy-idle"))
    stage.refusals["migrate"] += refusals
    watched = prepare(stage, tmp_path)
    each = watched.migration
    images = DiskImages(hosts.connections, Sudo(hosts.connections.shell))
    on_hosts = OnHosts(images=images)
    each._aftermath = Aftermath(each.vm, each._connections, each.run_log, each.guest_monitor, on_hosts)
    each.begin(options(watched) | {"made": [image.json for image in made]})
    return watched


def removals(hosts: FakeHosts) -> list[tuple[str, ...]]:
    return [each for each in hosts.shells["root@destination"].commands if "remove" in each]


async def test_an_image_made_for_a_migration_that_failed_is_removed(tmp_path: Path) -> None:
    hosts = FakeHosts()
    watched = watched_with(tmp_path, hosts, CUT)
    await watched.ended()
    assert [dict(each.data) for each in watched.events(record.IMAGES)] == [{"removed": [MADE.path], "kept": []}]
    assert [each[-3:] for each in removals(hosts)] == [("remove", MADE.path, MADE.id)]


async def test_an_image_that_cannot_be_removed_is_recorded_with_the_reason(tmp_path: Path) -> None:
    hosts = FakeHosts()
    hosts.unreachable[hosts.destination.uri] = Failure("destination cannot be reached", "no route")
    watched = watched_with(tmp_path, hosts, CUT)
    await watched.ended()
    kept = "/local/a.qcow2 on destination was kept: destination cannot be reached: no route"
    assert [dict(each.data) for each in watched.events(record.IMAGES)] == [{"removed": [], "kept": [kept]}]


async def test_an_image_whose_name_begins_as_that_of_a_kept_one_is_recorded_as_removed(tmp_path: Path) -> None:
    hosts = FakeHosts()
    longer = Made("destination", f"{MADE.path}.new", "1:3")
    hosts.shells["root@destination"].answers = {longer.path: "a process uses it\n"}
    watched = watched_with(tmp_path, hosts, CUT, made=(MADE, longer))
    await watched.ended()
    (event,) = watched.events(record.IMAGES)
    kept = f"{longer.path} on destination was kept: a process uses it"
    assert event.data == {"removed": [MADE.path], "kept": [kept]}


async def test_an_image_of_a_migration_that_succeeded_is_kept(tmp_path: Path) -> None:
    hosts = FakeHosts()
    watched = watched_with(tmp_path, hosts)
    await watched.ended()
    assert watched.migration.timeline.phase == "completed"
    assert (watched.events(record.IMAGES), removals(hosts)) == ([], [])


async def test_a_migration_without_a_copy_looks_at_no_disk(tmp_path: Path) -> None:
    hosts = FakeHosts()
    images = DiskImages(hosts.connections, Sudo(hosts.connections.shell))
    recorder, made = await recorder_and_images(
        lambda: Recorder.create(tmp_path, "run"), images, Plan("guest1"), "source"
    )
    recorder.close()
    assert made == {}
    assert not hosts.shells[""].commands


def test_a_damaged_record_and_a_cut_output_are_read_as_far_as_they_are_whole() -> None:
    assert made_of([MADE.json, {"host": "destination"}, 3]) == (MADE,)
    assert made_of("x") == ()
    assert parse_look("/a\0missing\0\x0012\0\0/b\0file\0") == {"/a": Found("missing", "", 12)}
