"""`vmlm-tui runs import FILE...`: logs of `virsh domjobinfo` that others wrote become runs."""

# Imports are local so that a wrong option and --help are fast.
# ruff: noqa: PLC0415

import io
import sys
from datetime import datetime
from typing import TYPE_CHECKING

from tui.app.commands.output import Output
from tui.app.commands.runs import folder_of, parser_of
from tui.app.commands.session import help_of
from tui.core.failure import Failure
from tui.core.plain_text import plain
from tui.core.plan import POST_COPY, TECHNIQUES
from tui.core.quantity import duration, parse_seconds, size

if TYPE_CHECKING:
    from argparse import Namespace

    from tui.runs.backend.importer import Given, Imported, ImportedRun

USAGE = (
    "FILE... [--vm NAME] [--workload NAME] [--technique TECHNIQUE] [--host-from NAME] [--host-to NAME]\n"
    "       [--interval TIME] [--began TIME] [--note TEXT] [--again] [--folder FOLDER] [--config FILE]"
)
ABOUT = """\
Imports logs of `virsh domjobinfo VM`, also with --rawstats or --completed, one output after another; the lines between
them may be times. Each migration in a file becomes a run. "-" reads the standard input.
The exit status is 1 if a file was not imported, else 0."""
LONGEST_INTERVAL_S = 3600.0
SHOWN = 8  # reports of lines that are not understood
NOT_IMPORTED = 1


def main(_verb: str, words: list[str]) -> int:
    """Import the files; returns the exit status, raises Failure for wrong words."""
    parser = parser_of("import", USAGE, ABOUT)
    parser.add_argument("files", nargs="*", metavar="FILE", help="a log; - is the standard input")
    parser.add_argument("--vm", default="", metavar="NAME", help="the VM")
    parser.add_argument("--workload", default="", metavar="NAME", help="the workload in it")
    techniques = (*TECHNIQUES, POST_COPY)
    parser.add_argument("--technique", default="", choices=techniques, metavar="NAME", help=", ".join(techniques))
    parser.add_argument("--host-from", default="", metavar="NAME", help="the host that the VM left")
    parser.add_argument("--host-to", default="", metavar="NAME", help="the host that it was migrated to")
    parser.add_argument("--interval", metavar="TIME", help="between two outputs, if they have no times; 1s if unknown")
    parser.add_argument("--began", metavar="TIME", help="when the first migration began, such as 2026-11-29T14:05:00")
    parser.add_argument("--note", default="", metavar="TEXT", help="a note that is kept with the run")
    parser.add_argument("--again", action="store_true", help="import a file although it was imported before")
    options = parser.parse(words)
    if options.help:
        return help_of(parser)
    if not options.files:
        parser.error("No FILE is given")
    return _import(options, _given(options))


def _import(options: "Namespace", given: "Given") -> int:
    from tui.runs.backend.importer import import_log

    runs = folder_of(options, new=True)
    stdin = sys.stdin.buffer if sys.stdin is not None else io.BytesIO()  # None: it was closed
    output, status = Output("runs import", sys.stdout, sys.stderr), 0
    for name in options.files:

        def progress(lines: int, name: str = name) -> None:
            output.progress(name, f"{lines:,} lines read")

        try:
            imported = import_log(name, stdin, runs, given, again=options.again, progress=progress)
        except Failure as failure:
            output.report(str(failure))
            status = NOT_IMPORTED
            continue
        output.lines(line for run in imported.runs for line in run_lines(run))
        for sentence in troubles(name, imported):
            output.report(sentence)
    return status


def run_lines(run: "ImportedRun") -> list[str]:
    """The folder of a run, its figures, and where they come from."""
    figures = run.summary["figures"]
    least = "at least " if run.summary["imported"]["total_is_last_sample"] else ""
    words = [f"{figures['samples']} samples"]
    if (passes := figures.get("passes")) is not None:
        words.append(f"{least}{passes} pass{'' if passes == 1 else 'es'}")
    if (total := figures.get("total_time_ms")) is not None:
        words.append(f"{least}{duration(total / 1000)} in total")
    if (downtime := figures.get("downtime_ms")) is not None:
        words.append(f"downtime {duration(downtime / 1000)}")
    if (sent := figures.get("memory_sent_bytes")) is not None:
        words.append(f"{size(sent)} sent")
    outcome = run.summary["outcome"]
    words.append("no result" if outcome == "lost" else outcome)
    return [str(run.folder), f"  {', '.join(words)}", f"  {run.words}"]


def troubles(name: str, imported: "Imported") -> list[str]:
    """What of a log was left out, as sentences."""
    found = [f"{name}: {each}" for each in imported.oddities[:SHOWN]]
    if imported.not_understood:
        lines = f"{imported.not_understood} line{'' if imported.not_understood == 1 else 's'}"
        shown = ", the first of them below" if len(imported.oddities) > SHOWN else ""
        found.insert(0, f"{name}: {lines} could not be understood and were left out{shown}.")
    if imported.other_jobs:
        found.append(f"{name}: {imported.other_jobs} outputs of other jobs, or of the destination, were left out.")
    return found


def _given(options: "Namespace") -> "Given":
    from tui.runs.backend.importer import Given

    return Given(
        vm=plain(options.vm),
        workload=plain(options.workload),
        technique=options.technique,
        origin=plain(options.host_from),
        target=plain(options.host_to),
        note=plain(options.note),
        interval_s=_interval(options.interval),
        began=_moment(options.began),
    )


def _interval(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        seconds = float(text) if text.replace(".", "", 1).isdigit() else parse_seconds(text)
    except ValueError as error:
        raise Failure(f"--interval {text}", str(error)) from error
    if not 0 < seconds <= LONGEST_INTERVAL_S:
        raise Failure(f"--interval {text} is out of range", "it is above 0 and at most 1 h")
    return seconds


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    from tui.runs.model.log_time import read_time

    found = read_time(text)
    if found is None or found[1] or not found[0].dated:
        raise Failure(f"--began {text} is no time", "", "Write it as 2026-11-29T14:05:00 or 2026-11-29T14:05:00+01:00.")
    return datetime.fromtimestamp(found[0].seconds).astimezone()
