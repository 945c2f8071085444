"""The command line: `vmlm-tui [--config FILE]` opens the app; the commands and `vmlm-tui lab` parse their own words."""

# Imports are local so that --version does not load Textual, and the first paint does not load the lab.
# ruff: noqa: PLC0415

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tui import __version__
from tui.app import commands
from tui.core.failure import Failure

if TYPE_CHECKING:
    import argparse

    from tui.app.app import VmlmApp
    from tui.app.arguments import Parser
    from tui.core.settings import Config

CANNOT_START = commands.CANNOT_START

USAGE = (
    "vmlm-tui [--config FILE] [--read-only] [--version] [--help]",
    "vmlm-tui check [VM] [--help] ...",
    *commands.USAGE.splitlines(),
    "vmlm-tui lab [--help] ...",
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status, which is not 0 if the output could not be written."""
    words = list(sys.argv[1:] if argv is None else argv)
    if words == ["runner"]:
        from tui.app.runner import main as runner

        return runner()
    from tui.app.commands.stdout import watched

    named = words[:1] if words[:1] and words[0] in {*commands.MODULES, "check", "lab"} else []
    return watched(" ".join(["vmlm-tui", *named]), lambda: _run(words))


def _run(words: list[str]) -> int:
    if words[:1] == ["lab"]:
        return _lab(words[1:])
    try:
        if words and words[0] in commands.MODULES:
            return commands.run(words[0], words[1:])
        if words[:1] == ["check"]:
            from tui.app.check import main as check

            return check(words[1:])
        if words and not words[0].startswith("-"):
            raise _no_command(words[0])
        return _app(_options(words))
    except Failure as failure:
        for line in commands.sentences(failure):
            print(f"vmlm-tui: {line}", file=sys.stderr)
        return CANNOT_START
    except KeyboardInterrupt:  # before the app handles Ctrl+C itself
        return 128 + signal.SIGINT


def _lab(words: list[str]) -> int:
    from tui.lab.cli import main as lab

    try:
        return lab(words)
    except KeyboardInterrupt:
        hint = "The same command continues; `vmlm-tui lab down` removes the lab."
        print(f"\nvmlm-tui lab: Interrupted. {hint}", file=sys.stderr)
        return 128 + signal.SIGINT


def parser() -> "Parser":
    """The parser of the words that are no command."""
    from tui.app.arguments import Parser

    options = Parser(
        "vmlm-tui --help",
        prog="vmlm-tui",
        usage="\n       ".join(USAGE),
        description="Live-migrate virtual machines between KVM hosts, and see what happens while they move.",
        epilog="`vmlm-tui check` prints whether the hosts are ready, with VM what keeps that VM from migrating. "
        "`vmlm-tui migrate` and the commands below it "
        "migrate VMs without the app; COMMAND --help explains each. "
        "`vmlm-tui lab` creates a lab of hosts and VMs on this machine (as root) and opens the app in it.",
    )
    options.add_argument("--read-only", action="store_true", help="look and watch; no key changes anything")
    options.add_argument("--version", action="store_true", help="print the version and exit")
    return options


def _options(words: list[str]) -> "argparse.Namespace":
    parsing = parser()
    options = parsing.parse(words)
    options.text = parsing.format_help() if options.help else f"vmlm-tui {__version__}\n" if options.version else ""
    return options


def _app(options: "argparse.Namespace") -> int:
    if options.text:
        from tui.app.commands.stdout import printed

        printed([options.text])
        return 0
    config, path = _configuration(options.config)
    from tui.app import terminal
    from tui.core import log
    from tui.core.settings import state_folder

    terminal.require_terminal()

    def create() -> "VmlmApp":
        from tui.app.app import VmlmApp
        from tui.app.wiring import wire
        from tui.runner.process import ended_by_logout

        return VmlmApp(config, path, wire=wire, ended_by_logout=ended_by_logout, read_only=options.read_only)

    chosen, status = terminal.run(create, state_folder() / log.NAME, "Migrations continue.")
    from tui.app.app import LAB, RELOAD

    if chosen == RELOAD:
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606  # itself, with its own words
    return _lab([]) if chosen == LAB else status


def _no_command(word: str) -> Failure:
    """What to print for a word that is no command."""
    from difflib import get_close_matches

    from tui.core.plain_text import plain

    like = get_close_matches(word, (*commands.MODULES, "check", "lab"), n=1)
    meant = f"Is {like[0]} meant? " if like else ""
    return Failure(f'There is no command "{plain(word)}"', hint=f"{meant}`vmlm-tui --help` lists them.")


def _configuration(given: str | None) -> "tuple[Config | None, Path]":
    """The configuration and its path; None if no path was given and the default file does not exist."""
    from tui.app.config import Missing, find, load

    path = find(given)
    try:
        return load(path), path
    except Missing:
        if given or os.environ.get("VMLM_CONFIG"):
            raise
        return None, path


if __name__ == "__main__":
    sys.exit(main())
