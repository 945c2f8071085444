"""Runs, or all of their samples, as the text of a file. Reads logs, so it blocks."""

from collections.abc import Callable, Iterator, Sequence
from itertools import chain

from tui.migration.backend.recording.recorder import RAW
from tui.migration.backend.recording.run_files import records_of
from tui.migration.model.record import Sample
from tui.runs.model.export import SAMPLE_FIELDS, Fields, csv_lines, csv_of_runs, fields, json_list, sample_row
from tui.runs.model.paper import latex_table, markdown_table
from tui.runs.model.run import Run
from tui.runs.model.table import USUAL, Column, chosen, columns, short_names

CSV, JSON, MARKDOWN, LATEX = "csv", "json", "markdown", "latex"
Seen = Callable[[Run], None]


def run_text(runs: Sequence[Run], format: str, table: Sequence[Column]) -> Iterator[str]:
    """The runs in a format; `table` are the columns of Markdown and LaTeX."""
    if format == CSV:
        return csv_of_runs(runs)
    if format == JSON:
        return json_list(map(fields, runs))
    return markdown_table(runs, table) if format == MARKDOWN else latex_table(runs, table)


def usual_columns(runs: Sequence[Run]) -> list[Column]:
    """The columns of a table if nobody has chosen any: the usual ones in which something is known."""
    shown = chosen(USUAL, columns(short_names(run.folder for run in runs)))
    return [column for column in shown if any(map(column.cell, runs))]


def sample_text(runs: Sequence[Run], format: str, unread: list[str], seen: Seen = lambda _: None) -> Iterator[str]:
    """The samples of all runs in a format; a log that can't be read adds a sentence to `unread`.

    `seen` is called with the run of each sample as it is read.
    """
    if format == JSON:
        yield from json_list(_rows(runs, unread, seen))
        return
    # Two passes over the logs, because the header has the statistics of all samples, and a log may have 100 MB.
    names = dict.fromkeys(chain(SAMPLE_FIELDS, chain.from_iterable(_rows(runs, [], seen))))
    yield from csv_lines(list(names), _rows(runs, unread, seen))


def _rows(runs: Sequence[Run], unread: list[str], seen: Seen) -> Iterator[Fields]:
    """A row for each sample of the runs."""
    for run in runs:
        broken = 0
        try:
            for each in records_of(run.folder / RAW):
                broken += each is None
                if isinstance(each, Sample):
                    seen(run)
                    yield sample_row(run, each)
        except OSError as error:
            unread.append(f"The log of {run.folder.name} can't be read: {error.strerror or error}.")
        if broken:
            unread.append(f"{run.folder.name}: {broken} line{'' if broken == 1 else 's'} of the log could not be read.")
