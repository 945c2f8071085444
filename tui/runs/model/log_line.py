"""One line of a log of `virsh domjobinfo`: a field of the statistics, a message, or a line that is none of these."""

import re
from typing import NamedTuple

from tui.core.protocols import Stat
from tui.migration.model.domjobinfo import (
    BYTES,
    COUNT,
    MS,
    OPERATION_LABEL,
    OPERATIONS,
    PAGES,
    ROWS,
    SIZE,
    SPEED,
    TYPE_LABEL,
    TYPES,
    UNITS,
)

MOST = 2**64  # libvirt's statistics are unsigned and of 64 bits
TYPE, OPERATION, TEXT = "type", "operation", "text"  # kinds of values besides those of the rows
ERROR_MESSAGE = "errmsg"

EMPTY, FIELD, STRANGE, UNKNOWN, OTHER, GONE, NOISE = "empty", "field", "strange", "unknown", "other", "gone", "noise"

_MILLISECONDS = {"ms": 1, "s": 1000, "sec": 1000, "min": 60_000}
_FACTORS = {unit.lower(): 1024**power for power, unit in enumerate(UNITS)} | {"bytes": 1, "byte": 1}
_NUMBER = re.compile(r"([0-9]{1,20})(?:[.,]([0-9]{1,9}))?\s*([A-Za-z]+(?:/s)?)?", re.ASCII)
_THOUSANDS = 3  # digits behind a comma that may separate thousands
_RAW = re.compile(r"([a-z][a-z0-9]*(?:_[a-z0-9]+)*)\s*[:=]\s*(.*)", re.ASCII)
WIDE_COLON = "\uff1a"  # as Chinese and Japanese text has it
_UNIT = re.compile(r"\S.*?\s*[:\uff1a]\s*[0-9][0-9.,]*\s*(?:ms|pages/s|(?:[KMGT]i)?B(?:/s)?)", re.ASCII)
_LABELLED = re.compile(r"[^\W\d_][^:=]{0,40}[:\uff1a=]\s*\S")
_DIED = re.compile(
    r"failed to get domain|domain not found|no domain with matching|domain is not running", re.IGNORECASE
)
_CONTROLS = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufeff]")
# Messages and progress of virsh, prompts, commands, comments and rulers.
_NOISE = re.compile(
    r"\W*|(?:error|warning|virsh|Migration)\s*:.*|[#>+].*|\^C.*|\S+[$#]|.*[$#>]\s.*\bvirsh\b.*|.*\bdomjobinfo\b.*",
    re.IGNORECASE,
)
LONGEST = 1000  # characters; virsh writes no longer line


class Line(NamedTuple):
    """What a line is; of a FIELD libvirt's name and the value, of others the text without control characters."""

    kind: str
    name: str = ""
    value: Stat = 0


def _key(label: str) -> str:
    return " ".join(label.rstrip(": ").lower().split())


# By the label without its colon, in lower case: libvirt's name, and the kind of the value.
LABELS = {_key(row.label): (row.field, row.unit) for row in ROWS} | {
    _key(TYPE_LABEL): ("type", TYPE),
    _key(OPERATION_LABEL): ("operation", OPERATION),
    "error message": (ERROR_MESSAGE, TEXT),
}
NAMES = {row.field for row in ROWS} | {"type", "operation", ERROR_MESSAGE}
_WITHOUT_COLON = re.compile(rf"({'|'.join(sorted(map(re.escape, LABELS), key=len, reverse=True))})\s+(.*)", re.I)


def read_line(raw: str) -> Line:
    """What a line of the log is; a line with a known label and no value that virsh would print is STRANGE."""
    line = clean(raw)
    if not line or len(line) > LONGEST:
        return Line(OTHER, line[:LONGEST]) if line else Line(EMPTY)
    label, colon, rest = line.partition(":")
    known = LABELS.get(_key(label)) if colon else None
    if known is None:
        if found := _RAW.fullmatch(line):
            return _raw_field(line, found[1], found[2])
        label, colon, rest = line.partition(WIDE_COLON)
        known = LABELS.get(_key(label)) if colon else None
    if known is None and (found := _WITHOUT_COLON.fullmatch(line)):
        known, rest = LABELS[_key(found[1])], found[2]
    if known is not None:
        value = _value(known[1], rest.strip())
        return Line(STRANGE, line) if value is None else Line(FIELD, known[0], value)
    return _other(line)


def clean(raw: str) -> str:
    """The line as it was seen: without control sequences, and of a rewritten line its last text."""
    line = _CONTROLS.sub("", raw) if not raw.isprintable() else raw
    return line.strip().rpartition("\r")[2].strip()


def label_of(text: str) -> str:
    """The line without its numbers, and of one with a label only that, to count equal ones together."""
    label = re.split(r"[:\uff1a=]", text, maxsplit=1)[0].strip() if _LABELLED.match(text) else text
    return re.sub(r"[0-9]+", "0", label)


def _other(line: str) -> Line:
    if _DIED.search(line):
        return Line(GONE, line)
    if _UNIT.fullmatch(line):
        return Line(UNKNOWN, line)  # of virsh, in another language or of a newer version
    return Line(NOISE if _NOISE.fullmatch(line) else OTHER, line)


def _raw_field(line: str, name: str, text: str) -> Line:
    """A field under libvirt's own name, as with --rawstats; also one that this version does not know."""
    if name in LABELS:  # "operation", "iteration": a label in lower case
        field, unit = LABELS[name]
        value = _value(unit, text)
        return Line(STRANGE, line) if value is None else Line(FIELD, field, value)
    if name == ERROR_MESSAGE:
        return Line(FIELD, name, text)
    if name == "type":
        kind = _value(TYPE, text)
        return Line(STRANGE, line) if kind is None else Line(FIELD, name, kind)
    found = re.fullmatch(r"-?[0-9]{1,20}(\.[0-9]{1,20})?", text, re.ASCII)
    if found is None or abs(float(text)) >= MOST:
        return Line(STRANGE if name in NAMES else _other(line).kind, line)
    if name not in NAMES and "_" not in name:
        return Line(OTHER, line)
    return Line(FIELD, name, float(text) if found[1] else int(text))


def _value(unit: str, text: str) -> Stat | None:
    """The value in libvirt's unit; None if virsh would not print such a text."""
    if unit == TEXT:
        return text
    if unit in (TYPE, OPERATION):
        return _index(TYPES if unit == TYPE else OPERATIONS, text)
    found = _NUMBER.fullmatch(text)
    if found is None:
        return None
    whole, part, suffix = found[1], found[2] or "", found[3] or ""
    if unit in (SIZE, SPEED):
        return _scaled(f"{whole}.{part}", suffix.removesuffix("/s") if unit == SPEED else suffix)
    if unit == MS:
        factor = _MILLISECONDS.get(suffix.lower())
        if factor is None or (factor == 1 and len(part) == _THOUSANDS):  # without its unit, the number may be torn
            return None
        return _whole(float(f"{whole}.{part}") * factor)
    expected = {PAGES: ("pages/s",), BYTES: ("bytes", "b"), COUNT: ()}[unit]
    return None if part or (suffix and suffix.lower() not in expected) else _whole(int(whole))


def _scaled(number: str, unit: str) -> int | None:
    factor = _FACTORS.get(unit.lower())
    return None if factor is None else _whole(float(number) * factor)


def _whole(number: float) -> int | None:
    return round(number) if number < MOST else None


def _index(names: tuple[str, ...], text: str) -> int | None:
    if text.isascii() and text.isdigit():
        return int(text[:9])
    folded = " ".join(text.lower().split())
    return next((number for number, name in enumerate(names) if name.lower() == folded), None)
