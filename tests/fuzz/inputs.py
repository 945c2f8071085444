"""Damaged inputs: real ones with a few edits. Hypothesis draws and shrinks the bytes that choose the edits.

One draw of bytes per input costs a third of drawing each edit, so 2,000 inputs per reader fit the default run.
"""

import base64
import contextlib
import json
import os
import struct
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from tui.core.failure import Failure

RANDOM_EXAMPLES = os.environ.get("FUZZ_EXAMPLES")  # set by `make fuzz`; without it, each run has the same inputs
SETTINGS = settings(
    max_examples=int(RANDOM_EXAMPLES or 2000),
    derandomize=RANDOM_EXAMPLES is None,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
CHOICES = st.binary(min_size=12, max_size=32)  # one byte for the input, then four for each edit
EDIT = struct.Struct(">BHB")  # kind, place, and value or length

DEEP = 3000  # nested brackets: Python's JSON and TOML parsers give up earlier

# Pieces of text that a parser may take for something else: numbers that int() refuses or float() makes infinite,
# quotes without their pair, controls, lone surrogates.
PIECES = (
    "", " ", "\t", "\n", "\n\n", "\r\n", "\r", "\0", "\x0b", "\x85", "\u2028", "\x1b[2J", "\x7f", "\u202e", "\u200b",
    "\ud800", "\udc80", "\ufeff", "é", "\U0001f600", "²", "٣", "0", "1", "-1", "1.5", "1e300", "1e999", "-0.0", "inf",
    "nan", "Infinity", "NaN", "9" * 20, "9" * 400, "9" * 5000, "0x", "true", "null", '"', "'", '"""', "\\", "\\040",
    "\\u0000", "=", ":", ";", "#", ",", ".", "-", "/", "//", "*", "%", "{", "}", "[", "]", "(", ")", "<", ">", "</",
    "&", "&#0;", "&x;", "<!--", "]]>", "[" * DEEP, "{}", "[]", " - ", "${x}", "{0}", "a" * 5000,
)  # fmt: skip
# Values in place of others, as JSON or TOML may have them.
VALUES = (
    None, True, False, 0, 1, -1, 5, 300, 2**31, 2**53, 2**63, 2**64, 10**30, 10**400, 0.5, -0.0, 1e-300, 1e15, 1e300,
    float("inf"), float("-inf"), float("nan"), "", " ", "x", "7", "²", "nan", "\0", "\n", "\x1b[2J", "\u202e", "\ud800",
    "x" * 300, [], {}, [[]], [None], ["x"], [0], {"": None}, {"x": 1}, "completed", "post-copy", "sample",
)  # fmt: skip


def reads(inputs: SearchStrategy[Any], read: Callable[[Any], object], *expected: type[Exception]) -> None:
    """Give a reader damaged inputs: it returns, or raises a Failure or one of the exceptions that its callers catch."""

    @SETTINGS
    @given(inputs)
    def reads_or_refuses(damaged: Any) -> None:
        try:
            read(damaged)
        except (Failure, *expected):
            pass
        except Exception:
            note(f"damaged: {damaged!r}")  # hypothesis prints the bytes it was made from
            raise

    reads_or_refuses()


def texts(*samples: str) -> SearchStrategy[str]:
    """Samples with edits: pieces inserted or put in place of others, parts removed, repeated or moved."""
    return CHOICES.map(lambda choices: _decoded(_text(samples, choices)))


def files(*samples: str) -> SearchStrategy[bytes]:
    """The same as bytes, which then may be no UTF-8."""
    return CHOICES.map(lambda choices: _text(samples, choices).encode(errors="surrogatepass"))


def trees(*samples: Any) -> SearchStrategy[Any]:
    """Lists and mappings with values replaced, removed, wrapped, or copied from elsewhere."""
    places = [list(_places(sample)) for sample in samples]
    return CHOICES.map(lambda choices: _tree(samples, places, choices))


def json_lines(*samples: Any) -> SearchStrategy[str]:
    """Trees as lines of JSON: each sample is a list, and each of its items becomes a line."""
    return trees(*samples).map(lambda items: "".join(f"{json.dumps(each)}\n" for each in items))


def _decoded(text: str) -> str:
    """As the app decodes output: bytes that are not UTF-8 become lone surrogates."""
    return text.encode(errors="surrogatepass").decode(errors="surrogateescape")


def _edits(choices: bytes) -> Iterator[tuple[int, int, int]]:
    for at in range(1, len(choices) - EDIT.size + 1, EDIT.size):
        yield EDIT.unpack_from(choices, at)


def _text(samples: Sequence[str], choices: bytes) -> str:
    text = samples[choices[0] % len(samples)]
    for kind, place, value in _edits(choices):
        at = place * (len(text) + 1) >> 16
        end, piece = at + value // 4, PIECES[value % len(PIECES)]
        match kind % 8:
            case 0 | 1:
                return text  # the more edits, the more often the first one hides the others
            case 2:
                text = text[:at] + piece + text[at:]
            case 3:
                text = text[:at] + piece + text[at + 1 + kind // 32 :]
            case 4:
                text = text[:at] + text[end:]
            case 5:
                text = text[:at] + text[at:end] * 2 + text[end:]
            case 6:
                text = text[:end] + text[at:]
            case 7:
                text = _word_replaced(text, at, piece)
    return text


def _word_replaced(text: str, at: int, piece: str) -> str:
    """A whole word or number replaced, so that the text around it keeps its form."""
    start, end = at, at
    while start and text[start - 1].isalnum():
        start -= 1
    while end < len(text) and text[end].isalnum():
        end += 1
    return text[:start] + piece + text[end:]


def _places(tree: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in items:
        yield (*path, key)
        yield from _places(value, (*path, key))


def _tree(samples: Sequence[Any], places: Sequence[list[tuple[Any, ...]]], choices: bytes) -> Any:
    number = choices[0] % len(samples)
    tree, paths = _copied(samples[number]), places[number]
    for kind, place, value in _edits(choices):
        *above, last = paths[place * len(paths) >> 16]
        with contextlib.suppress(LookupError, TypeError, AttributeError):  # an earlier edit removed the place
            parent = _at(tree, above)
            match kind % 6:
                case 0:
                    return tree
                case 1:
                    del parent[last]
                case 2:
                    parent[last] = _copied(_at(tree, paths[value * len(paths) >> 8]))
                case 3:
                    parent[last] = [parent[last]]
                case _:
                    parent[last] = _copied(VALUES[value % len(VALUES)])
    return tree


def _at(tree: Any, path: Sequence[Any]) -> Any:
    for key in path:
        tree = tree[key]
    return tree


def sections(**outputs: str) -> SearchStrategy[str]:
    """The output of a script that runs several commands, with edits in what one of them printed."""
    names, whole = list(outputs), {name: _section(name, text) for name, text in outputs.items()}

    def made(choices: bytes) -> str:
        name = names[choices[0] % len(names)]
        return "".join({**whole, name: _section(name, _text((outputs[name],), choices))}.values())

    return CHOICES.map(made)


def _section(name: str, text: str) -> str:
    coded = base64.b64encode(text.encode(errors="surrogatepass")).decode()
    return f"{name.replace('__', '.')} 0 {coded}\n"


def _copied(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {key: _copied(value) for key, value in tree.items()}
    return [_copied(each) for each in tree] if isinstance(tree, list) else tree
