"""The report: one HTML file without network, and on request each figure as SVG and PDF."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timezone
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from tui import __version__
from tui.core.failure import Failure
from tui.runs.backend.comparison import compare
from tui.runs.backend.report import plots, tables
from tui.runs.backend.report.curves import MOST, Curve, curve_of
from tui.runs.backend.report.tables import escape
from tui.runs.backend.statistics import INSTALL
from tui.runs.model.comparison import Comparison
from tui.runs.model.figures import DOWNTIME, GUEST, NETWORK, TOTAL
from tui.runs.model.findings import findings
from tui.runs.model.groups import WORDS, differing, grouped, names
from tui.runs.model.measure import measured
from tui.runs.model.measured import Settings
from tui.runs.model.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

OPTIONS = ("technique", "bandwidth", "limit", "connections", "throttle", "further")  # compared, if they differ

Section = tuple[str, str]  # a title, and HTML
Step = Callable[[str], None]

CSS = """
:root { color-scheme: light; }
body { font: 15px/1.5 system-ui, sans-serif; color: #1b1b1b; background: #fff; max-width: 1080px; margin: 2rem auto;
  padding: 0 1rem; }
h1 { font-size: 1.7rem; margin: 0; } h2 { font-size: 1.25rem; margin: 2.2rem 0 .5rem; } h3 { font-size: 1rem; }
p.by, figcaption, small { color: #595959; } .found { background: #f2f6fa; border-left: 4px solid #0072b2;
  padding: .6rem 1rem .6rem 2rem; margin: 1rem 0; } .warnings { color: #7a4b00; }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-size: .87rem; margin: .5rem 0; }
th, td { padding: .22rem .6rem; border-bottom: 1px solid #ddd; text-align: left; vertical-align: top; }
th { border-bottom: 2px solid #888; } .n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
figure { margin: .8rem 0; } figure svg { width: 100%; height: auto; } code { font-size: .8rem; }
@media print { body { max-width: none; } h2, figure { break-inside: avoid; } }
"""


@dataclass(frozen=True)
class Drawn:
    """A figure with the name of its files and what is to be seen in it."""

    name: str
    caption: str
    svg: str
    pdf: bytes


def write_report(
    runs: Sequence[Run],
    page: Path,
    folder: Path | None = None,
    by: Sequence[str] = (),
    sections: Sequence[Section] = (),
    *,
    pooled: bool = False,
) -> list[Path]:
    """Write the report to `page`, and each figure into `folder`; returns the files. Blocks. Failure if it cannot.

    `sections` follow what was found; `pooled`: runs there and back are one group.
    """
    comparison = _compared(runs, by, pooled=pooled)
    drawn = _draw(comparison, runs, _ignore, pdf=folder is not None)
    files = [page]
    try:
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(report(comparison, runs, drawn, page.parent, sections), encoding="utf-8")
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            for each in drawn:
                for ending, content in (("svg", each.svg.encode()), ("pdf", each.pdf)):
                    files.append(folder / f"{each.name}.{ending}")
                    files[-1].write_bytes(content)
    except OSError as error:
        raise Failure("The report cannot be written", error.strerror or str(error), detail=str(page)) from error
    return files


def report_text(runs: Sequence[Run], beside: Path, step: Step) -> str:
    """The HTML for a file in the folder `beside`. Blocks. Failure if it cannot be made.

    `step` is called with the words for each part of the work before it, and may raise to stop.
    """
    step("Computing statistics")
    comparison = _compared(runs)
    return report(comparison, runs, _draw(comparison, runs, step), beside)


def _compared(runs: Sequence[Run], by: Sequence[str] = (), *, pooled: bool = False) -> Comparison:
    absent = [name for name in ("scipy", "matplotlib") if find_spec(name) is None]
    if absent:
        raise Failure("A report needs scipy and matplotlib", f"not installed: {', '.join(absent)}", INSTALL)
    groups = grouped(measured(runs), pooled=pooled)
    differ = differing([group.settings for group in groups])
    return compare(groups, by=by or [axis for axis in OPTIONS if axis in differ])


def _ignore(_step: str) -> None:
    """Nobody waits for the steps."""


def report(
    comparison: Comparison,
    runs: Sequence[Run],
    drawn: Sequence[Drawn],
    beside: Path,
    more: Sequence[Section] = (),
) -> str:
    """The HTML; links to files of runs are relative to the folder `beside`."""
    settings = [group.settings for group in comparison.groups]
    called = _called(settings)
    by_folder = {run.folder: run for run in runs}
    every = [run for group in comparison.groups for run in group.runs]
    headline = next((each for each in comparison.figures if each.figure == TOTAL), None)
    unit = f", {headline.scale.unit}" if headline else ""
    parts = [
        ("What was found", tables.items(findings(comparison, called), "found")),
        *more,
        ("Groups", tables.group_table(comparison, called) + tables.settings_table(_shared(settings), every)),
        (f"Median total time{unit}", tables.matrix_table(comparison, headline) if headline else ""),
        ("Forecast against outcome", tables.forecast_table(comparison, called, by_folder)),
        ("Figures", "".join(map(_figure, drawn))),
        ("All numbers", "".join(_numbers(comparison, called))),
        ("Machines and versions", tables.machine_table(runs)),
        ("Runs and raw files", tables.run_table(by_folder, comparison, beside)),
        ("Method", "".join(f"<p>{escape(line)}</p>" for line in _method(comparison))),
    ]
    sections = "\n".join(f"<section><h2>{escape(title)}</h2>\n{body}</section>" for title, body in parts if body)
    title = _title(runs)
    made = f"{datetime.now(timezone.utc):%Y-%m-%d %H:%M} UTC by vmlm-tui {__version__}"
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{CSS}</style></head>\n'
        f'<body><h1>{escape(title)}</h1><p class="by">made {escape(made)}</p>\n{sections}\n</body></html>\n'
    )


def _draw(comparison: Comparison, runs: Sequence[Run], step: Step, *, pdf: bool = False) -> list[Drawn]:
    """All figures that the runs allow."""
    found, settings = [], [group.settings for group in comparison.groups]

    def add(name: str, caption: str, draw: Callable[[], "Figure | None"]) -> None:
        step(f"Drawing the figure {name}")
        figure = draw()
        if figure is not None:
            svg = plots.as_bytes(figure, "svg", name).decode()
            figure.set_layout_engine("none")  # the second file has the layout of the first
            found.append(Drawn(name, caption, svg, plots.as_bytes(figure, "pdf") if pdf else b""))

    for each in comparison.figures:
        label = each.figure.label
        caption = f"{label[0].upper()}{label[1:]}: each point is a run, the bar the median, the line its 95 % interval"
        above = any(cell.description and cell.description.above for cell in each.cells)
        caption += "; an arrow is a lower bound." if above else "."
        add(each.figure.name, caption, lambda each=each: plots.strips(each, comparison.groups))  # type: ignore[misc]
    curves = _curves(comparison, runs, step)
    if any(curves):
        caption = (
            f"Memory that remains to be sent, at most {MOST} runs of a group. The strong line is the run of median "
            "length; its passes are ticks above, its switch is a line with libvirt's downtime. Panels of a row "
            "have the same time axis, except one whose title says that it has its own, because it would be squeezed."
        )
        add("remaining", caption, lambda: plots.remaining(curves, settings))
        add(
            "guest-rate",
            "The workload's own rate in the guest; the line is the switch, dashed the rate before the migration.",
            lambda: plots.guest_rates(curves, settings),
        )
    caption = "Which part of the runs had at most this downtime. A lower bound makes no step."
    add("downtimes", caption, lambda: plots.downtimes(comparison))
    return found


def _curves(comparison: Comparison, runs: Sequence[Run], step: Step) -> list[list[Curve]]:
    """Of each group the curves of its first runs that count."""
    by_folder = {run.folder: run for run in runs}
    found = list[list[Curve]]()
    for group in comparison.groups:
        counted = [by_folder[run.folder] for run in group.runs if run.counts][:MOST]
        found.append([])
        for run in counted:
            step(f"Reading the log of {run.folder.name}")
            curve = curve_of(run)
            found[-1] += [] if curve is None else [curve]
    return found


def _called(settings: Sequence[Settings]) -> list[str]:
    return names(settings) if len(settings) > 1 else ["all runs"]


def _shared(settings: Sequence[Settings]) -> Settings:
    """Only what is equal in all."""
    differ = {each.name for each in fields(Settings) if len({getattr(one, each.name) for one in settings}) > 1}
    return Settings(**{name: value for name, value in vars(settings[0]).items() if name not in differ})


def _figure(drawn: Drawn) -> str:
    svg = drawn.svg[drawn.svg.index("<svg") :]  # without the XML declaration, which HTML does not have
    caption = escape(drawn.caption)
    return f'<figure id="{drawn.name}" aria-label="{caption}">{svg}<figcaption>{caption}</figcaption></figure>\n'


def _numbers(comparison: Comparison, called: Sequence[str]) -> list[str]:
    found = []
    for each in comparison.figures:
        unit = f", {each.scale.unit}" if each.scale.unit else ""
        label = f"{each.figure.label[0].upper()}{each.figure.label[1:]}{unit}"
        found.append(f"<h3>{escape(label)}</h3>{tables.figure_table(each, called)}")
    return found


def _title(runs: Sequence[Run]) -> str:
    studies = {run.study.name for run in runs if run.study and run.study.name}
    vms = sorted({run.vm for run in runs if run.vm})
    if len(studies) == 1:
        return f"Live migration study: {studies.pop()}"
    return f"Live migrations of {', '.join(vms)}" if 0 < len(vms) <= 4 else "Live migrations"


def _method(comparison: Comparison) -> list[str]:
    names = {each.figure for each in comparison.figures}
    by = "Each group is compared with the first one of its direction."
    if comparison.by:
        settings = ", ".join(WORDS[axis] for axis in comparison.by)
        by = f"Groups are compared only if nothing but this differs: {settings}."
    lines = [
        "Runs with equal VM size, accelerator, workload, technique, options and direction are a group. Failed, "
        "excluded and warm-up runs are counted and listed, and their figures are left out.",
        "A run over the limit of its study has a total time of more than that, whether it was cancelled there or "
        "completed later. It is never dropped; where the result depends on it, the result is a bound itself "
        '(">60").',
        f"Intervals of 95 %: {comparison.method}. A ratio's interval is from independent resamples of both groups.",
        "Tests: Mann-Whitney U, two-sided, exact for small groups; p corrected after Holm over all comparisons of a "
        f"figure. {by}",
    ]
    if DOWNTIME in names:
        lines.append("Downtime by libvirt is QEMU's own figure, as the source's libvirt reports it.")
    if NETWORK in names:
        lines.append("Downtime on the network is the longest time without a reply to a UDP probe to the guest.")
    if GUEST in names:
        lines.append(
            "Downtime of the guest is the longest gap in a heartbeat in the guest, by its own clock, plus the time for "
            "which that clock stood still."
        )
    return lines
