"""The kinds of values of a TOML key: which are accepted, how they are read and written."""

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

from tui.core import quantity
from tui.core.schema import Kind, nearest, plain


def whole(least: int, most: int) -> Kind:
    """A whole number in a range."""
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


def texts_by_name(expected: str) -> Kind:
    """A table of texts by any name."""

    def read_texts(value: object) -> dict[str, str]:
        if not isinstance(value, dict) or not all(isinstance(each, str) for each in value.values()):
            raise ValueError
        return dict(value)

    return Kind(expected, read_texts)


def text(expected: str, fits: Callable[[str], bool]) -> Kind:
    """A text for which `fits` returns True."""

    def read_text(value: object) -> str:
        if not isinstance(value, str) or not fits(value):
            raise ValueError
        return value

    return Kind(expected, read_text)


def words(expected: str, most_bytes: int) -> Kind:
    """A list of words; the first must not be empty."""

    def read_words(value: object) -> tuple[str, ...]:
        if isinstance(value, str):
            raise ValueError(f"Write it as {_as_list(value)}.")
        if not isinstance(value, list) or not value or not all(isinstance(each, str) for each in value):
            raise ValueError
        if not value[0] or any("\0" in each for each in value):
            raise ValueError
        if len("\0".join(value).encode()) > most_bytes:
            raise ValueError(f"The limit is {most_bytes} bytes: put a longer one into a script in the guest.")
        return tuple(value)

    return Kind(expected, read_words, list)


def names(expected: str, fits: Callable[[str], bool]) -> Kind:
    """A list of names for which `fits` returns True, each once; it may be empty."""

    def read_names(value: object) -> tuple[str, ...]:
        if isinstance(value, str):
            raise ValueError(f"Write it as {_as_list(value)}.")
        if not isinstance(value, list) or not all(isinstance(each, str) and fits(each) for each in value):
            raise ValueError
        return tuple(dict.fromkeys(value))

    return Kind(expected, read_names, list)


def _as_list(text: str) -> str:
    """The words of a command line as a TOML list; TOML accepts JSON's quotes."""
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
        path = PurePosixPath(f"/{value.lstrip('/')}" if value.startswith("//") else value)
        if not path.is_absolute() or ".." in path.parts or len(path.parts) < 2:
            raise ValueError
        return str(path)

    return Kind('an absolute path below "/", without ".."', read_folder)


def folder_here() -> Kind:
    """A folder on this machine; a leading ~ is the home of the user who runs the app."""

    def read_folder(value: object) -> Path:
        if not isinstance(value, str) or not value.isprintable() or not value.startswith(("/", "~/")):
            raise ValueError
        try:
            return Path(value).expanduser()
        except RuntimeError as error:
            raise ValueError("HOME is not set: write the whole path.") from error

    return Kind('a path that begins with "/" or "~/"', read_folder, str)


def size(least: int, most: int) -> Kind:
    """A number of bytes, written with its unit."""
    expected = f'a size with its unit, from "{quantity.exact_size(least)}" to "{quantity.exact_size(most)}"'
    return _amount(expected, quantity.parse_size, quantity.exact_size, least, most, "_bytes")


def rate(most_mib_s: int) -> Kind:
    """MiB/s, rounded down, or 0 for no limit; written with its unit."""
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

    def parse(text: str) -> int:
        return round(quantity.parse_seconds(text) * 1000)

    return _amount(expected, parse, lambda value: f"{value} ms", least, most, "_ms")


def _amount(
    expected: str, parse: Callable[[str], float], write: Callable[[Any], str], least: float, most: float, suffix: str
) -> Kind:
    def read_amount(value: object) -> float:
        if value == 0 and not isinstance(value, bool):
            value = "0"
        if not isinstance(value, str):
            raise ValueError("Write it in quotes, with its unit." if isinstance(value, (int, float)) else "")
        try:
            amount = parse(value)
        except ValueError as error:
            raise ValueError from error  # Kind.expected already names the format
        if not least <= amount <= most:
            raise ValueError
        return amount

    return Kind(expected, read_amount, write, suffix)
