"""From the tables of a TOML file to frozen dataclasses and back; what does not fit becomes a Problem, all of them.

A dataclass is a table, an attribute `timeout_s: Annotated[float, seconds(...)] = 25.0` a key: the Kind beside the type
says what may stand there, an attribute without a default is a key that must be there, a dataclass is a table inside.
"""

import dataclasses
import json
import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

from tui.core import quantity

T = TypeVar("T")


@dataclass(frozen=True)
class Problem:
    """What is wrong with one key (or, where `key` is empty, one table; "" is the file itself)."""

    table: str
    key: str
    why: str
    hint: str = ""

    @property
    def place(self) -> str:
        """As it stands in the file: "[vm] memory"."""
        table = f"[{plain(self.table)}]" if self.table else ""
        return " ".join(part for part in (table, plain(self.key)) if part)


@dataclass(frozen=True)
class Kind:
    """What a key may hold; `expected` completes "X is not ...", `suffix` is the attribute's unit, not the key's."""

    expected: str
    read: Callable[[object], Any]  # ValueError where the value does not fit
    write: Callable[[Any], object] = lambda value: value
    suffix: str = ""


@dataclass(frozen=True)
class Key:
    """One attribute of a table's dataclass; `kind` is None where it is a table itself."""

    name: str
    attribute: str
    kind: Kind | None
    type: Any
    required: bool


@dataclass(frozen=True)
class NamedTables:
    """Marks an attribute that holds all tables beside the known ones, by their names, each a `table`."""

    table: type
    name: Kind


NAME_OF_TABLE = Kind("", lambda value: value)  # the attribute holds the name of its own table


def keys(table: type) -> Iterator[Key]:
    """The keys of a table, in the order they are documented; the name of the table is none."""
    hints = get_type_hints(table, include_extras=True)
    for field in dataclasses.fields(table):
        hint = hints[field.name]
        required = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        if get_origin(hint) is not Annotated:
            yield Key(field.name, field.name, None, hint, required)
        elif (kind := get_args(hint)[1]) is not NAME_OF_TABLE and not isinstance(kind, NamedTables):
            yield Key(field.name.removesuffix(kind.suffix), field.name, kind, get_args(hint)[0], required)


def read(table: type[T], found: object, name: str, problems: list[Problem]) -> T | None:
    """The dataclass filled from what the file has there; None, and more in `problems`, where something is wrong."""
    if not isinstance(found, Mapping):
        problems.append(Problem(name, "", f"{shown(found)} is not a table", f"Put its keys under [{name}]."))
        return None
    before = len(problems)
    known = list(keys(table))
    attribute, named = _named_tables(table)
    others = {word: value for word, value in found.items() if named and _is_named(named, word, value, known)}
    meant = _unknown(known, {word: value for word, value in found.items() if word not in others}, name, problems)
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
    """The tables that `read` makes the same dataclass of."""
    written = {}
    for key in keys(type(table)):
        value = getattr(table, key.attribute)
        written[key.name] = write(value) if key.kind is None else key.kind.write(value)
    attribute, named = _named_tables(type(table))
    if named is not None:
        written |= {name: write(each) for name, each in getattr(table, attribute).items()}
    return written


def shown(value: object) -> str:
    """A value of the file as a sentence quotes it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return "a table"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, int) and abs(value) >= 1 << 63:  # Python itself refuses to print the largest
        return "a number beyond all bounds"
    return f'"{plain(value)}"' if isinstance(value, str) else plain(str(value))


def plain(text: str) -> str:
    """The text on one line, without what a terminal would obey, and not the whole of a long one."""
    text = "".join(letter if letter.isprintable() else "?" for letter in text[:61])
    return text if len(text) <= 60 else f"{text[:60]}..."


def nearest(word: str, words: list[str]) -> str | None:
    """The one that was probably meant."""
    from difflib import get_close_matches  # noqa: PLC0415  # only who makes a mistake waits for it

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
    """The attribute that holds the named tables, and what they are."""
    hints = get_type_hints(table, include_extras=True)
    found = ((attribute, mark) for attribute, hint in hints.items() for mark in get_args(hint)[1:])
    return next(((each, mark) for each, mark in found if isinstance(mark, NamedTables)), ("", None))


def _is_named(named: NamedTables, word: str, value: object, known: list[Key]) -> bool:
    """Whether this is one of them, and not a known table that is misspelt."""
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


def _unknown(known: list[Key], found: Mapping[str, object], table: str, problems: list[Problem]) -> set[str]:
    """Reports what nobody knows; returns the keys that were meant, for these are not missing as well."""
    prefix = f"{table}." if table else ""
    names = {key.name: key.name if key.kind else f"[{prefix}{key.name}]" for key in known}
    all_meant = set()
    for word, value in found.items():
        if word in names:
            continue
        meant = nearest(word, [name for name in names if name not in found])
        hint = f"Did you mean {names[meant]}?" if meant else f"Expected: {', '.join(names.values())}."
        if isinstance(value, Mapping):
            problems.append(Problem(f"{prefix}{word}", "", "there is no such table", hint))
        else:
            problems.append(Problem(table, word, "there is no such key", hint))
        all_meant |= {meant} if meant else set()
    return all_meant


# The kinds


def whole(least: int, most: int) -> Kind:
    """A whole number."""
    expected = f"a whole number from {least} to {most}"

    def read_whole(value: object) -> int:
        if isinstance(value, str) and re.fullmatch(r"\s*[0-9]+\s*", value):
            raise ValueError("Write it without quotes.")
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise ValueError
        return value

    return Kind(expected, read_whole)


def yes_or_no() -> Kind:
    """true or false."""

    def read_bool(value: object) -> bool:
        if isinstance(value, str) and value.lower() in ("true", "false"):
            raise ValueError("Write it without quotes.")
        if not isinstance(value, bool):
            raise ValueError
        return value

    return Kind("true or false", read_bool)


def one_of(words: list[str]) -> Kind:
    """One of a few words."""

    def read_word(value: object) -> str:
        if value in words:
            return str(value)
        meant = nearest(value, words) if isinstance(value, str) else None
        raise ValueError(f'Did you mean "{meant}"?' if meant else "")

    return Kind("one of " + ", ".join(f'"{word}"' for word in words), read_word)


def text(expected: str, fits: Callable[[str], bool]) -> Kind:
    """A text that `fits`."""

    def read_text(value: object) -> str:
        if not isinstance(value, str) or not fits(value):
            raise ValueError
        return value

    return Kind(expected, read_text)


def words(expected: str, most_bytes: int) -> Kind:
    """A list of words, the first of which is not empty."""

    def read_words(value: object) -> tuple[str, ...]:
        if isinstance(value, str):
            raise ValueError(f"Write it as {_as_list(value)}.")
        if not isinstance(value, list) or not value or not all(isinstance(each, str) for each in value):
            raise ValueError
        if not value[0] or any("\0" in each for each in value):
            raise ValueError
        if len("\0".join(value).encode()) > most_bytes:
            raise ValueError(f"It may be {most_bytes} bytes long: put more into a script in the guest.")
        return tuple(value)

    return Kind(expected, read_words, list)


def _as_list(text: str) -> str:
    """A command line as a list of its words, in TOML, which takes JSON's quotes."""
    try:
        split = shlex.split(text)
    except ValueError:
        split = text.split()
    return plain(json.dumps(split, ensure_ascii=False)) if split and len(text) < 40 else "a list of words"


def folder_of_host() -> Kind:
    """A folder on another machine."""

    def read_folder(value: object) -> str:
        if not isinstance(value, str) or not value.isprintable():
            raise ValueError
        path = PurePosixPath(value)
        if not path.is_absolute() or ".." in path.parts or len(path.parts) < 2:
            raise ValueError
        return str(path)

    return Kind('an absolute path below "/", without ".."', read_folder)


def folder_here() -> Kind:
    """A folder on this machine; a leading ~ is the home of whoever runs the app."""

    def read_folder(value: object) -> Path:
        if not isinstance(value, str) or not value.isprintable() or not value.startswith(("/", "~/")):
            raise ValueError
        try:
            return Path(value).expanduser()
        except RuntimeError as error:
            raise ValueError("HOME is not set here, write the whole path.") from error

    return Kind('a path that begins with "/" or "~/"', read_folder, str)


def size(least: int, most: int) -> Kind:
    """Bytes, written with their unit."""
    expected = f'a size with its unit, from "{quantity.exact_size(least)}" to "{quantity.exact_size(most)}"'
    return _amount(expected, quantity.parse_size, quantity.exact_size, least, most, "_bytes")


def rate(most_mib_s: int) -> Kind:
    """MiB/s, rounded down, or 0; written with their unit."""
    expected = f'a rate with its unit, from "1 MiB/s" to "{most_mib_s} MiB/s", or "0 MiB/s" for no limit'

    def parse(text: str) -> int:
        bytes_per_s = quantity.parse_rate(text)
        if 0 < bytes_per_s < quantity.MIB:
            raise ValueError
        return bytes_per_s // quantity.MIB

    return _amount(expected, parse, lambda value: f"{value} MiB/s", 0, most_mib_s, "_mib_s")


def seconds(least: float, most: float) -> Kind:
    """Seconds, written with their unit."""
    expected = f'a time with its unit, from "{quantity.exact_seconds(least)}" to "{quantity.exact_seconds(most)}"'
    return _amount(expected, quantity.parse_seconds, quantity.exact_seconds, least, most, "_s")


def milliseconds(least: int, most: int) -> Kind:
    """Whole milliseconds, written with their unit."""
    expected = f'a time with its unit, from "{least} ms" to "{quantity.exact_seconds(most / 1000)}"'
    return _amount(
        expected,
        lambda text: round(quantity.parse_seconds(text) * 1000),
        quantity.exact_milliseconds,
        least,
        most,
        "_ms",
    )


def _amount(
    expected: str,
    parse: Callable[[str], float],
    write_amount: Callable[[Any], str],
    least: float,
    most: float,
    suffix: str,
) -> Kind:
    def read_amount(value: object) -> float:
        if value == 0 and not isinstance(value, bool):
            value = "0"
        if not isinstance(value, str):
            raise ValueError("Write it in quotes, with its unit." if isinstance(value, (int, float)) else "")
        try:
            amount = parse(value)
        except ValueError as error:
            raise ValueError from error  # what is expected is said once
        if not least <= amount <= most:
            raise ValueError
        return amount

    return Kind(expected, read_amount, write_amount, suffix)
