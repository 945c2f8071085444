"""What a person notes on a run: a text, tags, and why the statistics leave it out. It is in note.toml."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tui.core.failure import Failure
from tui.core.plain_text import plain

TAG = re.compile(r"[\w.][\w.-]{0,39}")
MOST_TAGS = 50
MOST_TEXT = 10_000  # characters


@dataclass(frozen=True)
class Annotation:
    """`excluded` is the reason, empty if the run counts; `problem` is why note.toml can't be read."""

    note: str = ""
    tags: tuple[str, ...] = ()
    excluded: str = ""
    problem: str = ""

    def with_tags(self, add: Sequence[str], remove: Sequence[str]) -> "Annotation":
        """The annotation with changed tags; Failure for a tag that can't be one."""
        for tag in (*add, *remove):
            if not TAG.fullmatch(tag):
                hint = "A tag is up to 40 letters, digits, dots, hyphens and underscores."
                raise Failure(f'"{plain(tag)[:40]}" is not a tag', "", hint)
        kept = [tag for tag in self.tags if tag not in remove]
        tags = tuple(dict.fromkeys([*kept, *(tag for tag in add if tag not in remove)]))
        if len(tags) > MOST_TAGS:
            raise Failure("The run would have too many tags", f"{len(tags)} of at most {MOST_TAGS}")
        return replace(self, tags=tags)

    def with_note(self, text: str) -> "Annotation":
        """The annotation with another note; an empty text removes it."""
        return replace(self, note=_checked("note", text))

    def with_exclusion(self, reason: str) -> "Annotation":
        """The annotation of a run that statistics leave out for this reason; an empty one lets it count again."""
        return replace(self, excluded=_checked("reason", reason))

    @property
    def tables(self) -> dict[str, Any]:
        """The keys of note.toml; empty if nothing is noted."""
        values: dict[str, Any] = {"note": self.note, "tags": list(self.tags), "excluded": self.excluded}
        return {name: value for name, value in values.items() if value}


def parse_annotation(tables: Mapping[str, Any]) -> Annotation:
    """The annotation of a note.toml; a value of another type counts as missing, and is the problem."""
    note, tags, excluded = tables.get("note", ""), tables.get("tags", []), tables.get("excluded", "")
    wrong = [f"{name} is not a text" for name, value in (("note", note), ("excluded", excluded)) if _no_text(value)]
    if not isinstance(tags, list) or any(_no_text(each) for each in tags):
        wrong.append("tags is not a list of texts")
        tags = []
    problem = f"Its note.toml is not understood: {'; '.join(wrong)}." if wrong else ""
    note, excluded = ("" if _no_text(each) else each for each in (note, excluded))
    return Annotation(note, tuple(dict.fromkeys(tags)), excluded, problem)


def _no_text(value: Any) -> bool:
    return not isinstance(value, str)


def _checked(what: str, text: str) -> str:
    text = plain(text).strip()
    if len(text) > MOST_TEXT:
        raise Failure(f"The {what} is too long", f"it has {len(text):,} characters of at most {MOST_TEXT:,}")
    return text
