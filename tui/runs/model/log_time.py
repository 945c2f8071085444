"""Times in a log that others wrote: of date(1) in the C locale, ISO, seconds since the epoch, or only a clock."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone, tzinfo

DAY_S = 86400.0
MONTH_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
MONTHS = {name: number for number, name in enumerate(MONTH_NAMES, 1)}
EARLIEST_S, LATEST_S = 946_684_800, 4_102_444_800  # the years 2000 to 2100; other numbers are no times

_CLOCK = r"(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2}):(?P<second>[0-9]{2})(?:[.,](?P<part>[0-9]{1,9}))?"
_NOON = r"(?:\s*(?P<noon>[AP]M))?"
_ZONE = r"(?:\s*(?P<zone>Z|UTC|GMT|[+-][0-9]{2}:?[0-9]{2})\b|\s+[A-Z]{2,5}\b)?"
_MONTH = rf"(?P<month>{'|'.join(MONTH_NAMES)})[a-z]*"
_WEEKDAY = r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*[,.]?\s+)"
_OPEN, _CLOSE = r"[-=#*>\s\[(]*(?:(?:time(?:stamp)?|date|at)\s*[:=]\s*)?[\[(]?", r"[\])]?"

# By the form of the line; the first that matches is used.
_FORMS = tuple(
    re.compile(f"{_OPEN}{form}{_CLOSE}", re.IGNORECASE | re.ASCII)
    for form in (
        r"(?P<epoch>[0-9]{9,10}|[0-9]{13}|[0-9]{16}|[0-9]{19})(?:[.,](?P<part>[0-9]{1,9}))?(?![0-9:/.-])",
        rf"(?P<year>[0-9]{{4}})[-/](?P<m>[0-9]{{1,2}})[-/](?P<day>[0-9]{{1,2}})(?:T|[ _]+){_CLOCK}{_ZONE}",
        rf"{_WEEKDAY}{_MONTH}\s+(?P<day>[0-9]{{1,2}})\s+{_CLOCK}{_NOON}{_ZONE}\s+(?P<year>[0-9]{{4}})",
        rf"{_WEEKDAY}?(?P<day>[0-9]{{1,2}})\s+{_MONTH}\s+(?P<year>[0-9]{{4}}),?\s+{_CLOCK}{_NOON}{_ZONE}",
        rf"(?:{_MONTH}\s+[0-9]{{1,2}}\s+)?{_CLOCK}{_NOON}",  # ts(1) writes no year
    )
)
# date(1) in another language: its words are not known, its clock is. A line with a label and a unit is no date.
_DATE = r"(?=[^\W\d_])\D{0,14}(?:[0-9]{1,2}\D{1,14}|[0-9]{4}\D{1,4})*"
_FOREIGN = re.compile(rf"{_DATE}{_CLOCK}(?P<rest>.*)", re.ASCII)
_YEAR = re.compile(r"\b20[0-9]{2}\b", re.ASCII)
_AROUND = re.compile(r"[-=#*<>\s\])|:]*")
LONGEST = 80


@dataclass(frozen=True)
class LogTime:
    """Seconds since the epoch; if not `dated`, seconds since midnight of an unknown day."""

    seconds: float
    dated: bool


def read_time(line: str, local: tzinfo | None = None) -> tuple[LogTime, str] | None:
    """The time that a line begins with, and the rest of the line; None if it begins otherwise.

    A date without a known zone is in the zone `local`, else in that of this machine.
    """
    for form in _FORMS:
        found = form.match(line)
        if found is not None and (time := _time(found.groupdict(), local)) is not None:
            return time, _AROUND.sub("", line[found.end() :], count=1)
    if len(line) <= LONGEST and _YEAR.search(line) and (found := _FOREIGN.fullmatch(line)):
        time = _time(found.groupdict(), local)
        return (time, "") if time is not None else None
    return None


def later(time: LogTime, before: LogTime) -> float | None:
    """Seconds from `before` to `time`; None if only one has a date. A clock that went back has passed midnight."""
    if time.dated != before.dated:
        return None
    seconds = time.seconds - before.seconds
    return seconds if time.dated else seconds % DAY_S


def _time(parts: dict[str, str | None], local: tzinfo | None) -> LogTime | None:
    fraction = float(f"0.{parts.get('part') or 0}")
    if (epoch := parts.get("epoch")) is not None:
        seconds = int(epoch) / 10 ** max(0, len(epoch) - 10) + fraction
        return LogTime(seconds, dated=True) if EARLIEST_S <= seconds <= LATEST_S else None
    hour, minute, second = (int(parts[name] or 0) for name in ("hour", "minute", "second"))
    if (noon := parts.get("noon")) and 1 <= hour <= 12:
        hour = hour % 12 + (12 if noon.upper() == "PM" else 0)
    if hour > 23 or minute > 59 or second > 60:
        return None
    clock = timedelta(hours=hour, minutes=minute, seconds=second + fraction)
    year = parts.get("year")
    if year is None:
        return LogTime(clock.total_seconds(), dated=False)
    month = MONTHS.get((parts.get("month") or "").lower()[:3]) or int(parts.get("m") or 0)
    try:
        moment = datetime(int(year), month, int(parts["day"] or 0)) + clock
        seconds = moment.replace(tzinfo=_zone(parts.get("zone")) or local).timestamp()
    except (ValueError, OverflowError, OSError):
        return None
    return LogTime(seconds, dated=True) if EARLIEST_S <= seconds <= LATEST_S else None


def _zone(text: str | None) -> tzinfo | None:
    """The zone of an offset, or UTC; None for a name, because "CST" is several zones."""
    if not text:
        return None
    if text[0] not in "+-":
        return timezone.utc
    offset = timedelta(hours=int(text[1:3]), minutes=int(text[-2:]))
    return timezone(-offset if text[0] == "-" else offset)
