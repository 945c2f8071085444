"""What a comparison found, in sentences; a report opens with them."""

from collections.abc import Sequence

from tui.runs.model.comparison import Compared, Comparison, Pair, median_text
from tui.runs.model.description import SIGNIFICANT, needed
from tui.runs.model.figures import DOWNTIMES, TOTAL
from tui.runs.model.groups import differing, directions, text
from tui.runs.model.measured import CENSORED, COMPLETED, EXCLUDED, FAILED, OPEN, Settings
from tui.runs.model.run import EMULATED

HEADLINES = (TOTAL.name, *DOWNTIMES)  # the figures whose differences the opening names


def findings(comparison: Comparison, called: Sequence[str]) -> list[str]:
    """How many runs there were, which did not complete, and what differs; `called` are the names of the groups."""
    found = [_counts(comparison), *filter(None, [directions(comparison.groups, comparison.by)])]
    found += [*_emulated(comparison, called), *_unfinished(comparison, called)]
    headlines = [each for each in comparison.figures if each.figure.name in HEADLINES]
    found += _too_small(headlines)
    for compared in headlines:
        if not compared.pairs:
            found += _medians(compared, called)
        else:
            found += _differences(compared, [group.settings for group in comparison.groups])
    return found


def counted(number: int, noun: str) -> str:
    """The number with its noun: "1 run", "2 runs"."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _counts(comparison: Comparison) -> str:
    groups = comparison.groups
    runs = sum(len(group.runs) for group in groups)
    words = {CENSORED: "over the limit of the study", OPEN: "without an end"}
    counts = [
        f"{count} {words.get(status, status)}"
        for status in (COMPLETED, CENSORED, FAILED, EXCLUDED, OPEN)
        if (count := sum(group.count(status) for group in groups))
    ]
    return f"{counted(runs, 'run')} in {counted(len(groups), 'group')} of equal settings: {', '.join(counts)}."


def _emulated(comparison: Comparison, called: Sequence[str]) -> list[str]:
    """Times of emulated VMs are no measure of those on hosts with KVM."""
    kinds = [group.settings.accelerator for group in comparison.groups]
    if EMULATED not in kinds:
        return []
    which = "All VMs were" if set(kinds) == {EMULATED} else "These were"
    groups = [name for kind, name in zip(kinds, called, strict=True) if kind == EMULATED and len(set(kinds)) > 1]
    names = f": {'; '.join(groups)}" if groups else ""
    return [f"{which} emulated (TCG, without KVM), which is slower and pauses longer than hardware{names}."]


def _unfinished(comparison: Comparison, called: Sequence[str]) -> list[str]:
    """The groups of which not all runs completed, or that needed post-copy."""
    found = []
    for group, name in zip(comparison.groups, called, strict=True):
        completed, counting = group.count(COMPLETED), sum(run.counts for run in group.runs)
        if counting > completed:
            found.append(f"{name}: {completed} of {counted(counting, 'run')} completed before the limit.")
        if group.count(FAILED):
            why = sorted({run.why for run in group.runs if run.status == FAILED} - {FAILED})
            reasons = f" ({', '.join(why)})" if why else ""
            found.append(f"{name}: {group.count(FAILED)} of {counted(len(group.runs), 'run')} failed{reasons}.")
        if group.converged < completed:
            found.append(
                f"{name}: {group.converged} of {counted(completed, 'completed run')} converged without post-copy."
            )
    return found


def _too_small(figures: Sequence[Compared]) -> list[str]:
    """Which sizes of groups can never differ significantly, once for all figures."""
    pairs = [(_is_small(each, pair), pair) for each in figures for pair in each.pairs]
    small = {pair.ns for is_small, pair in pairs if is_small}
    if not small:
        return []
    repeats = max(needed(sum(bool(pair.test) or _is_small(each, pair) for pair in each.pairs)) for each in figures)
    sizes, enough = {min(ns) for ns in small}, {min(pair.ns) for is_small, pair in pairs if pair.test and not is_small}
    which = f"at most {max(sizes)}" if len(sizes) > 1 else str(max(sizes))
    if enough and max(sizes) >= min(enough):  # beside a larger group they are large enough
        which = " or ".join(f"{low} against {high}" for low, high in sorted({(min(ns), max(ns)) for ns in small}))
    return [f"Groups of {which} cannot show significance; at least {repeats} repeats a group are needed."]


def _is_small(compared: Compared, pair: Pair) -> bool:
    return compared.is_too_small(pair) or (pair.ratio is not None and pair.test is None and min(pair.ns) == 1)


def _differences(compared: Compared, settings: Sequence[Settings]) -> list[str]:
    """The significant differences, then how many comparisons of groups that are large enough showed none."""
    tested = [pair for pair in compared.pairs if pair.corrected is not None]
    real = [pair for pair in tested if pair.corrected is not None and pair.corrected < SIGNIFICANT]
    found = [_sentence(compared, pair, settings) for pair in real]
    label = compared.figure.label
    if none := sum(not compared.is_too_small(pair) for pair in tested if pair not in real):
        found.append(f"No significant difference of the {label} in {none} of {counted(len(tested), 'comparison')}.")
    if left := sum(pair.corrected is None and not _is_small(compared, pair) for pair in compared.pairs):
        found.append(f"The {label} could not be tested in {left} of {counted(len(compared.pairs), 'comparison')}.")
    return found


def _medians(compared: Compared, called: Sequence[str]) -> list[str]:
    """The medians, if there is nothing to compare them with."""
    unit = f" {compared.scale.unit}" if compared.scale.unit else ""
    label, found = compared.figure.label, []
    for name, cell in zip(called, compared.cells, strict=True):
        if cell.description:
            median = f"{median_text(compared.scale, cell)}{unit}"
            found.append(f"{name}: the median {label} is {median} (n = {cell.description.n}).")
    return found


def _sentence(compared: Compared, pair: Pair, settings: Sequence[Settings]) -> str:
    """The sentence on a pair; what both groups share comes first, their names are only what differs."""
    both = settings[pair.group], settings[pair.baseline]
    differ = differing(both)
    shared = [axis for axis in differing(settings) if axis not in differ and getattr(both[0], axis)]
    called = {pair.group: text(both[0], differ), pair.baseline: text(both[1], differ)}
    sentence = compared.sentence(pair, called)
    return f"{text(both[0], shared)}: {sentence[:1].lower()}{sentence[1:]}" if shared else sentence
