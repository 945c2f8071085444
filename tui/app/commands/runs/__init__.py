"""`vmlm-tui runs`: lists, shows, exports, annotates and deletes recorded runs. It only reads and writes files."""

# Imports are local so that a wrong word and --help are fast.
# ruff: noqa: PLC0415

import os
from argparse import Namespace
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from tui.app.arguments import Parser
from tui.app.commands.stdout import printed
from tui.core.failure import Failure
from tui.core.plain_text import plain

if TYPE_CHECKING:
    from tui.runs.backend.reading import RunReader

# By the verb after `runs` the module that has its `main(verb, words)`.
MODULES = {
    "list": "listing",
    "show": "show",
    "export": "export",
    "import": "importing",
    "compare": "compare",
    "report": "report",
    "delete": "change",
    "tag": "change",
    "note": "change",
    "exclude": "change",
}
HELP = """\
usage: vmlm-tui runs VERB [--help] ...

Works with the recorded runs. It only reads and writes their files: no host is asked, and no migration is touched.

  list [FILTER...]                the runs as a table, the newest first
  show RUN                        one run with its options, versions, figures, passes and events
  export [RUN|FILTER...]          as CSV, JSON, Markdown or LaTeX; with --samples every sample; one run as SVG or PDF
  compare [RUN|FILTER...]         groups of equal settings: medians with intervals, ratios, tests
  report [RUN|FILTER...] -o FILE  an HTML report with figures
  import FILE...                  logs of virsh domjobinfo that others wrote, as runs
  tag RUN +x -y                   adds and removes tags
  note RUN TEXT                   writes a note; an empty text removes it
  exclude RUN REASON | --include  leaves it out of statistics, or counts it again
  delete RUN... [--yes]           deletes their folders

RUN is the name of a folder, the beginning of one, a path, or `last`.
FILTER is any number of words that must all match: vm:, workload:, technique:, outcome:, from:, to:, version:, tag:,
note:, study:, cell:, queue:, since:2026-11-01, until:, is:excluded, or any text; a hyphen before a word inverts it.

Each verb takes --folder FOLDER, or finds the folder by --config FILE. The exit status is 0 if all was done, 1 if no run
matches or not all was done, 2 if the words are wrong.
"""
FOLDER = "the folder of the runs; the default is that of the configuration"


def main(verb: str, words: list[str]) -> int:
    """Run the verb after `runs`; returns the exit status, raises Failure for wrong words."""
    if not words or words[0] in ("-h", "--help"):
        printed([HELP])
        return 0 if words else 2
    if words[0] not in MODULES:
        why = f"the verbs are {', '.join(MODULES)}"
        raise Failure(f'There is no verb "{plain(words[0])}"', why, f"`vmlm-tui {verb} --help` explains them.")
    status: int = import_module(f"{__name__}.{MODULES[words[0]]}").main(words[0], words[1:])
    return status


def parser_of(verb: str, usage: str, about: str) -> Parser:
    """A parser with --config, --folder and --help; `usage` without the words before it."""
    name = f"vmlm-tui runs {verb}"
    parser = Parser(f"{name} --help", prog=name, usage=f"{name} {usage} [--help]", description=about)
    parser.add_argument("--folder", metavar="FOLDER", help=FOLDER)
    return parser


def parse(parser: Parser, words: list[str], short: Sequence[str] = ("-h",)) -> Namespace:
    """The options; `options.words` are all others, also those with one hyphen, such as -tag:x. Failure if wrong.

    `short` are the options with one hyphen.
    """
    hidden: dict[str, str] = {}  # argparse would take these words for options; no word of a command line has a NUL

    def hide(word: str) -> str:
        if not word.startswith("-") or word.startswith("--") or word in (*short, "-"):
            return word
        hidden[f"\0{len(hidden)}"] = word
        return f"\0{len(hidden) - 1}"

    options = parser.parse(list(map(hide, words)), intermixed=True)
    for name, value in vars(options).items():
        if isinstance(value, str):
            setattr(options, name, hidden.get(value, value))
    options.words = [hidden.get(word, word) for word in options.words]
    return options


def reader_of(options: Namespace) -> "RunReader":
    """Reads the folder of --folder, of the configuration, or the default one if there is no configuration."""
    from tui.runs.backend.reading import RunReader

    return RunReader(folder_of(options))


def folder_of(options: Namespace, *, new: bool = False) -> Path:
    """The folder of the runs, from the options; Failure if there is none. A `new` one is made by who writes to it."""
    if options.folder:
        folder = path_of(options.folder)
        if not (new and not os.path.lexists(folder)) and not os.path.isdir(folder):  # noqa: PTH112  # is_dir raises for a folder that may not be entered
            raise Failure(f"{folder} is not a folder", hint="Name the folder that has the folders of the runs.")
        return folder.absolute()
    from tui.app.config import Missing, find, load
    from tui.core.settings import default_runs_folder

    try:
        return load(find(options.config)).runs.folder
    except Missing:
        if options.config or os.environ.get("VMLM_CONFIG"):
            raise
        return default_runs_folder()


def path_of(word: str) -> Path:
    """The path that a person has written, with ~ as a home folder; Failure if that is unknown."""
    try:
        return Path(word).expanduser()
    except RuntimeError as error:
        raise Failure(f"{word} is no path", str(error)) from error
