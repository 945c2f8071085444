"""Tokens of actions in sentences, because the code below the screens does not know the keys.

The page that has the key shows f"{CANCEL} cancels it." as "c cancels it."; another page, a dialog, a log, a record or
the command line shows "The Migrate page cancels it."
"""

import re
from collections.abc import Callable, Mapping

WithKeys = Callable[[str], str]  # a page's `with_keys`: the function below with the keys of that page

# Unicode reserves these two for internal use, so no VM name and no output of a host has them.
OPEN, CLOSE = "\ufdd0", "\ufdd1"
TOKEN = re.compile(f"(^|[.!?] )?{OPEN}([a-z.-]+){CLOSE}")
SENTENCES = re.compile(r"(?<=[.!?]) ")
WORDS: dict[str, str] = {}


def _action(id: str, words: str) -> str:
    """The token of the binding with that id; `words` replace it where there is no key."""
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
FOLD = _action("hosts.fold", "unfolding them")
BOOT = _action("launch.boot", "the Launch page")
MEND = _action("launch.mend", "the Launch page")
SHUT_DOWN = _action("launch.shut-down", "the Launch page")
DELETE = _action("launch.delete", "the Launch page")
CONSOLE = _action("launch.console", "the Launch page")
WORKLOAD = _action("launch.workload", "the Launch page")
STOP_WORKLOAD = _action("launch.stop", "the Launch page")
ADDRESS = _action("launch.address", "the Launch page")
START = _action("migrate.start", "the Migrate page")
POST_COPY = _action("migrate.post-copy", "switching to post-copy")
CANCEL = _action("migrate.cancel", "the Migrate page")
DOWNTIME = _action("migrate.downtime", "raising the limit")
BANDWIDTH = _action("migrate.bandwidth", "the Migrate page")
RESUME = _action("migrate.resume", "the Migrate page")
PAUSE = _action("migrate.pause", "the Migrate page")
ANNOUNCE = _action("migrate.announce", "the Migrate page")
CLOCK = _action("migrate.clock", "the Migrate page")
RESULT = _action("migrate.result", "the whole result")
LOG = _action("migrate.log", "the Migrate page")
MARK = _action("runs.mark", "marking it on the Runs page")
NEW_STUDY = _action("study.new", "the Study page")
RESUME_STUDY = _action("study.resume", "the Study page")
CONTINUE_QUEUE = _action("queue.resume", "continuing the queue")
BRING_BACK = _action("queue.back", "bringing them back")
RUNS_OF_QUEUE = _action("queue.runs", "the Runs page")
RUNS = _action("app.runs", "the Runs page")
QUIT = _action("app.quit", "quitting the app")


def with_keys(sentence: str, keys: Mapping[str, str]) -> str:
    """The sentence with the key of each action; `keys` maps ids of bindings; an action without a key gets its words."""

    def replacement(token: re.Match[str]) -> str:
        start, id = token[1], token[2]
        if id in keys:
            return f"{start or ''}{keys[id]}"
        words = WORDS[id]
        return words if start is None else f"{start}{words[0].upper()}{words[1:]}"

    return TOKEN.sub(replacement, sentence)


def without_offers(sentence: str, keys: Mapping[str, str]) -> str:
    """The sentence without the clauses that offer an action of another page.

    For a page that shows the past, where that page's keys would act on something else.
    """
    if not any(map(_elsewhere(keys), TOKEN.finditer(sentence))):
        return sentence
    kept = []
    for each in SENTENCES.split(sentence):
        clauses = [clause for clause in each.split("; ") if not any(map(_elsewhere(keys), TOKEN.finditer(clause)))]
        if clauses:
            kept.append(f"{'; '.join(clauses).rstrip('.!?')}{each[-1] if each[-1] in '.!?' else ''}")
    return " ".join(kept)


def _elsewhere(keys: Mapping[str, str]) -> Callable[[re.Match[str]], bool]:
    """Whether a token's action is of another page than the one with these keys."""
    return lambda token: token[2] not in keys and WORDS[token[2]].endswith(" page")


def without_keys(sentence: str) -> str:
    """The sentence with words for all actions."""
    return with_keys(sentence, {})
