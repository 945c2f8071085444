"""The app's own files: config.toml, run.toml, changes.jsonl and the addresses of guests."""

import asyncio
import contextlib
import json
import sys
from pathlib import Path

from tests.fuzz.inputs import files, json_lines, reads, texts, trees
from tui.app import config
from tui.checklist.backend.journal import Journal, parse_journal
from tui.core.failure import Failure
from tui.core.plain_text import CONTROLS
from tui.core.ssh_target import parse_target, target_of_uri
from tui.guest.backend.addresses import GuestAddresses
from tui.linux.change import AddLines, Command, RemoveLines, to_fields
from tui.runs.backend.runs import Runs
from tui.runs.model.run import parse_run
from tui.runs.widgets import about_lines, heading, run_line

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

WIDTH = 79
EXAMPLE = (Path(__file__).parents[2] / "config.example.toml").read_text("utf-8")
CONFIG = tomllib.loads(EXAMPLE)
RUN_TOML = """\
outcome = "completed"
began = "2026-11-23T04:00:13.932Z"
ended = "2026-11-23T04:00:26.101Z"
verified = "guest1 runs on destination and is gone from source."

[vm]
name = "guest1"
uuid = "0054f024-25aa-4e37-867f-6da151e2b201"
vcpus = 2
memory_bytes = 1073741824

[options]
technique = "post-copy-timeout"
timeout_s = 9.0
downtime_ms = 300

[hosts]
origin = "source"
target = "destination"

[workload]
name = "memory"

[figures]
total_time_ms = 11810
downtime_ms = 13
memory_sent_bytes = 1262485504
passes = 4
"""
RUN = tomllib.loads(RUN_TOML)
UNFINISHED = RUN_TOML.replace('"completed"', '"running"')


def check_and_write(tables: object) -> None:
    """The configuration of these tables; what is written of it is read back."""
    found, problems = config.check(tables)  # type: ignore[arg-type]
    assert (found is None) == bool(problems)
    for each in problems:
        assert each.place.isprintable()
    if found is not None:
        assert config.check(config.tables(found))[0] == found


def test_a_damaged_configuration_is_read_or_refused(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"

    def load(data: bytes) -> None:
        path.write_bytes(data)
        config.load(path)

    reads(files(EXAMPLE), load)


def test_odd_values_in_the_configuration_are_read_or_refused() -> None:
    reads(trees(CONFIG), check_and_write)


URIS = ("qemu+ssh://root@kvm-b:22/system?no_tty=1", "qemu+ssh://me%40lab@[fe80::2%25eth0]/system", "root@[fe80::1]:22")


def test_a_damaged_address_is_read_or_refused() -> None:
    def read(text: str) -> None:
        with contextlib.suppress(Failure):
            target_of_uri(text)
        parse_target(text)

    reads(texts(*URIS), read)


def shown(folder: Path, loop: asyncio.AbstractEventLoop) -> None:
    """List the runs and draw their lines: one line each, without control characters."""
    for run in loop.run_until_complete(Runs(folder).list()):
        drawn = [run_line(run, WIDTH), heading(run), *about_lines(run, WIDTH)]
        assert all(CONTROLS.search(line.plain) is None for line in drawn)
        assert run_line(run, WIDTH).cell_length <= WIDTH
        assert "\n" not in "".join(line.plain for line in drawn)


def test_a_damaged_summary_is_listed(tmp_path: Path) -> None:
    run = tmp_path / "20261123T040013Z-guest1-memory-post-copy-timeout"
    run.mkdir()
    (run / "raw.jsonl").write_text('{"kind": "end", "t": 1, "at": "now", "outcome": "completed"}\n')
    loop = asyncio.new_event_loop()

    def listed(data: bytes) -> None:
        (run / "run.toml").write_bytes(data)
        shown(tmp_path, loop)

    reads(files(RUN_TOML, UNFINISHED), listed)
    loop.close()


def test_a_summary_with_odd_values_is_drawn() -> None:
    def drawn(tables: object) -> None:
        run = parse_run(Path("/runs/20261123T040013Z-guest1-memory-pre-copy"), tables, in_use=False)  # type: ignore[arg-type]
        line = run_line(run, WIDTH)
        assert line.cell_length <= WIDTH
        assert CONTROLS.search(line.plain) is None
        heading(run)

    reads(trees(RUN), drawn)


ACTIONS = (
    Command("storage", ("exportfs", "-ra"), "in", 5.0),
    AddLines("storage", "/etc/exports", ("ä (rw)",)),
    RemoveLines("storage", "/etc/exports", ("ä (rw)",)),
)
OF = {"id": 7, "step": "nfs.exports", "address": "root@storage"}
JOURNAL = [{"kind": "begun", **OF, "undo": list(map(to_fields, ACTIONS))}, {"kind": "done", "id": 7}]
LINES = "".join(f"{json.dumps(each)}\n" for each in JOURNAL)


def test_a_damaged_journal_is_read() -> None:
    reads(files(LINES), parse_journal)


def test_odd_values_in_the_journal_are_reported(tmp_path: Path) -> None:
    path = tmp_path / "changes.jsonl"

    def read(lines: str) -> None:
        path.write_text(lines)
        journal = Journal(path)
        for entry in journal.entries("nfs.exports"):
            assert all(action.text for action in entry.undo)
        assert "\n" not in journal.problem

    reads(json_lines(JOURNAL), read)


def test_a_damaged_file_of_addresses_is_read(tmp_path: Path) -> None:
    path = tmp_path / "addresses.json"

    def read(data: bytes) -> None:
        path.write_bytes(data)
        known = GuestAddresses(path)
        known.keep("guest2", f"{known.of('guest1')}{known.user_of('guest1')}")

    reads(files(json.dumps({"addresses": {"guest1": "root@192.0.2.1"}, "users": {"guest1": "op"}})), read)
