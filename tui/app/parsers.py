"""All commands with their parsers, as the completions and the manual need them."""

import re
from argparse import ArgumentParser
from collections.abc import Iterator
from functools import partial
from importlib import import_module

from tui.app import check, commands
from tui.app import main as program
from tui.app.arguments import described
from tui.app.commands import runs, study_report
from tui.lab import cli as lab

GROUPS = {"runs": runs.MODULES}  # commands that are only names of others


def all_parsers() -> Iterator[tuple[tuple[str, ...], ArgumentParser]]:
    """The words of each command, and its parser; the first one has no words."""
    yield (), program.parser()
    yield ("check",), described(check.main)
    for verb, module in commands.MODULES.items():
        if verb not in GROUPS:
            yield (verb,), described(partial(import_module(f"{commands.__name__}.{module}").main, verb))
    for verb in runs.MODULES:
        yield ("runs", verb), described(partial(_runs, verb))
    yield ("study", "report"), described(partial(study_report.main, "study"))
    yield ("lab",), lab.parser()


def _runs(verb: str, words: list[str]) -> int:
    return runs.main("runs", [verb, *words])


def summary(parser: ArgumentParser) -> str:
    """The first sentence of what the parser describes, up to a colon."""
    return re.split(r"[.:] ", " ".join((parser.description or "").split()))[0].rstrip(".")
