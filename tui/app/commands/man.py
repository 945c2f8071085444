"""`vmlm-tui man`: the manual page, made from the parsers of all commands."""

# Imports are local so that a wrong word and --help are fast.
# ruff: noqa: PLC0415

import argparse
from collections.abc import Iterator

from tui import __version__
from tui.app.commands.session import help_of, parser_of
from tui.app.commands.stdout import printed

ABOUT = """\
Prints the manual page of all commands as roff: `vmlm-tui man | man -l -` shows it.
The exit status is 0, or 2 for wrong arguments."""
FILES = {
    "~/.config/vmlm/config.toml": "the configuration; $VMLM_CONFIG or --config names another",
    "~/.local/state/vmlm/runs": "the recorded runs, unless the configuration names another folder",
    "~/.local/state/vmlm/vmlm-tui.log": "the log of the app",
}


def main(verb: str, words: list[str]) -> int:
    """Print the manual; returns the exit status, raises Failure for wrong words."""
    parser = parser_of(verb, "man [--help]", ABOUT, configured=False)
    if parser.parse(words).help:
        return help_of(parser)
    printed(f"{line}\n" for line in page())
    return 0


def page() -> Iterator[str]:
    """The lines of the manual page in roff."""
    from tui.app.parsers import all_parsers

    described = dict(all_parsers())
    app = described.pop(())
    yield f'.TH VMLM-TUI 1 "" "vmlm-tui {__version__}" "User Commands"'
    yield from (".SH NAME", r"vmlm-tui \- live-migrate virtual machines between KVM hosts, and see what happens")
    yield from (".SH SYNOPSIS", *_usages(app))
    yield from (".SH DESCRIPTION", roff(" ".join(f"{app.description} {app.epilog}".split())))
    yield from (".SH OPTIONS", *_options(app))
    yield ".SH COMMANDS"
    for words, parser in described.items():
        yield f'.SS "vmlm-tui {" ".join(words)}"'
        yield from (*_usages(parser), ".PP", *map(roff, (parser.description or "").split("\n")))
        yield from _options(parser)
    yield ".SH FILES"
    for name, about in FILES.items():
        yield from (".TP", roff(name), roff(about))


def _usages(parser: argparse.ArgumentParser) -> Iterator[str]:
    """A paragraph for each usage; argparse has them as lines that are broken for 80 columns."""
    for usage in parser.format_usage().partition(": ")[2].split("vmlm-tui ")[1:]:
        yield from (".HP 4", roff(f"vmlm-tui {' '.join(usage.split())}"))


def _options(parser: argparse.ArgumentParser) -> Iterator[str]:
    """A paragraph for each option and word that has a help."""
    for action in parser._actions:
        if not action.help or action.help == argparse.SUPPRESS:
            continue
        value = action.metavar or (action.dest.upper() if action.nargs != 0 else "")
        names = ", ".join(action.option_strings)
        yield from (".TP", rf"\fB{roff(names)}\fR {roff(str(value))}".strip() if names else roff(str(value)))
        yield roff(" ".join(action.help.replace("%%", "%").split()))


def roff(text: str) -> str:
    """The text with what roff would interpret escaped."""
    text = text.replace("\\", r"\e").replace("-", r"\-")
    return rf"\&{text}" if text.startswith((".", "'")) else text
