"""A parser of command lines whose complaints are Failures: one sentence, like everything else that goes wrong."""

import argparse
from typing import NoReturn

from tui.core.failure import Failure

CONFIG = "the configuration; else $VMLM_CONFIG names it, else it is ~/.config/vmlm/config.toml"


class Parser(argparse.ArgumentParser):
    """Knows --config and --help; `help` is the command that explains what was to be said."""

    def __init__(self, help: str, **settings: str) -> None:
        super().__init__(**settings, add_help=False, allow_abbrev=False)  # type: ignore[arg-type]
        self._help = help
        self.add_argument("--config", metavar="FILE", help=CONFIG)
        self.add_argument("-h", "--help", action="store_true", help="print this, and nothing else")

    def parsed(self, words: list[str]) -> argparse.Namespace:
        """What was said; a Failure where it can't be understood."""
        options = self.parse_args(words)
        if options.config == "":
            self.error("--config names no file")
        return options

    def error(self, message: str) -> NoReturn:
        raise Failure(message, hint=f"{self._help} shows what is expected.")
