"""`vmlm-tui runs delete`, `tag`, `note` and `exclude`: what a person does with recorded runs."""

# Imports are local so that a wrong word and --help are fast.
# ruff: noqa: PLC0415

import sys
from argparse import Namespace
from collections.abc import Callable
from typing import TYPE_CHECKING

from tui.app.arguments import Parser
from tui.app.commands.output import Output
from tui.app.commands.runs import parse, parser_of, reader_of
from tui.app.commands.session import help_of
from tui.core.failure import Failure

if TYPE_CHECKING:
    from tui.runs.backend.reading import RunReader
    from tui.runs.model.annotation import Annotation
    from tui.runs.model.run import Run

Change = Callable[["Annotation"], "Annotation"]

USAGES = {
    "delete": "RUN... [--yes]",
    "tag": "RUN [+TAG...] [-TAG...]",
    "note": "RUN TEXT",
    "exclude": "RUN REASON | RUN --include",
}
ABOUT = {
    "delete": """\
Deletes the folders of runs with all their files, after a question. Without a terminal, --yes is needed. A run whose
migration is under way is refused, and so is a folder outside of the folder of the runs. The exit status is 1 if a
folder was not deleted.""",
    "tag": """\
Adds (+TAG) and removes (-TAG) tags of a run, and prints all its tags. They are in note.toml beside the run.""",
    "note": "Replaces the note on a run; an empty text removes it. It is in note.toml beside the run.",
    "exclude": """\
Leaves a run out of statistics, with the reason, or counts it again (--include). Its files stay. The reason is in
note.toml beside the run.""",
}


def main(verb: str, words: list[str]) -> int:
    """Do what the verb says; returns the exit status, raises Failure for wrong words."""
    parser = parser_of(verb, USAGES[verb], ABOUT[verb])
    parser.add_argument("words", nargs="*", metavar="RUN", help="the folder's name, its beginning, a path, or `last`")
    if verb == "delete":
        parser.add_argument("--yes", action="store_true", help="delete without a question")
    if verb == "exclude":
        parser.add_argument("--include", action="store_true", help="count the run again")
    options = parse(parser, words)
    if options.help:
        return help_of(parser)
    if not options.words or options.words[0].startswith("-"):
        parser.error("RUN is missing")
    output = Output(f"runs {verb}", sys.stdout, sys.stderr)
    if verb == "delete":
        return delete(reader_of(options), options.words, output, yes=options.yes)
    return annotate_run(verb, parser, options, output)


def delete(reader: "RunReader", words: list[str], output: Output, *, yes: bool) -> int:
    """Delete the named runs; nothing is deleted if one of them can't be."""
    from tui.runs.backend.deletion import check_deletable, contents, delete_run
    from tui.runs.backend.find import find_run

    runs = {run.folder: run for run in (find_run(reader, word) for word in words)}
    for folder in runs:
        check_deletable(reader.folder, folder)
    if not yes:
        if not (output.terminal and sys.stdin is not None and sys.stdin.isatty()):
            raise Failure("Nothing was deleted", "there is no terminal to ask on", "Add --yes.")
        for run in runs.values():
            found = contents(run.folder)
            output.lines([str(run.folder), f"  {_about(run)}; {found.words}"])
        if not _agreed(f"Delete {'this folder' if len(runs) == 1 else f'these {len(runs)} folders'}? [y/N] "):
            output.lines(["Nothing was deleted."])
            return 1
    failed = False
    for folder in runs:
        try:
            delete_run(reader.folder, folder)
        except Failure as failure:
            failed = True
            output.report(str(failure))
        else:
            output.lines([f"deleted {folder}"])
    return int(failed)


def annotate_run(verb: str, parser: Parser, options: Namespace, output: Output) -> int:
    """Change the tags, the note or the exclusion of a run, and print the new ones."""
    from tui.runs.backend.find import find_run
    from tui.runs.backend.notes import annotate

    name, *rest = options.words
    change = {"tag": _tags, "note": _note, "exclude": _exclusion}[verb](parser, rest, options)
    run = find_run(reader_of(options), name)
    after = annotate(run.folder, change)
    shown = {
        "tag": f"tags: {', '.join(after.tags) or 'none'}",
        "note": f"note: {after.note or 'none'}",
        "exclude": f"left out of statistics: {after.excluded}" if after.excluded else "counted in statistics",
    }
    output.lines([f"{run.folder.name}  {shown[verb]}"])
    return 0


def _tags(parser: Parser, words: list[str], _options: Namespace) -> Change:
    add, remove = ([word[1:] for word in words if word.startswith(sign)] for sign in "+-")
    if not words or len(add) + len(remove) < len(words):
        parser.error("+TAG adds a tag, and -TAG removes one")
    return lambda old: old.with_tags(add, remove)


def _note(parser: Parser, words: list[str], _options: Namespace) -> Change:
    if not words:
        parser.error("TEXT is missing; an empty text removes the note")
    return lambda old: old.with_note(" ".join(words))


def _exclusion(parser: Parser, words: list[str], options: Namespace) -> Change:
    reason = " ".join(words).strip()
    if bool(reason) == options.include:
        parser.error("either a REASON or --include is expected")
    return lambda old: old.with_exclusion(reason)


def _about(run: "Run") -> str:
    """What the run is, short."""
    words = (run.vm, run.way, run.workload, run.options.words, run.outcome)
    return ", ".join(word for word in words if word)


def _agreed(question: str) -> bool:
    try:
        return input(question).strip().lower() in ("y", "yes")
    except (EOFError, KeyboardInterrupt):
        print()
        return False
