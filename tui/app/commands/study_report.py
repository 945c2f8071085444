"""`vmlm-tui study report`: the report on the runs of one study, with its plan. It asks no runner."""

# Imports are local so that a wrong option and --help are fast.
# ruff: noqa: PLC0415

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tui.app.commands.output import Output
from tui.app.commands.runs import folder_of, parse, path_of
from tui.app.commands.runs.report import add_options
from tui.app.commands.session import help_of, parser_of
from tui.core.failure import Failure

if TYPE_CHECKING:
    from argparse import Namespace

    from tui.runs.model.run import Run
    from tui.study.backend.store import Study

FOLDER = "the folder of the runs; the default is that of the configuration"
USAGE = "study report [STUDY] [-o FILE] [--figures FOLDER] [--by SETTING] [--pool-directions] [--folder FOLDER]"
ABOUT = """\
Writes the HTML report of `runs report` on the runs of a study, with its plan and what became of each run. STUDY is its
name, or that of its folder, or the path of its folder; the default is the newest study of the configuration. It asks no
host and no background process, and may be written while the study is under way."""


def main(verb: str, words: list[str]) -> int:
    """Write the report; returns the exit status, raises Failure if it cannot be written."""
    parser = parser_of(f"{verb} report", USAGE, ABOUT)
    parser.add_argument("words", nargs="*", metavar="STUDY", help="its name, or that of its folder, or a path")
    parser.add_argument("--folder", metavar="FOLDER", help=FOLDER)
    add_options(parser)
    options = parse(parser, words, ("-h", "-o"))
    if options.help:
        return help_of(parser)
    if len(options.words) > 1:
        parser.error("one STUDY is expected")
    from tui.runs.backend.report.page import write_report

    study = study_of(options)
    if not options.config and not options.folder and Path(study.config).is_file():
        options.config = study.config
    runs = runs_of(study, folder_of(options))
    page, figures = path_of(options.output), path_of(options.figures) if options.figures else None
    files = write_report(runs, page, figures, options.by, sections(study), pooled=options.pool_directions)
    more = f" and {len(files) - 1} files of figures in {figures}" if figures else ""
    output = Output(f"{verb} report", sys.stdout, sys.stderr)
    output.lines([f"Written: {page}{more}, {len(runs)} run{'' if len(runs) == 1 else 's'} of the study {study.id}."])
    recorded = {Path(done.run).name for done in study.progress.done.values() if done.run}
    missing = recorded - {run.folder.name for run in runs}
    if missing:
        output.report(
            f"{len(missing)} of its runs {'is' if len(missing) == 1 else 'are'} not in the folder of the runs."
        )
    return 0


def study_of(options: "Namespace") -> "Study":
    """The study that the words name; Failure if there is none."""
    from tui.app.config import find
    from tui.core.settings import state_folder
    from tui.study.backend import store
    from tui.study.backend.find import found

    name = options.words[0] if options.words else ""
    if "/" in name:
        return store.load(path_of(name).absolute())
    return found(state_folder() / "studies", name, str(find(options.config)))


def runs_of(study: "Study", folder: Path) -> "list[Run]":
    """The runs that name the study in their record, the newest first; Failure if there is none."""
    from tui.runs.backend.reading import RunReader

    runs = [run for run in RunReader(folder).list() if run.study is not None and run.study.id == study.id]
    if not runs:
        hint = "Name the folder that has them with --folder."
        raise Failure(f"There is no run of the study {study.id}", f"none in {folder}", hint)
    return runs


def sections(study: "Study") -> list[tuple[str, str]]:
    """The plan of the study and what became of its runs, as titles with HTML."""
    from tui.runs.backend.report.tables import escape, table
    from tui.study.backend.store import in_use, seed_of
    from tui.study.model.overview import overview, state_of

    state = state_of(study.progress, len(study.left), in_use=in_use(study.folder))
    found = overview(study.plan, study.steps, study.progress, seed_of(study.folder), state)
    facts = [("study", study.id), *found.facts, ("folder", str(study.folder)), ("configuration", study.config)]
    rows = [[f"<b>{escape(label)}</b>", escape(text)] for label, text in facts]
    head, *cells = [[escape(cell) for cell in each] for each in found.cells]
    parts = [("The study", f"{table(['plan', ''], rows, left=2)}<h3>Settings</h3>{table(head, cells, left=2)}")]
    if found.bad:
        head, *bad = [[escape(cell) for cell in each] for each in found.bad]
        parts.append(("Runs that failed or were cancelled", table(head, bad, left=len(head))))
    return parts
