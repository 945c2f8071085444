"""`vmlm-tui runs show` of a failed run: what both hosts wrote comes after the events."""

from pathlib import Path

from tests.unit.fakes import recording
from tests.unit.migration.host_log_texts import APPARMOR, NO_VGA, STARTED, UUID, printed
from tui.app.commands.runs.show import log_of, run_lines
from tui.migration.model.ending.host_log import parse
from tui.migration.model.record import HOST_LOG, Event, to_line
from tui.runs.model.parse import broken_run


def test_the_logs_of_the_hosts_are_printed_line_by_line(tmp_path: Path) -> None:
    log = parse("destination", UUID, 10, printed(log=STARTED + NO_VGA, journal=APPARMOR))
    records = [*recording("failed"), Event(9.0, "", HOST_LOG, log.data)]
    (tmp_path / "raw.jsonl").write_text("".join(f"{to_line(each)}\n" for each in records), "utf-8")
    lines = run_lines(broken_run(tmp_path, ""), log_of(tmp_path), 80)
    assert f"  {NO_VGA.strip()}" in lines
    assert f"  {APPARMOR.strip()}" in lines
    assert not any("host-log" in line for line in lines)
