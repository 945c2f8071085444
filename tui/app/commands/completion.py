"""`vmlm-tui completion`: what a shell proposes after a tabulator, made from the parsers of all commands."""

# Imports are local so that a wrong word and --help are fast.
# ruff: noqa: PLC0415

import argparse

from tui.app.commands.session import help_of, parser_of
from tui.app.commands.stdout import printed

SHELLS = ("bash", "zsh", "fish")
ABOUT = """\
Prints the completions of commands, options and files for a shell:
  vmlm-tui completion bash > ~/.local/share/bash-completion/completions/vmlm-tui
  vmlm-tui completion zsh > ~/.zfunc/_vmlm-tui     (in ~/.zshrc: fpath+=~/.zfunc, before compinit)
  vmlm-tui completion fish > ~/.config/fish/completions/vmlm-tui.fish
The exit status is 0, or 2 for wrong arguments."""


def main(verb: str, words: list[str]) -> int:
    """Print the completions; returns the exit status, raises Failure for wrong words."""
    parser = parser_of(verb, f"completion {'|'.join(SHELLS)} [--help]", ABOUT, configured=False)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("shell", nargs="?", choices=SHELLS, metavar="SHELL", help=", ".join(SHELLS))
    options = parser.parse(words)
    if options.help:
        return help_of(parser)
    if options.shell is None:
        parser.error("SHELL is missing")
    import shtab

    printed([shtab.complete(tree(), options.shell)])
    return 0


def tree() -> argparse.ArgumentParser:
    """All commands as one parser with subparsers, for shtab."""
    from tui.app.parsers import GROUPS, all_parsers, summary

    described = dict(all_parsers())
    root = argparse.ArgumentParser(prog="vmlm-tui", add_help=False, parents=[described.pop(())])
    _complete(root)
    below = {"": root.add_subparsers(metavar="COMMAND")}  # by the command above
    for words, parser in described.items():
        above = " ".join(words[:-1])
        if above in GROUPS and above not in below:
            group = below[""].add_parser(above, help="works with the recorded runs")
            below[above] = group.add_subparsers(metavar="VERB")
        if above in below:  # the others, such as `study report`, are words of the command above them
            _complete(below[above].add_parser(words[-1], help=summary(parser), parents=[parser], add_help=False))
    return root


def _complete(parser: argparse.ArgumentParser) -> None:
    """Propose files and folders for what takes them."""
    import shtab

    places = {"FILE": shtab.FILE, "FOLDER": shtab.DIRECTORY}
    for action in parser._actions:
        if action.metavar in places:
            action.complete = places[action.metavar]  # type: ignore[attr-defined]
