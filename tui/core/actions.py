"""Actions that a sentence names: below the screens nothing knows a key, so a sentence holds the token of the action.

f"{CANCEL} cancels it." is shown as "c cancels it." by the page that has the key, and as "the Migrate page cancels it."
by all else: another page, a dialog, a log, a record, the command line.
"""

import re
from collections.abc import Callable, Mapping

WithKeys = Callable[[str], str]  # a page's `with_keys`: the function below with the keys of that page

# Unicode keeps these two for a program's own use: no name of a VM and no host's output has them.
OPEN, CLOSE = "\ufdd0", "\ufdd1"
TOKEN = re.compile(f"(^|[.!?] )?{OPEN}([a-z.-]+){CLOSE}")
WORDS: dict[str, str] = {}


def _action(id: str, words: str) -> str:
    """The token of the binding with that id; `words` stand in its place where there is no key."""
    WORDS[id] = words
    return f"{OPEN}{id}{CLOSE}"


REFRESH = _action("list.refresh", "reading again")
DETAILS = _action("list.details", "the line's details")
FIX = _action("list.fix", "fixing the line")
FIX_ALL = _action("list.fix-all", "fixing all")
UNDO = _action("list.undo", "undoing it")
PASSWORD = _action("list.password", "the page's question for a password")
PROGRESS = _action("list.progress", "the progress view")
LOGIN = _action("hosts.login", "the Hosts page")
BOOT = _action("launch.boot", "the Launch page")
DELETE = _action("launch.delete", "the Launch page")
CONSOLE = _action("launch.console", "the Launch page")
WORKLOAD = _action("launch.workload", "the Launch page")
ADDRESS = _action("launch.address", "the Launch page")
START = _action("migrate.start", "the Migrate page")
POST_COPY = _action("migrate.post-copy", "switching to post-copy")
CANCEL = _action("migrate.cancel", "the Migrate page")
DOWNTIME = _action("migrate.downtime", "raising the limit")
BANDWIDTH = _action("migrate.bandwidth", "the Migrate page")
LOG = _action("migrate.log", "the Migrate page")
RUNS = _action("app.runs", "the Runs page")
QUIT = _action("app.quit", "quitting the app")


def with_keys(sentence: str, keys: Mapping[str, str]) -> str:
    """The sentence with the key of each action, by the id of its binding, and with words for what has none there."""

    def replacement(token: re.Match[str]) -> str:
        begins, id = token[1], token[2]
        if id in keys:
            return f"{begins or ''}{keys[id]}"
        words = WORDS[id]
        return words if begins is None else f"{begins}{words[0].upper()}{words[1:]}"

    return TOKEN.sub(replacement, sentence)


def in_words(sentence: str) -> str:
    """The sentence where there are no keys."""
    return with_keys(sentence, {})
