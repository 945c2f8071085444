"""The requests that an earlier process recorded, and the next one must make."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.unit.fakes import PATIENCE_S, Stage, recording, uri
from tui.migration.backend.recording.recorder import Recorder
from tui.migration.backend.recording.run_log import RunLog
from tui.migration.backend.running.connections import MigrationConnections
from tui.migration.backend.running.controls import Controls
from tui.migration.model import record
from tui.migration.model.record import Event


def key(action: str, **data: Any) -> Event:
    return Event(1.0, "", record.KEY, {"action": action} | data)


async def controls_after(earlier: list[Event], folder: Path, resume: Callable[[], None]) -> tuple[Controls, Stage]:
    """Controls that continue after these events, with daemons behind them; what they post runs at once."""
    stage = Stage(recording("link-cut"))
    connections = MigrationConnections(stage.origin, stage.target, {host: uri(host) for host in stage.vms}, stage.open)
    log = RunLog(Recorder.create(folder, "run"))
    for each in earlier:
        log.timeline.add(each)
    controls = Controls(stage.vm.name, connections, log, lambda call, *more: call(*more), lambda: None, resume)
    controls.resume(earlier)
    return controls, stage


async def test_a_resume_that_an_earlier_process_had_not_sent_is_sent(tmp_path: Path) -> None:
    sent = threading.Event()
    controls, _stage = await controls_after([key("resume")], tmp_path, sent.set)
    controls.resume_if_requested()
    assert sent.wait(PATIENCE_S)


async def test_without_a_request_nothing_is_resumed(tmp_path: Path) -> None:
    sent = threading.Event()
    controls, _stage = await controls_after([], tmp_path, sent.set)
    controls.resume_if_requested()
    assert not [each for each in threading.enumerate() if each.name == "resume"]
    assert not sent.is_set()


async def test_a_resume_is_not_repeated_after_a_pause_on_purpose(tmp_path: Path) -> None:
    sent: list[int] = []
    controls, _stage = await controls_after([key("resume")], tmp_path, lambda: sent.append(1))
    controls.pause_post_copy()
    controls.resume_if_requested()
    assert not [each for each in threading.enumerate() if each.name == "resume"]
    assert sent == []


async def test_a_switch_without_an_answer_is_made_again_and_limits_that_were_held_are_set(tmp_path: Path) -> None:
    earlier = [key("post-copy", held=False), key("bandwidth", value=7, held=True), key("downtime", value=5, held=False)]
    controls, stage = await controls_after(earlier, tmp_path, lambda: None)
    controls.passes_have_begun()
    for each in threading.enumerate():
        if each.name in ("post-copy", "bandwidth"):
            each.join(PATIENCE_S)
    assert sorted(stage.calls) == ["set_bandwidth", "start_post_copy"]
