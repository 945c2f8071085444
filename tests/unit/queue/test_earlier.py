"""The queues on disk: found by their names, listed, and their runs chosen by the filter of the Runs page."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.app.configurations import MINIMAL
from tests.unit.queue.plans import entry, failed, moved, plan
from tests.unit.queue.rack import CONFIG, Room
from tests.unit.until import until
from tui.app.commands import run
from tui.app.commands.queue import NONE
from tui.core.failure import Failure
from tui.queue.backend.earlier import list_queues
from tui.queue.backend.find import found, names_of
from tui.queue.backend.store import PLAN, Store
from tui.queue.model.plan import BACK, EVACUATE, QueuePlan
from tui.queue.model.status import DAMAGED, FINISHED, INTERRUPTED, PAUSED, WORKING
from tui.runs.backend.reading import RunReader
from tui.runs.model.filter import parse_filter
from tui.runs.model.run import QueueMark

Make = Callable[..., Room]
Log = list[dict[str, object]]
FIRST, SECOND, THIRD = "20261129T100000Z-evacuate-a", "20261129T120000Z-bring_back-a", "20261130T090000Z-evacuate-a"
AWAY = plan(entry(1), entry(2))
HOME = QueuePlan(BACK, "a", AWAY.entries)
ALL_MOVED: Log = [*moved(1), *moved(2), {"do": "finished"}]
ONE_MOVED: Log = [*moved(1), *failed(2)]


def made(queues: Path, name: str, log: Log, config: str = CONFIG, of: QueuePlan = AWAY) -> Path:
    """The folder of a queue with this log, with a name that does not depend on the time of the test."""
    store, _ = Store.create(queues, of, config)
    for each in log:
        store.append(str(each["do"]), **{key: value for key, value in each.items() if key != "do"})
    store.close()
    return store.folder.rename(queues / name)


def test_all_queues_of_the_configuration_are_listed_the_newest_first(tmp_path: Path) -> None:
    made(tmp_path, FIRST, ALL_MOVED)
    made(tmp_path, "20261129T110000Z-evacuate-a", moved(1), "/other.toml")
    made(tmp_path, SECOND, ONE_MOVED, of=HOME)
    newest, _ = Store.open(made(tmp_path, THIRD, []))
    listed = list_queues(tmp_path, CONFIG)
    assert [(each["id"], each["state"]) for each in listed] == [
        (THIRD, WORKING),
        (SECOND, INTERRUPTED),
        (FIRST, FINISHED),
    ]
    assert [(each["purpose"], each["counts"]["moved"]) for each in listed[1:]] == [(BACK, 1), (EVACUATE, 2)]
    newest.append("paused")
    assert list_queues(tmp_path, CONFIG)[0]["state"] == PAUSED
    newest.close()


def test_a_damaged_queue_is_listed_with_its_reason(tmp_path: Path) -> None:
    folder = made(tmp_path, FIRST, [])
    (folder / PLAN).write_text(json.dumps({"config": CONFIG, "began": "", "plan": {}}))
    (listed,) = list_queues(tmp_path, CONFIG)
    assert (listed["id"], listed["state"]) == (FIRST, DAMAGED)
    assert listed["why"]


def test_a_queue_is_found_by_its_name_with_and_without_its_time(tmp_path: Path) -> None:
    for name in (FIRST, SECOND, THIRD):
        made(tmp_path, name, moved(1))
    assert found(tmp_path, FIRST, CONFIG).id == FIRST
    assert found(tmp_path, "evacuate-a", CONFIG).id == THIRD
    assert found(tmp_path, "bring_back-a", CONFIG).id == SECOND
    assert found(tmp_path, "", CONFIG).id == THIRD
    for name in ("evacuate-b", f"../{tmp_path.name}/{FIRST}"):
        with pytest.raises(Failure, match=r"There is no queue '.*has none of this name"):
            found(tmp_path, name, CONFIG)
    with pytest.raises(Failure, match="has none of this configuration"):
        found(tmp_path, "", "/other.toml")


async def test_the_queue_under_way_has_its_migrations_by_each_of_its_names(make: Make) -> None:
    room = make(1)
    room.rack["vm1"].held = True
    status = await room.evacuate()
    await until(lambda: "migrate" in room.rack["vm1"].calls)
    await room.reaches(lambda now: now["entries"][0]["migration"])
    for name in ("", *names_of(status["id"])):
        now = await room.queues.status(name, CONFIG)
        assert now
        assert now["entries"][0]["migration"], name


async def test_the_runs_of_a_queue_are_chosen_by_its_name(make: Make) -> None:
    room = make(2)
    await room.evacuate()
    status = await room.over()
    runs = RunReader(room.runs).list()
    assert {each.queue for each in runs} == {QueueMark(status["id"], 1, 1), QueueMark(status["id"], 2, 1)}
    assert all(parse_filter(f"queue:={status['id']}").matches(each) for each in runs)
    assert not any(parse_filter("queue:bring").matches(each) for each in runs)


@pytest.fixture
def queues(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the queues of a user with a configuration."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    config = tmp_path / "config.toml"
    config.write_text(MINIMAL)
    monkeypatch.setenv("VMLM_CONFIG", str(config))
    return tmp_path / "state" / "vmlm" / "queues"


def test_the_command_lists_them(queues: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("queue", ["list"]) == 0
    assert capsys.readouterr().out == f"{NONE}\n"
    config = str(tmp_path / "config.toml")
    made(queues, FIRST, ALL_MOVED, config)
    made(queues, SECOND, ONE_MOVED, config, HOME)
    assert run("queue", ["list"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"{SECOND}  interrupted  1 moved, 1 failed",
        f"{FIRST}    finished     2 moved",
    ]
    assert run("queue", ["list", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert (listed["format"], [each["id"] for each in listed["queues"]]) == (1, [SECOND, FIRST])
