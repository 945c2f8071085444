"""Reads what earlier runs show of the link between two hosts, from the newest files run.toml."""

import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from tui.core.regular_file import read_regular
from tui.forecast.model.link import EarlierRun, LinkFacts, earlier_run, learned

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

SUMMARY = "run.toml"
COUNTED = 20  # runs of the two hosts
READ = 400  # newest runs; those of other hosts may be among them


def link_of(runs: Path, origin: str, target: str) -> LinkFacts:
    """What the newest runs from one host to another, by their host names, show of the link. Blocks.

    A run or a folder that can't be read shows nothing; the Runs page reports it.
    """
    return learned(islice(_earlier(runs, origin, target), COUNTED))


def _earlier(runs: Path, origin: str, target: str) -> Iterator[EarlierRun]:
    try:
        names = sorted((each.name for each in runs.iterdir()), reverse=True)  # each begins with its time
    except OSError:
        return
    for name in names[:READ]:
        try:
            tables = tomllib.loads(read_regular(runs / name / SUMMARY).decode())
        except (OSError, ValueError, RecursionError):
            continue
        found = earlier_run(tables, origin, target)
        if found is not None:
            yield found
