"""Converts the tables of a TOML file to frozen dataclasses and back; reports every wrong value as a Problem.

A dataclass is a table; an attribute `timeout_s: Annotated[float, seconds(...)] = 25.0` is a key. The Kind beside the
type defines the accepted values. An attribute without a default is a required key; a nested dataclass is a subtable.
"""

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

T = TypeVar("T")


@dataclass(frozen=True)
class Problem:
    """An error in one key; without `key` in one table, without `table` in the file."""

    table: str
    key: str
    why: str
    hint: str = ""

    @property
    def place(self) -> str:
        """The position in the file: "[vm] memory"."""
        table = f"[{plain(self.table)}]" if self.table else ""
        return " ".join(part for part in (table, plain(self.key)) if part)


@dataclass(frozen=True)
class Kind:
    """The values a key accepts; `expected` completes "X is not ..."; `suffix` is in the attribute's name only."""

    expected: str
    read: Callable[[object], Any]  # ValueError for a wrong value
    write: Callable[[Any], object] = lambda value: value
    suffix: str = ""


@dataclass(frozen=True)
class Key:
    """One attribute of a table's dataclass; `kind` is None for a subtable."""

    name: str
    attribute: str
    kind: Kind | None
    type: Any
    required: bool


@dataclass(frozen=True)
class NamedTables:
    """Marks an attribute that maps the names of all other subtables to instances of `table`."""

    table: type
    name: Kind


NAME_OF_TABLE = Kind("", lambda value: value)  # the attribute receives the name of its own table


def keys(table: type) -> Iterator[Key]:
    """The keys of a table, in the order of its attributes, without NAME_OF_TABLE and NamedTables."""
    hints = get_type_hints(table, include_extras=True)
    for field in dataclasses.fields(table):
        hint = hints[field.name]
        required = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        if get_origin(hint) is not Annotated:
            yield Key(field.name, field.name, None, hint, required)
        elif (kind := get_args(hint)[1]) is not NAME_OF_TABLE and not isinstance(kind, NamedTables):
            yield Key(field.name.removesuffix(kind.suffix), field.name, kind, get_args(hint)[0], required)


def read(table: type[T], found: object, name: str, problems: list[Problem]) -> T | None:
    """The dataclass for a table of the file; on errors None, and the errors are appended to `problems`."""
    if not isinstance(found, Mapping):
        problems.append(Problem(name, "", f"{shown(found)} is not a table", f"Put its keys under [{name}]."))
        return None
    before = len(problems)
    known = list(keys(table))
    attribute, named = _named_tables(table)
    others = {word: value for word, value in found.items() if named and _is_named(named, word, value, known)}
    unknown = {word: value for word, value in found.items() if word not in others}
    meant = _unknown(known, unknown, name, problems, named=named is not None)
    values = {}
    for key in known:
        if key.name in found or ((key.required or key.kind is None) and key.name not in meant):
            values[key.attribute] = _value(key, found, name, problems)
    if named is not None:
        values[attribute] = {word: _named(named, word, value, name, problems) for word, value in others.items()}
    if len(problems) > before:
        return None
    return table(**values, **_own_name(table, name))


def write(table: Any) -> dict[str, Any]:
    """The tables of a dataclass; `read` converts them back to an equal one."""
    written = {}
    for key in keys(type(table)):
        value = getattr(table, key.attribute)
        if not key.required and key.kind is not None and value in (None, "", {}):
            continue  # it is not set, and TOML has no null
        written[key.name] = write(value) if key.kind is None else key.kind.write(value)
    attribute, named = _named_tables(type(table))
    if named is not None:
        written |= {name: write(each) for name, each in getattr(table, attribute).items()}
    return written


def shown(value: object) -> str:
    """A value of the file as a message quotes it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return "a table"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, int) and abs(value) >= 1 << 63:  # Python refuses to print very large ones
        return "a number out of range"
    return f'"{plain(value)}"' if isinstance(value, str) else plain(str(value))


def plain(text: str) -> str:
    """The text on one line, without control characters, cut after 60 characters."""
    text = "".join(letter if letter.isprintable() else "?" for letter in text[:61])
    return text if len(text) <= 60 else f"{text[:60]}..."


def nearest(word: str, words: list[str]) -> str | None:
    """The word that the user probably meant, None if no word is similar."""
    from difflib import get_close_matches  # noqa: PLC0415  # slow to import, needed only after a mistake

    return next(iter(get_close_matches(word.lower(), words, 1, 0.6)), None)


def _value(key: Key, found: Mapping[str, object], table: str, problems: list[Problem]) -> object:
    if key.kind is None:
        inner = f"{table}.{key.name}" if table else key.name
        return read(key.type, found.get(key.name, {}), inner, problems)
    if key.name not in found:
        problems.append(Problem(table, key.name, f"it is missing, and must be {key.kind.expected}"))
        return None
    value = found[key.name]
    try:
        return key.kind.read(value)
    except ValueError as error:
        problems.append(Problem(table, key.name, f"{shown(value)} is not {key.kind.expected}", str(error)))
        return None


def _named_tables(table: type) -> tuple[str, NamedTables | None]:
    """The attribute with the named tables and its mark, or ("", None)."""
    hints = get_type_hints(table, include_extras=True)
    found = ((attribute, mark) for attribute, hint in hints.items() for mark in get_args(hint)[1:])
    return next(((each, mark) for each, mark in found if isinstance(mark, NamedTables)), ("", None))


def _is_named(named: NamedTables, word: str, value: object, known: list[Key]) -> bool:
    """Whether this is a named table, not a misspelt known one."""
    tables = [key.name for key in known if key.kind is None]
    if word in tables or not isinstance(value, Mapping):
        return False
    return any(key.name in value for key in keys(named.table)) or nearest(word, tables) is None


def _named(named: NamedTables, word: str, value: object, table: str, problems: list[Problem]) -> object:
    name = f"{table}.{word}" if table else word
    try:
        named.name.read(word)
    except ValueError as error:
        problems.append(Problem(name, "", f"{shown(word)} is not {named.name.expected}", str(error)))
    return read(named.table, value, name, problems)


def _own_name(table: type, name: str) -> dict[str, str]:
    hints = get_type_hints(table, include_extras=True)
    last = name.rpartition(".")[2]
    return {attribute: last for attribute, hint in hints.items() if NAME_OF_TABLE in get_args(hint)[1:]}


def _unknown(
    known: list[Key], found: Mapping[str, object], table: str, problems: list[Problem], *, named: bool
) -> set[str]:
    """Reports unknown keys; returns the keys they probably meant, so that these are not reported as missing."""
    prefix = f"{table}." if table else ""
    names = {key.name: key.name if key.kind else f"[{prefix}{key.name}]" for key in known}
    expected = ", ".join([*names.values(), *([f"tables such as [{prefix}mine]"] if named else [])])
    all_meant = set()
    for word, value in found.items():
        if word in names:
            continue
        meant = nearest(word, [name for name in names if name not in found])
        hint = f"Did you mean {names[meant]}?" if meant else f"Expected: {expected}."
        if isinstance(value, Mapping):
            problems.append(Problem(f"{prefix}{word}", "", "there is no such table", hint))
        else:
            problems.append(Problem(table, word, "there is no such key", hint))
        all_meant |= {meant} if meant else set()
    return all_meant
