"""The command for the way back, or for another try, names its host where there are several."""

from dataclasses import asdict
from pathlib import Path

import pytest

from tests.unit.fakes import recording
from tui.app.commands.lines import next_target, result_lines
from tui.core.plan import Plan
from tui.core.vm import Vm
from tui.migration.backend.migrations import Migration
from tui.migration.model.record import to_line


def migration(to: str, *, over: bool) -> Migration:
    fields = {
        "run": "r", "folder": "/r", "plan": Plan("guest1", to=to).fields, "vm": asdict(Vm("guest1", "1", "running")),
        "origin": "host3", "target": to or "host4", "zero": 0.0,
    }  # fmt: skip
    made = Migration(fields, lambda _action, _value: None, lambda _action, _value: None)  # type: ignore[arg-type,return-value]
    for each in recording("pre-copy-idle") if over else ():
        made.add(to_line(each))
    return made


@pytest.mark.parametrize(
    ("to", "over", "next_host"), [("host4", True, "host3"), ("host4", False, "host4"), ("", True, "")]
)
def test_it_is_named_if_it_was(to: str, over: bool, next_host: str) -> None:
    assert next_target(migration(to, over=over)) == next_host


def test_the_result_has_the_whole_command(tmp_path: Path) -> None:
    assert any(
        "`vmlm-tui migrate guest1 --to host3`" in line for line in result_lines(migration("host4", over=True), 120)
    )
    assert any("`vmlm-tui migrate guest1`" in line for line in result_lines(migration("", over=True), 120))
