"""Chooses runs by words: "vm:guest1 -tag:bad since:2026-11-01 'any text'". All words must match.

A word is `key:value`, or a text that is searched in all texts of a run; a hyphen before it inverts it. Capitals do not
matter. A value matches a part of the run's; `=value` only the whole. Quotes hold spaces and colons together.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from tui.core.failure import Failure
from tui.core.plain_text import plain
from tui.core.plan import TECHNIQUES
from tui.migration.model.timeline import CANCELLED, COMPLETED, FAILED, LOST
from tui.runs.model.parse import EARLIEST, LATEST
from tui.runs.model.run import BROKEN, UNDER_WAY, UNFINISHED, Run

OUTCOMES = (COMPLETED, FAILED, CANCELLED, LOST, UNDER_WAY, UNFINISHED, BROKEN)

KEY = re.compile(r"([A-Za-z][A-Za-z-]*):(.*)", re.DOTALL)
TOKEN = re.compile(r"""(?:[^\s"']|"[^"]*"|'[^']*')+""")
QUOTED = re.compile(r""""([^"]*)"|'([^']*)'""")
LEADING_QUOTE = re.compile(r"""-?["']""")
SHOWN = 60  # characters of a word in a sentence

Texts = Callable[[Run], Sequence[str]]
Matches = Callable[[Run], bool]


def _all_texts(run: Run) -> Sequence[str]:
    study = (run.study.name, run.study.id, run.study.cell) if run.study else ()
    queue = _queue(run)
    hosts = (run.origin_facts, run.target_facts)
    facts = [text for host in hosts for text in (host.hostname, host.libvirt, host.qemu, host.cpu_model)]
    noted = (run.annotation.note, *run.annotation.tags, run.annotation.excluded)
    parameters = [str(value) for value in run.parameters.values()]
    first = (run.folder.name, run.vm, run.workload, *_technique(run), run.outcome, run.way, run.problem, run.error)
    return (*first, *noted, *study, *queue, *parameters, *facts)


def _technique(run: Run) -> Sequence[str]:
    return run.technique, run.options.words, TECHNIQUES.get(run.technique, "")


def _study(run: Run) -> Sequence[str]:
    return (run.study.name, run.study.id) if run.study else ()


def _queue(run: Run) -> Sequence[str]:
    return (run.queue.id,) if run.queue else ()


def _versions(run: Run) -> Sequence[str]:
    versions = [(host.libvirt, host.qemu) for host in (run.origin_facts, run.target_facts)]
    return [text for libvirt, qemu in versions for text in (f"libvirt {libvirt}", f"qemu {qemu}", libvirt, qemu)]


TEXTS: dict[str, Texts] = {
    "vm": lambda run: (run.vm,),
    "workload": lambda run: (run.workload,),
    "technique": _technique,
    "outcome": lambda run: (run.outcome,),
    "from": lambda run: (run.origin,),
    "to": lambda run: (run.target,),
    "version": _versions,
    "tag": lambda run: run.annotation.tags,
    "note": lambda run: (run.annotation.note,),
    "study": _study,
    "cell": lambda run: (run.study.cell,) if run.study else (),
    "queue": _queue,
}
STATES: dict[str, Matches] = {
    "excluded": lambda run: bool(run.annotation.excluded),
    "imported": lambda run: bool(run.imported),
    "noted": lambda run: bool(run.annotation.note),
    "warm-up": lambda run: bool(run.study and run.study.warm_up),
    "censored": lambda run: bool(run.study and run.study.censored),
}
KEYS = (*TEXTS, "since", "until", "is")
EXAMPLES = {key: f"{key}:text" for key in TEXTS} | {
    "vm": "vm:guest1",
    "outcome": "outcome:completed",
    "since": "since:2026-11-01",
    "until": "until:2026-11-30",
    "is": "is:excluded",
}
TOGETHER = re.compile(rf"\s-?(?:{'|'.join(KEYS)}):")  # two conditions in one word


class Word(NamedTuple):
    """A word of a filter: the key is empty for a free text."""

    key: str
    value: str
    negated: bool


@dataclass(frozen=True)
class Filter:
    """`matches(run)` is true if all of its words match; one without words matches every run."""

    words: tuple[Word, ...] = ()
    _tests: tuple[Matches, ...] = ()

    def matches(self, run: Run) -> bool:
        """Whether all words match the run."""
        return all(test(run) != word.negated for word, test in zip(self.words, self._tests, strict=True))


def parse_filter(line: str) -> Filter:
    """The filter of a line that a person typed; Failure with a sentence about the word that is wrong."""
    tokens, position = [], 0
    while position < len(line):
        if line[position].isspace():
            position += 1
            continue
        found = TOKEN.match(line, position)
        if found is None or (found.end() < len(line) and not line[found.end()].isspace()):
            raise Failure("A quote of the filter is not closed", _shown(line[position:]), 'Write "a text" with both.')
        tokens.append(found[0])
        position = found.end()
    return _filter(tokens)


def filter_of(words: Sequence[str]) -> Filter:
    """The filter of words that a shell has separated, so that each may have spaces; Failure as parse_filter."""
    for word in words:
        if TOGETHER.search(word) and not LEADING_QUOTE.match(word):
            raise Failure(f"{_shown(word)} is one word for the shell", "", "Write each condition as a word of its own.")
    return _filter([word for word in words if word.strip()])


def _filter(tokens: Sequence[str]) -> Filter:
    words = tuple(map(_word, tokens))
    return Filter(words, tuple(map(_test, words)))


def _word(token: str) -> Word:
    negated = token.startswith("-") and len(token) > 1
    rest = token[1:] if negated else token
    found = None if LEADING_QUOTE.match(rest) else KEY.fullmatch(rest)
    if found is None:
        return Word("", _unquoted(rest), negated)
    key, value = found[1].lower(), _unquoted(found[2]).strip()
    if key not in KEYS:
        keys = ", ".join(f"{each}:" for each in KEYS)
        raise Failure(
            f"There is no filter {_shown(key)}", f"there are {keys}", "Quote the word to search for its text."
        )
    if not value:
        raise Failure(f"The filter {key}: has no value", "", f"Write it without a space, such as {EXAMPLES[key]}.")
    return Word(key, value, negated)


def _test(word: Word) -> Matches:
    if word.key in ("since", "until"):
        return _time_test(word)
    if word.key == "is":
        if word.value.lower() not in STATES:
            raise Failure(f"A run can't be {_shown(word.value)}", f"is: may be {', '.join(STATES)}")
        return STATES[word.value.lower()]
    value = word.value.casefold()
    if word.key == "outcome" and not any(value.removeprefix("=") in outcome for outcome in OUTCOMES):
        raise Failure(f"There is no outcome {_shown(word.value)}", f"the outcomes are {', '.join(OUTCOMES)}")
    texts = TEXTS.get(word.key, _all_texts)
    if word.key and (value.startswith("=") or word.key == "tag"):
        whole = value.removeprefix("=")
        return lambda run: any(text.casefold() == whole for text in texts(run) or ("",))
    return lambda run: any(value in text.casefold() for text in texts(run))


def _time_test(word: Word) -> Matches:
    """Whether a run began since, or until, a moment of local time; a day without a time counts as a whole."""
    try:
        moment = datetime.fromisoformat(word.value)
        whole_day = len(word.value) <= len("2026-11-01")
        end = (moment + timedelta(days=1) if whole_day else moment).astimezone()
        begin = moment.astimezone()
        in_years = EARLIEST <= moment.year <= LATEST
    except (ValueError, OverflowError, OSError):
        in_years = False
    if not in_years:
        raise Failure(f"{_shown(word.value)} is not a date", "", 'Expected: "2026-11-01" or "2026-11-01T14:30".')
    if word.key == "since":
        return lambda run: run.began is not None and run.began >= begin
    return lambda run: run.began is not None and (run.began < end if whole_day else run.began <= end)


def _unquoted(text: str) -> str:
    return QUOTED.sub(lambda found: found[1] or found[2] or "", text)


def _shown(text: str) -> str:
    text = " ".join(plain(text).split())
    return f'"{text if len(text) <= SHOWN else f"{text[:SHOWN]}..."}"'
