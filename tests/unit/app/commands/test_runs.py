"""`vmlm-tui runs`: its words, its tables, its exports, and what it changes."""

import csv
import fcntl
import io
import json
import os
import pty
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.unit.fakes import PATIENCE_S, RECORDINGS
from tests.unit.runs.model.test_parse import RUN_TOML
from tui.app.commands.runs.listing import table_lines
from tui.app.main import main
from tui.runs.backend.notes import read_annotation
from tui.runs.backend.reading import RunReader
from tui.runs.model.table import USUAL, chosen, columns

FIRST = "20261127T100000Z-guest1-idle-pre-copy"
SECOND = "20261128T235324Z-guest1-memory-post-copy-timeout"
BROKEN = "20261126T100000Z-other-idle-pre-copy"

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three runs: a completed one with a log, another one without, and one without a run.toml."""
    runs = tmp_path / "runs"
    for name in (FIRST, SECOND, BROKEN):
        (runs / name).mkdir(parents=True)
    (runs / SECOND / "run.toml").write_text(RUN_TOML)
    shutil.copy(RECORDINGS / "post-copy-timeout.jsonl", runs / SECOND / "raw.jsonl")
    first = RUN_TOML.replace("memory", "idle", 1).replace('"memory"', '"idle"').replace("7674", "9999")
    first = first.replace("post-copy-timeout", "pre-copy").replace("11-28T23", "11-27T10")
    (runs / FIRST / "run.toml").write_text(first)
    return runs


@pytest.fixture
def run(folder: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `vmlm-tui runs` on that folder; returns the exit status, and what was printed."""

    def call(*words: str) -> tuple[int, str, str]:
        status = main(["runs", *words, "--folder", str(folder)])
        return status, *capsys.readouterr()

    return call


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ("view",),
            'There is no verb "view": the verbs are list, show, export, import, compare, report, delete,',
        ),
        (("list", "colour:x"), 'There is no filter "colour"'),
        (("list", "--columns", "vm,size"), 'There is no column "size": the columns are run, began, vm,'),
        (("list", "--sort", "size"), 'There is no column "size"'),
        (("show",), "one RUN is expected. vmlm-tui runs show --help shows what is expected."),
        (("show", "x"), "There is no run x"),
        (("show", "2026112"), "2 runs begin with 2026112: "),
        (("export",), "--format is missing: csv, json, markdown, latex, svg, pdf."),
        (("export", "--format", "xml"), "argument --format: invalid choice: 'xml'"),
        (("export", "--format", "latex", "--samples"), "--samples is for csv and json, not for latex."),
        (("export", "--format", "svg", "--samples"), "--samples is for csv and json, not for svg."),
        (("export", "--format", "pdf", "--columns", "vm"), "--columns is for markdown and latex; pdf is a picture."),
        (("export", "--format", "svg"), "A picture shows one run: 2 are chosen. Choose one of them."),
        (("export", "--format", "svg", "20261127"), f"The log of {FIRST} can't be read: No such file or directory."),
        (("export", "--format", "csv", "--columns", "vm"), "--columns is for markdown and latex; csv has all fields."),
        (("export", "--format", "csv", "-o", "/nowhere/x"), "/nowhere/x could not be written: No such file"),
        (("export", "--format", "csv", "-o", "~nobody-x/y"), "~nobody-x/y is no path: "),
        (("report", "--figures", "~nobody-x/y"), "~nobody-x/y is no path: "),
        (("delete",), "RUN is missing."),
        (("delete", SECOND), "Nothing was deleted: there is no terminal to ask on. Add --yes."),
        (("tag", "last"), "+TAG adds a tag, and -TAG removes one."),
        (("tag", "last", "x"), "+TAG adds a tag, and -TAG removes one."),
        (("tag", "last", "+a b"), '"a b" is not a tag.'),
        (("note", "last"), "TEXT is missing; an empty text removes the note."),
        (("exclude", "last"), "either a REASON or --include is expected."),
        (("exclude", "last", "why", "--include"), "either a REASON or --include is expected."),
        (("exclude", "x", "why"), "There is no run x"),
    ],
)
def test_wrong_words_are_one_sentence_and_status_2(
    run: Run, folder: Path, words: tuple[str, ...], sentence: str
) -> None:
    shutil.rmtree(folder / BROKEN)
    status, out, err = run(*words)
    assert (status, out) == (2, "")
    assert err.startswith(f"vmlm-tui runs: {sentence}")
    assert err.count("\n") == 1
    assert not (folder / SECOND / "note.toml").exists()


@pytest.mark.parametrize("verb", ["", "list", "show", "export", "delete", "tag", "note", "exclude"])
def test_help_is_printed_without_a_configuration(
    verb: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VMLM_CONFIG", str(tmp_path / "none"))
    assert main(["runs", *([verb] if verb else []), "--help"]) == 0
    assert capsys.readouterr().out.startswith(f"usage: vmlm-tui runs {verb or 'VERB'} ")


# -- the folder --


def test_a_folder_in_an_unknown_home_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runs", "list", "--folder", "~nobody-x/y"]) == 2
    assert capsys.readouterr().err.startswith("vmlm-tui runs: ~nobody-x/y is no path: ")


def test_without_a_configuration_the_default_folder_is_read(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for variable in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(variable, str(tmp_path))
    monkeypatch.delenv("VMLM_CONFIG", raising=False)
    (tmp_path / "vmlm").mkdir()
    folder.rename(tmp_path / "vmlm" / "runs")
    assert main(["runs", "list", "--columns", "run"]) == 0
    assert capsys.readouterr().out.split()[1:] == [name.partition("-")[0] for name in (SECOND, FIRST, BROKEN)]
    monkeypatch.setenv("VMLM_CONFIG", str(tmp_path / "none.toml"))
    assert main(["runs", "list"]) == 2
    assert "none.toml does not exist" in capsys.readouterr().err


def test_a_folder_that_is_none_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runs", "list", "--folder", str(tmp_path / "none")]) == 2
    assert "none is not a folder." in capsys.readouterr().err


# -- list --


def test_runs_are_listed_the_newest_first(run: Run) -> None:
    status, out, _ = run("list")
    assert status == 0
    header, *lines = out.splitlines()
    assert header.split()[:5] == ["run", "vm", "workload", "technique", "to"]
    assert [line.split()[:3] for line in lines] == [
        ["20261128T235324Z", "guest1", "memory"],
        ["20261127T100000Z", "guest1", "idle"],
        ["20261126T100000Z", "other", "idle"],
    ]
    assert "post 5 s +ac x4 <=20 MiB/s <=50 ms" in lines[0]
    assert all(len(line) <= len(lines[0]) for line in lines)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (("--reverse",), [BROKEN, FIRST, SECOND]),
        (("--sort", "total"), [SECOND, FIRST, BROKEN]),
        (("--sort", "total", "--reverse"), [FIRST, SECOND, BROKEN]),
        (("vm:guest1", "-workload:memory"), [FIRST]),
        (("-e", "workload:memory"), []),
        (("-vm:guest1",), [BROKEN]),
        (("since:2026-11-28",), [SECOND]),
    ],
)
def test_filters_and_orders(run: Run, words: tuple[str, ...], found: list[str]) -> None:
    status, out, err = run("list", "--columns", "folder", *words)
    assert out.split()[1:] == found
    assert (status, bool(err)) == ((0, False) if found else (1, True))


def test_options_may_be_between_the_words_of_a_filter(run: Run) -> None:
    assert run("list", "vm:guest1", "--columns", "folder", "-workload:idle", "--reverse", "outcome:completed")[1] == (
        f"folder\n{SECOND}\n"
    )
    assert run("list", "--columns", "-x")[2].startswith('vmlm-tui runs: There is no column "-x"')


def test_a_json_list_has_all_fields(run: Run) -> None:
    _, out, _ = run("list", "--json", "outcome:completed")
    found: list[dict[str, Any]] = json.loads(out)
    assert [each["run"] for each in found] == [SECOND, FIRST]
    assert found[0]["guest_downtime_ms"] == 214.622
    assert json.loads(run("list", "--json", "vm:none")[1]) == []


def test_columns_that_do_not_fit_are_left_out(folder: Path) -> None:
    runs, table = RunReader(folder).list(), chosen(USUAL, columns({}))
    for width in (60, 80, 120):
        lines = table_lines(runs, table, keep_empty=False, width=width)
        assert max(map(len, lines)) <= width
        assert lines[0].startswith("run ")
    assert "tags" not in table_lines(runs, table, keep_empty=False)[0]  # nothing has one
    assert "tags" in table_lines(runs, table, keep_empty=True)[0]


# -- show --


def test_a_run_is_shown_with_its_passes_and_events(run: Run) -> None:
    status, out, _ = run("show", "20261128")
    assert status == 0
    lines = [line.strip() for line in out.splitlines()]
    assert lines[0] == SECOND
    for line in (
        "technique      post-copy after 5 s",
        "source         a, libvirt 11.3.0, QEMU 10.0.2, 2 CPUs",
        "downtime       13 ms by libvirt",
        "pass  began s  ended s  sent MiB  left MiB  dirty MiB/s  threshold MiB",
        "1     1.08     4.53     382.8     318.9         86.9           35.0",
    ):
        assert line in lines
    assert any(line.endswith("s  end  outcome=completed") for line in lines)


def test_a_run_is_shown_with_its_forecast_and_the_outcome(run: Run, folder: Path) -> None:
    assert "Forecast and outcome" not in run("show", "20261128")[1]
    with (folder / SECOND / "run.toml").open("a") as summary:
        summary.write('[forecast]\ntechnique = "post-copy after 5 s"\nconverges = true\ntotal_s = [7.0, 7.5, 9.0]\n')
        summary.write("[forecast.outcome]\nverdict_right = true\ntotal_error = -0.02\ntotal_within = true\n")
    lines = [" ".join(line.split()) for line in run("show", "20261128")[1].splitlines()]
    start = lines.index("Forecast and outcome")
    assert lines[start + 2 : start + 5] == [
        "verdict post-copy after 5 s ends ends right",
        "total 7.5 s (7.0 s to 9.0 s) 7.7 s -2 % within",
        "downtime - 13 ms not judged",
    ]


def test_a_run_is_one_object_of_json(run: Run) -> None:
    found = json.loads(run("show", "last", "--json")[1])
    assert (found["run"], found["total_time_ms"], found["log_problem"]) == (SECOND, 7674.0, None)
    assert [each["number"] for each in found["passes"]] == [1, 2, 3]
    assert found["events"][-1]["kind"] == "end"


def test_a_run_without_a_log_or_a_summary_is_shown_as_far_as_known(run: Run) -> None:
    assert "The log can't be read: No such file or directory." in run("show", FIRST)[1]
    status, out, _ = run("show", BROKEN)
    assert status == 0
    assert "It has no run.toml." in out


# -- export --


def test_csv_of_runs_and_of_samples_is_read_by_another_parser(run: Run, tmp_path: Path) -> None:
    assert run("export", "--format", "csv", "outcome:completed", "-o", str(tmp_path / "x.csv")) == (0, "", "")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "x.csv").read_text())))
    assert [row["total_time_ms"] for row in rows] == ["7674", "9999"]
    status, out, _ = run("export", SECOND, "--format", "csv", "--samples")
    samples = list(csv.DictReader(io.StringIO(out)))
    assert status == 0
    assert {row["run"] for row in samples} == {SECOND}
    written = [line for line in (RECORDINGS / "post-copy-timeout.jsonl").read_text().splitlines() if '"sample"' in line]
    assert len(samples) == len(written)
    assert [row["memory_remaining"] for row in samples] == [
        str(json.loads(line)["stats"].get("memory_remaining", "")) for line in written
    ]


def test_the_picture_of_a_run_goes_to_stdout_or_to_a_file(run: Run, tmp_path: Path) -> None:
    status, out, err = run("export", SECOND, "--format", "svg")
    assert (status, err) == (0, "")
    assert "remaining memory" in out
    assert run("export", "last", "--format", "pdf", "-o", str(tmp_path / "run.pdf")) == (0, "", "")
    assert (tmp_path / "run.pdf").read_bytes().startswith(b"%PDF")
    status, out, err = run("export", "vm:nobody", "--format", "svg", "-o", str(tmp_path / "none.svg"))
    assert (status, out) == (1, "")
    assert err.startswith("vmlm-tui runs export: No run matches")
    assert not (tmp_path / "none.svg").exists()


def test_a_log_that_cannot_be_read_is_reported_and_the_rest_exported(run: Run) -> None:
    status, out, err = run("export", "vm:guest1", "--format", "json", "--samples")
    assert status == 1
    assert {each["run"] for each in json.loads(out)} == {SECOND}
    assert err == f"vmlm-tui runs export: The log of {FIRST} can't be read: No such file or directory.\n"


def test_named_runs_and_filters_choose_together(run: Run, folder: Path) -> None:
    def exported(*words: str) -> list[str]:
        return [each["run"] for each in json.loads(run("export", "--format", "json", *words)[1])]

    assert exported("last") == exported(str(folder / SECOND)) == exported("20261128T") == [SECOND]
    assert exported("20261127", SECOND) == [SECOND, FIRST]
    assert exported("20261127", SECOND, "workload:idle") == [FIRST]
    assert exported("2026112", "guest1") == [SECOND, FIRST]  # begins several names, so it is a text
    assert exported("-guest1") == [BROKEN]
    assert exported("nothing") == []


def test_tables_for_a_document(run: Run) -> None:
    _, out, _ = run("export", "vm:guest1", "--format", "markdown", "--columns", "workload,total,tags")
    assert out.splitlines() == [
        "| workload | total s | tags |",
        "| --- | ---: | --- |",
        "| memory | 7.67 | - |",
        "| idle | 10.00 | - |",
    ]
    assert "memory & 7.67 \\\\" in run("export", "--format", "latex", "--columns", "workload,total")[1]


def test_a_reader_that_ends_early_is_no_error(folder: Path) -> None:
    command = [sys.executable, "-m", "tui", "runs", "export", "--samples", "--format", "csv", "--folder", str(folder)]
    read, write = os.pipe()
    os.close(read)
    ended = subprocess.run(
        [*command, "workload:memory"], stdout=write, stderr=subprocess.PIPE, text=True, timeout=PATIENCE_S, check=False
    )
    os.close(write)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_a_full_disk_behind_stdout_is_one_sentence(folder: Path) -> None:
    command = [sys.executable, "-m", "tui", "runs", "export", "--format", "csv", "--folder", str(folder)]
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=PATIENCE_S, check=False)
    assert ended.returncode == 2
    assert ended.stderr == "vmlm-tui runs: The output could not be written: No space left on device.\n"


# -- annotations --


def test_tags_notes_and_exclusions_are_written_beside_the_run(run: Run, folder: Path) -> None:
    assert run("tag", SECOND, "+paper", "+b", "-y")[1] == f"{SECOND}  tags: paper, b\n"
    assert run("tag", SECOND, "-b")[1] == f"{SECOND}  tags: paper\n"
    assert run("note", "last", "a", "busy host")[1] == f"{SECOND}  note: a busy host\n"
    assert run("exclude", "last", "noisy")[1] == f"{SECOND}  left out of statistics: noisy\n"
    found = read_annotation(folder / SECOND)
    assert (found.tags, found.note, found.excluded) == (("paper",), "a busy host", "noisy")
    assert run("list", "tag:paper", "is:excluded", "--columns", "folder")[1].split()[1:] == [SECOND]
    assert run("exclude", "last", "--include")[1] == f"{SECOND}  counted in statistics\n"
    assert run("note", "last", "at", "-5", "dB", "-x")[1] == f"{SECOND}  note: at -5 dB -x\n"
    assert run("note", "last", "")[1] == f"{SECOND}  note: none\n"
    assert run("tag", "last", "-paper")[1] == f"{SECOND}  tags: none\n"
    assert not (folder / SECOND / "note.toml").exists()


# -- delete --


def test_named_runs_are_deleted(run: Run, folder: Path) -> None:
    assert run("delete", "20261127", BROKEN, "--yes") == (
        0,
        f"deleted {folder / FIRST}\ndeleted {folder / BROKEN}\n",
        "",
    )
    assert [each.name for each in folder.iterdir()] == [SECOND]


def test_nothing_is_deleted_if_one_of_them_is_under_way(run: Run, folder: Path) -> None:
    with (folder / SECOND / "raw.jsonl").open("ab") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        status, _, err = run("delete", FIRST, SECOND, "--yes")
    assert status == 2
    assert f"{folder / SECOND} was not deleted: its migration is under way." in err
    assert len(list(folder.iterdir())) == 3


@pytest.mark.parametrize(("answer", "left"), [("y", 2), ("n", 3), ("", 3)])
def test_a_terminal_is_asked_with_the_name_of_the_folder(folder: Path, answer: str, left: int) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "tui", "runs", "delete", SECOND, "--folder", str(folder)]
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    printed = b""
    while b"[y/N]" not in printed:
        printed += os.read(ours, 1000)
    os.write(ours, f"{answer}\n".encode())
    assert process.wait(PATIENCE_S) == (left == 3)
    os.close(ours)
    text = " ".join(printed.decode().split())
    assert str(folder / SECOND) in text
    assert "guest1, source -> destination, memory, post 5 s" in text
    assert len(list(folder.iterdir())) == left


def test_the_command_imports_neither_textual_nor_libvirt_nor_asyncio(folder: Path) -> None:
    code = (
        "import sys; from tui.app.main import main; status = main(sys.argv[1:]);"
        "print([name for name in ('textual', 'rich', 'libvirt', 'asyncio', 'asyncssh') if name in sys.modules])"
    )
    words = ["runs", "show", "last", "--folder", str(folder)]
    found = subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True, timeout=PATIENCE_S, check=True
    )
    assert found.stdout.splitlines()[-1] == "[]"
