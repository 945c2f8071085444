"""The keys of a person: `[keys]` of config.toml, checked against the keys of all pages."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from importlib import import_module

from textual.binding import Binding
from textual.keys import KEY_NAME_REPLACEMENTS, Keys, _character_to_key, key_to_character

APP = "tui.app.app:VmlmApp"
CHECKLIST = "tui.checklist.widgets.checklist:ChecklistRows"
# What is on the screen together, besides the app: a page, and the widget that has keys of its own.
PAGES = (
    ("tui.hosts.screens.page:HostsPage", CHECKLIST),
    ("tui.hosts.screens.matrix:MatrixPage",),
    ("tui.nfs.screens:NfsPage", CHECKLIST),
    ("tui.launch.screens.page:LaunchPage",),
    ("tui.migration.screens.page:MigratePage",),
    ("tui.queue.screens.page:QueuePage",),
    ("tui.queue.screens.plan:PlanPage",),
    ("tui.runs.screens.page:RunsPage",),
    ("tui.runs.screens.run:RunPage",),
    ("tui.runs.screens.compare:ComparePage",),
    ("tui.runs.screens.replay:ReplayPage",),
    ("tui.study.screens.page:StudyPage", "tui.study.widgets:EndedRuns"),
)
PAIR = re.compile(r".[ /].")
NAMED = {*(each.value for each in Keys), *KEY_NAME_REPLACEMENTS.values()}
KEY = re.compile(r"(?:(?:ctrl|shift|alt)\+)*[a-z][a-z0-9_]*|\S")


@dataclass
class Keymap:
    """What applies of the keys of a person, by the id of the binding, and a sentence for each that does not."""

    kept: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def checked(wanted: Mapping[str, str]) -> Keymap:
    """The wanted keys that exist, are keys, and are free on their pages once all others are where they should be."""
    found = Keymap()
    pages = [_on(places) for places in PAGES]
    known = {each.id for page in pages for each in page if each.id and _can_change(each)}
    for id, key in wanted.items():
        if id not in known:
            hint = "".join(f"; did you mean {meant}?" for meant in get_close_matches(id, known, 1)) or "."
            found.problems.append(f"[keys] {id}: there is no such key{hint}")
        elif not _is_key(key):
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
    found = {each.id: (each.id, each.key_display or each.key, each.tooltip or each.description)
             for places in PAGES for each in _on(places) if each.id and _can_change(each)}  # fmt: skip
    return list(found.values())


def _taken(page: Sequence[Binding], id: str, kept: Mapping[str, str]) -> str:
    """The other binding of the page that has the key of `id`; empty if none has."""
    if all(each.id != id for each in page):
        return ""
    for each in page:
        keys = kept.get(each.id or "", each.key)
        if each.id != id and kept[id] in map(_named, keys.split(",")):
            return each.id or f'"{each.description}"'
    return ""


def _can_change(binding: Binding) -> bool:
    """Whether one key can stand for the binding: not for a pair such as "up/down" or "z Z"."""
    return bool(binding.id) and not PAIR.search(binding.key_display or "")


def _on(places: Sequence[str]) -> list[Binding]:
    """The bindings of the app and of these classes; one of a base class that has lost its key is not among them."""
    return [binding for place in (APP, *places) for binding in _bindings(place)]


def _bindings(place: str) -> list[Binding]:
    module, _, name = place.partition(":")
    owner: type = getattr(import_module(module), name)
    found: list[Binding] = []
    for base in owner.mro():
        if base.__module__.startswith("tui."):
            taken = {key for each in found for key in each.key.split(",")}
            own = (each for each in vars(base).get("BINDINGS", ()) if isinstance(each, Binding))
            left = (each for each in own if not taken.issuperset(each.key.split(",")))
            found += [each for each in left if not each.action.startswith("press(")]  # a key of vim gives way
    return found


def _is_key(key: str) -> bool:
    """Whether it is a character, or a name that Textual has for a key, also with Ctrl, Shift or Alt."""
    name = key.rpartition("+")[2]
    return bool(KEY.fullmatch(key)) and (
        len(key) == 1 or len(name) == 1 or name in NAMED or bool(key_to_character(name))
    )


def _named(key: str) -> str:
    """Textual's name of a key: "slash" for "/"."""
    return _character_to_key(key) if len(key) == 1 else key
