"""A table of runs as Markdown and as LaTeX, for a document."""

import re
from collections.abc import Iterator, Sequence

from tui.runs.model.run import Run
from tui.runs.model.table import UNKNOWN, Column

MARKDOWN = re.compile(r"[\\|*_`<>\[\]~]")
LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': "''",
    "`": "{`}",
} | {each: f"\\{each}" for each in "&%$#_{}"}


def markdown_table(runs: Sequence[Run], columns: Sequence[Column]) -> Iterator[str]:
    """A table of GitHub's Markdown, numbers aligned to the right."""
    yield _markdown_row([column.title for column in columns])
    yield _markdown_row(["---:" if column.right else "---" for column in columns])
    for run in runs:
        yield _markdown_row([markdown(column.cell(run)) or UNKNOWN for column in columns])


def latex_table(runs: Sequence[Run], columns: Sequence[Column]) -> Iterator[str]:
    """A tabular with the rules of the package booktabs."""
    yield "% \\usepackage{booktabs}\n"
    yield f"\\begin{{tabular}}{{{''.join('r' if column.right else 'l' for column in columns)}}}\n\\toprule\n"
    yield _latex_row([_heading(column) for column in columns])
    yield "\\midrule\n"
    for run in runs:
        yield _latex_row([latex(column.cell(run)) or "--" for column in columns])
    yield "\\bottomrule\n\\end{tabular}\n"


def markdown(text: str) -> str:
    """The text, with a backslash before what Markdown would interpret."""
    return MARKDOWN.sub(r"\\\g<0>", text)


def latex(text: str) -> str:
    """The text, with what LaTeX would interpret replaced."""
    return (
        "".join(LATEX.get(each, each) for each in text).replace("--", "-{}-").replace("--", "-{}-")
    )  # which would become one dash


def _heading(column: Column) -> str:
    return f"{latex(column.name)} ({latex(column.unit)})" if column.unit else latex(column.name)


def _markdown_row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |\n"


def _latex_row(cells: Sequence[str]) -> str:
    return f"{' & '.join(cells)} \\\\\n"
