"""A study in the runner: its runs one after another, what disturbs them, and what is recorded."""

import asyncio
import sys
from pathlib import Path

import pytest
import tomli_w

from tests.fake_hosts import FakeHosts
from tests.unit.fakes import PATIENCE_S
from tests.unit.study.plans import changed
from tests.unit.study.study_world import CONFIG, Make, World
from tests.unit.until import until
from tui.core.failure import Failure
from tui.core.plan import Plan
from tui.linux.sudo import Sudo
from tui.migration.backend.before.tls_check import TlsCheck
from tui.study.backend import measurement, store
from tui.study.backend.access import list_studies
from tui.study.backend.service import Studies
from tui.study.model.guest_loss import CLOCK
from tui.study.model.status import state_sentence

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PLAIN = {"a": {"technique": "pre-copy"}}
ONE = changed(workload={"memory": {"threads": 2, "size": "150 MiB"}}, migration=PLAIN)
IDLE = changed(workload={"idle": {}}, migration=PLAIN)


async def test_a_study_measures_each_setting_there_and_back(make: Make) -> None:
    world = make()
    await world.start(changed(warm_up=1, workload={"idle": {}, **ONE["workload"]}, migration=PLAIN))
    status = await world.finished()
    assert (status["state"], status["done"], status["completed"], status["left"]) == ("finished", 9, 9, "")
    assert [each["short"] for each in status["cells"]] == ["idle a", "memory a"]
    assert all(each["median_total_s"] == 4.405 for each in status["cells"])
    about = [run["study"] for run in world.runs]
    assert [each["direction"] for each in about] == ["out", "back"] * 4 + ["out"]
    assert [(each["repeat"], each["warm_up"]) for each in about] == [(0, True)] + [(1, False)] * 4 + [(2, False)] * 4
    assert {(each["name"], each["id"], each["censored"]) for each in about} == {("small", status["id"], False)}
    assert world.guest.log == ["start memory_intensive --threads 2 --size 150 --rate 0", "stop memory"] * 4
    assert {run["workload"]["name"] for run in world.runs} == {"idle", "memory"}


async def test_the_rate_of_the_guest_before_and_after_is_in_the_record_of_a_run(make: Make) -> None:
    world = make()
    await world.start(ONE | {"repeats": 1, "baseline": "50 ms", "recovery": "50 ms"})
    await world.finished()
    assert world.runs[0]["guest"] == {"rate_before": 100.0, "unit": "MiB/s"}
    after = tomllib.loads((Path(world.done()[0]["run"]) / "study.toml").read_text("utf-8"))
    rates = {"rate_before": 100.0, "unit": "MiB/s", "rate_after": 100.0}
    assert after["guest"] == rates | {"lost_s": 0.0, "lost_at_least": CLOCK, "wrong_pages": 0}
    assert after["study"] == world.runs[0]["study"]


async def test_a_migration_over_the_limit_is_cancelled_and_counts_as_censored(make: Make) -> None:
    world = make("post-copy-by-hand", waits_for_keys=True)  # it waits for a key for ever
    await world.start(IDLE | {"repeats": 1, "limit": "0.1 s"})
    status = await world.finished()
    assert (status["state"], status["censored"], status["failed"]) == ("finished", 2, 0)
    assert [(run["outcome"], run["study"]["censored"]) for run in world.runs] == [("cancelled", True)] * 2
    assert [each["direction"] for each in world.done()] == ["back", "back"]  # it stayed on the destination


async def test_post_copy_at_once_is_requested_by_the_study(make: Make) -> None:
    world = make("post-copy-by-hand", waits_for_keys=True)
    await world.start(IDLE | {"repeats": 1, "migration": {"p": {"technique": "post-copy"}}})
    status = await world.finished()
    assert (status["completed"], status["cells"][0]["cell"]) == (2, "guest1; idle; post-copy at once")
    assert all("post_copy_at_s" in run["figures"] for run in world.runs)


async def test_failures_in_a_row_stop_the_study_with_the_last_reason(make: Make) -> None:
    world = make("failed")
    await world.start(IDLE)
    status = await world.finished()
    assert (status["state"], status["done"], status["failed"]) == ("stopped", 2, 2)
    assert status["why"].startswith("2 runs in a row have failed; the last one: ")
    assert "the migration stream to destination broke" in status["why"]


async def test_a_guest_that_does_not_answer_is_a_failure_of_that_run_only(make: Make) -> None:
    world = make()
    await world.start(IDLE)
    world.guest.failures = [Failure("The guest cannot be reached", "no route")] * 2  # also when it is tidied up
    status = await world.finished()
    assert (status["state"], status["failed"], status["completed"]) == ("finished", 1, 3)
    assert world.done()[0]["why"] == "The guest cannot be reached: no route"


async def test_wrong_pages_are_a_failure(make: Make) -> None:
    world = make()
    world.guest.wrong_pages = 3
    await world.start(ONE)
    status = await world.finished()
    assert (status["state"], status["failed"]) == ("stopped", 2)
    assert "Memory was corrupted: 3 pages" in status["why"]


async def test_a_fault_after_the_migration_leaves_its_folder_in_the_progress(make: Make) -> None:
    world = make()

    def fault() -> None:
        raise RuntimeError("not expected")

    world.owner.listen(lambda _migration: world.guest.meanwhile.append(fault))
    await world.start(ONE | {"repeats": 1, "stop_after": 1})
    status = await world.finished()
    assert (status["state"], status["failed"]) == ("stopped", 1)
    (done,) = world.done()
    assert (done["direction"], Path(done["run"])) == ("out", world.owner.all[0].folder)
    assert "not expected" in done["why"]


async def test_another_workload_is_ended_before_a_run(make: Make) -> None:
    world = make()
    world.guest.running = "cpu"
    await world.start(IDLE | {"repeats": 1})
    await world.finished()
    assert world.guest.log == ["stop cpu"]


async def test_the_migration_of_a_person_makes_the_study_wait(make: Make) -> None:
    world = make("post-copy-by-hand", waits_for_keys=True)
    other = await world.owner.start(Plan("guest1", technique="post-copy-manual"))
    await world.start(IDLE | {"repeats": 1, "migration": {"p": {"technique": "post-copy"}}})
    await world.reaches("state", "waiting")
    status = await world.status()
    assert state_sentence(status) == "waiting until the migration of guest1 ends that another client started"
    other.controls.switch_to_post_copy()
    await asyncio.wait_for(other.ended(), PATIENCE_S)
    status = await world.finished()
    assert (status["state"], status["completed"]) == ("finished", 2)
    assert [each["direction"] for each in world.done()] == ["out", "back"]  # from where it is then
    assert len(world.runs) == 3


async def test_the_rate_after_is_unknown_if_a_person_migrates_the_vm_meanwhile(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measurement, "READ_EVERY_S", 0.01)
    world = make("post-copy-by-hand", waits_for_keys=True)
    await world.start(ONE | {"repeats": 1, "recovery": "1 h", "migration": {"p": {"technique": "post-copy"}}})
    await world.reaches("doing", "measuring the guest after the migration")
    await world.owner.start(Plan("guest1", technique="post-copy-manual"))
    await world.reaches("state", "waiting")
    after = tomllib.loads((Path(world.done()[0]["run"]) / "study.toml").read_text("utf-8"))
    assert "rate_after" not in after["guest"]


async def test_a_stopped_study_measures_the_migration_to_its_end_and_goes_on_from_there(make: Make) -> None:
    world = make("post-copy-by-hand", waits_for_keys=True)
    await world.start(IDLE)
    await until(lambda: world.owner.current is not None and world.owner.current.timeline.iteration >= 2)
    assert world.studies.stop()["state"] == "stopping"
    assert world.owner.current
    world.owner.current.controls.cancel()
    status = await world.finished()
    assert (status["state"], status["why"]) == ("stopped", "a client requested it")
    assert (status["done"], status["cancelled"]) == (1, 1)
    with pytest.raises(Failure, match="No study is under way"):
        world.studies.stop()
    world.stage._waits_for_keys = False
    await world.studies.resume("", CONFIG)
    status = await world.finished()
    assert (status["state"], status["done"], status["completed"]) == ("finished", 4, 3)
    assert [each["number"] for each in world.done()] == [1, 2, 3, 4]


async def test_a_study_that_is_stopped_while_the_guest_settles_counts_no_run(make: Make) -> None:
    world = make()
    await world.start(ONE | {"settle": "1 h"})
    await world.reaches("doing", "letting the guest settle")
    world.studies.stop()
    status = await world.finished()
    assert (status["state"], status["done"], world.runs) == ("stopped", 0, [])
    assert world.guest.log[-1] == "stop memory"


async def test_a_study_is_found_by_its_name_and_by_that_of_its_folder(make: Make) -> None:
    world = make()
    first = await world.start(IDLE | {"repeats": 1})
    await world.finished()
    await world.start(IDLE | {"name": "other", "repeats": 1})
    await world.finished()
    assert (await world.status("small"))["id"] == (await world.status(first["id"]))["id"] == first["id"]
    for name in ("none", "../studies"):
        with pytest.raises(Failure, match="There is no study"):
            await world.status(name)


async def test_studies_of_one_name_and_second_have_a_number_by_which_each_is_found(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "STAMP", "20261129T080000Z")
    world, ids = make(), list[str]()
    for _ in range(3):
        ids.append((await world.start(IDLE | {"name": "my plan", "repeats": 1}))["id"])
        await world.finished()
    names = ["my plan", "my plan-2", "my plan-3"]
    assert ids == [f"20261129T080000Z-{name.replace(' ', '_')}" for name in names]
    found = [await world.status(name) for name in names]
    assert [(each["id"], each["name"]) for each in found] == list(zip(ids, names, strict=True))
    assert [each["study"]["name"] for each in world.runs] == [name for name in names for _ in range(2)]
    assert [each.name for each in list_studies(world.folder / "studies", CONFIG)] == names[::-1]


def test_of_studies_of_one_second_the_tenth_is_newer_than_the_second(tmp_path: Path) -> None:
    names = ["20261129T080000Z-a", *(f"20261129T080000Z-a-{number}" for number in range(2, 12)), "20261129T080001Z-a"]
    for name in names:
        (tmp_path / name).mkdir()
        (tmp_path / name / store.SCHEDULE).touch()
    assert [each.name for each in store.all_in(tmp_path)] == names[::-1]


async def test_a_second_study_is_refused_while_one_is_under_way(make: Make) -> None:
    world = make()
    await world.start(IDLE | {"settle": "1 h"})
    with pytest.raises(Failure, match="is under way"):
        await world.start(IDLE)
    with pytest.raises(Failure, match="is under way"):
        await world.studies.resume("", CONFIG)


async def test_a_study_of_a_vm_that_does_not_run_or_answer_is_refused(make: Make) -> None:
    world = make()
    with pytest.raises(Failure, match="Neither host has a VM named other"):
        await world.start(IDLE | {"vms": "other"})
    world.guest.failures = [Failure("The guest cannot be reached")]
    with pytest.raises(Failure, match="The guest cannot be reached"):
        await world.start(IDLE)
    assert await world.studies.status("", CONFIG) is None


async def test_a_study_with_an_option_that_these_hosts_refuse_is_refused(make: Make) -> None:
    world = make()
    plain = {"technique": "pre-copy", "parallel": [2, 0], "comp_methods": "zstd"}
    why = "--comp-methods is refused: zstd compresses parallel connections, and there are none"
    with pytest.raises(Failure, match=f"The study cannot start: {why}"):
        await world.start(IDLE | {"migration": {"plain": plain}})
    assert await world.studies.status("", CONFIG) is None


async def test_a_study_with_tls_needs_the_certificates_of_both_directions(make: Make) -> None:
    world = make()
    hosts = FakeHosts()  # the source has a certificate as the one that sends only
    missing = "file missing server-cert.pem\nfile missing server-key.pem\nfile ok ca-cert.pem\n"
    hosts.shells[""].answers = {"/etc/pki/qemu\nserver\n": missing, **hosts.shells[""].answers}
    world.owner.on_hosts.tls = TlsCheck(hosts.connections, Sudo(hosts.connections.shell))
    why = "--tls is refused: source has no server-cert.pem and server-key.pem in /etc/pki/qemu"
    with pytest.raises(Failure, match=f"The study cannot start: {why}"):
        await world.start(IDLE | {"migration": {"plain": {"technique": "pre-copy", "tls": True}}})
    assert await world.studies.status("", CONFIG) is None


async def test_a_log_that_cannot_be_written_ends_the_study_with_the_reason(make: Make) -> None:
    world = make()
    status = await world.start(IDLE | {"settle": "50 ms"})
    await world.reaches("doing", "letting the guest settle")
    assert world.studies._engine
    world.studies._engine._store._log._file = Path("/dev/full").open("ab")  # noqa: SIM115, ASYNC230
    status = await world.finished()
    assert status["state"] == "stopped"
    assert status["why"] == "The progress of the study cannot be written: No space left on device"


async def test_a_vm_is_in_one_study_at_a_time_whatever_the_configuration(make: Make) -> None:
    world = make()
    other = World(world.folder / "other", world.stage)  # another configuration with the same hosts
    shared: list[Studies] = []
    for each in (world, other):
        each.studies.share(shared)
    await world.start(IDLE | {"settle": "1 h"})
    second = IDLE | {"name": "second", "settle": "1 h"}
    with pytest.raises(Failure, match=f"guest1 is in the study small of {CONFIG}, which is under way"):
        await other.start(second)
    assert not (other.folder / "studies").exists()
    world.studies.stop()
    await world.finished()
    assert (await other.start(second))["name"] == "second"
    with pytest.raises(Failure, match="guest1 is in the study second"):
        await world.studies.resume("", CONFIG)
    await other.end_runner()


async def test_a_host_that_is_none_of_the_study_may_be_unread(make: Make) -> None:
    world = make()
    three = World(world.folder / "three", world.stage, ("source", "destination", "host3"))
    world.stage.vms["host3"], world.stage.uuids["host3"], world.stage.completed["host3"] = {}, "host3", {}
    world.stage.down.add("host3")
    await three.studies.check(tomli_w.dumps(IDLE | {"between": ["source", "destination"]}))
    with pytest.raises(Failure, match="host3 cannot be reached"):
        await three.studies.check(tomli_w.dumps(IDLE | {"between": ["source", "host3"]}))
    await three.end_runner()


async def test_a_vm_of_a_queue_under_way_is_in_no_study(make: Make) -> None:
    world = make()
    world.studies.held = lambda: {world.stage.vm.uuid: "in the queue 1, which is under way"}
    with pytest.raises(Failure, match="The study cannot start: guest1 is in the queue 1, which is under way"):
        await world.start(IDLE)
    assert not (world.folder / "studies").exists()
    world.studies.held = dict
    await world.start(IDLE | {"settle": "1 h"})
    assert world.studies.holds() == {world.stage.vm.uuid: f"in the study small of {CONFIG}, which is under way"}
    world.studies.stop()
    await world.finished()
    assert world.studies.holds() == {}


async def test_a_check_refuses_what_a_start_would_refuse_and_changes_nothing(make: Make) -> None:
    world = make()
    await world.studies.check(tomli_w.dumps(IDLE))
    with pytest.raises(Failure, match="Neither host has a VM named other"):
        await world.studies.check(tomli_w.dumps(IDLE | {"vms": "other"}))
    world.stage.down.add("destination")
    with pytest.raises(Failure, match="the connection to libvirt broke"):
        await world.studies.check(tomli_w.dumps(IDLE))
    assert set(world.stage.calls) <= {"vms", "job", "daemon"}
    assert (world.guest.log, list(world.folder.iterdir())) == ([], [])
