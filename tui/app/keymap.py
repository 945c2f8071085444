"""The keys of a person: `[keys]` of config.toml, checked against the keys of all pages."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from importlib import import_module

from textual.binding import Binding
from textual.keys import _character_to_key

CLASSES = (
    "tui.app.app:VmlmApp",
    "tui.hosts.screens.page:HostsPage",
    "tui.nfs.screens:NfsPage",
    "tui.launch.screens.page:LaunchPage",
    "tui.migration.screens.page:MigratePage",
    "tui.runs.screens.page:RunsPage",
    "tui.runs.screens.run:RunPage",
    "tui.runs.screens.compare:ComparePage",
    "tui.runs.screens.replay:ReplayPage",
    "tui.study.screens.page:StudyPage",
)
KEY = re.compile(r"(?:(?:ctrl|shift|alt)\+)*[a-z][a-z0-9_]*|\S")


@dataclass
class Keymap:
    """What applies of the keys of a person, by the id of the binding, and a sentence for each that does not."""

    kept: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def checked(wanted: Mapping[str, str]) -> Keymap:
    """The wanted keys that exist, are keys, and are free on their pages once all others are where they should be."""
    found = Keymap()
    pages = [_bindings(each) for each in CLASSES]
    known = set().union(*pages)
    for id, key in wanted.items():
        if id not in known:
            hint = "".join(f"; did you mean {meant}?" for meant in get_close_matches(id, known, 1)) or "."
            found.problems.append(f"[keys] {id}: there is no such key{hint}")
        elif not KEY.fullmatch(key):
            found.problems.append(f'[keys] {id}: "{key}" is not a key such as "s", "S", "ctrl+k" or "f5".')
        else:
            found.kept[id] = _named(key)
    for id in tuple(found.kept):
        taken = next(filter(None, (_taken(page, id, found.kept) for page in pages)), "")
        if taken:
            found.problems.append(f'[keys] {id}: "{wanted[id]}" is the key of {taken} on the same page.')
            del found.kept[id]
    return found


def names() -> list[tuple[str, str, str]]:
    """The id, the key and the description of each key that can be changed, in the order of the pages."""
    found = {id: (id, each.key_display or each.key, each.tooltip or each.description)
             for page in map(_bindings, CLASSES) for id, each in page.items()}  # fmt: skip
    return list(found.values())


def _taken(page: Mapping[str, Binding], id: str, kept: Mapping[str, str]) -> str:
    """The other binding of the page that has the key of `id`; empty if none has."""
    if id not in page:
        return ""
    app = _bindings(CLASSES[0])
    others = {each: kept.get(each, binding.key) for each, binding in {**app, **page}.items() if each != id}
    return next((each for each, key in others.items() if kept[id] in map(_named, key.split(","))), "")


def _bindings(place: str) -> dict[str, Binding]:
    """The bindings of a class that one key each can stand for, by id."""
    module, _, name = place.partition(":")
    owner: type = getattr(import_module(module), name)
    every: list[Binding] = []
    for base in owner.mro():
        if base.__module__.startswith("tui."):
            every += _with_id(vars(base).get("BINDINGS", ()))
    counts = Counter(each.id for each in every)
    return {each.id: each for each in every if each.id and counts[each.id] == 1 and " " not in (each.key_display or "")}


def _with_id(bindings: Iterable[object]) -> list[Binding]:
    return [each for each in bindings if isinstance(each, Binding) and each.id]


def _named(key: str) -> str:
    """Textual's name of a key: "slash" for "/"."""
    return _character_to_key(key) if len(key) == 1 else key
