"""An argument parser that raises Failures, and the parser of a command for its completions and its manual."""

import argparse
from collections.abc import Callable
from typing import NoReturn

from tui.core.failure import Failure

CONFIG = "the configuration; the default is $VMLM_CONFIG, then ~/.config/vmlm/config.toml"


DESCRIBED = "\0described"  # the word of `described`; no word of a command line has a NUL


class Parser(argparse.ArgumentParser):
    """Has --help, and --config unless it needs no configuration; `help` is the command that prints the help."""

    def __init__(self, help: str, *, configured: bool = True, **settings: str) -> None:
        super().__init__(**settings, add_help=False, allow_abbrev=False)  # type: ignore[arg-type]
        self._help = help
        if configured:
            self.add_argument("--config", metavar="FILE", help=CONFIG)
        self.add_argument("-h", "--help", action="store_true", help="print this help and exit")

    def parse(self, words: list[str], *, intermixed: bool = False) -> argparse.Namespace:
        """The options; Failure if the words are invalid. `intermixed`: options may be between the other words."""
        if DESCRIBED in words:
            raise _Described(self)
        options = self.parse_intermixed_args(words) if intermixed else self.parse_args(words)
        if getattr(options, "config", None) == "":
            self.error("--config names no file")
        return options

    def error(self, message: str) -> NoReturn:
        """Raise argparse's message as a Failure."""
        raise Failure(message, hint=f"{self._help} shows what is expected.")


class _Described(Exception):  # no error: it ends a command before it acts
    """Has the parser with which a command would have parsed its words."""

    def __init__(self, parser: Parser) -> None:
        super().__init__()
        self.parser = parser


def described(main: Callable[[list[str]], object]) -> Parser:
    """The parser of the command that `main` runs with its words; the command does not act."""
    try:
        main([DESCRIBED])
    except _Described as described:
        return described.parser
    raise RuntimeError("a command has no parser")
