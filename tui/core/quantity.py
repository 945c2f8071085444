"""Formats and parses sizes, rates and times, always with their unit.

`size`, `rate`, `clock` and `duration` round for display; the `exact_` functions keep every digit, for settings; the
`parse_` functions read both forms.
"""

import math
import re
from decimal import Decimal

SIZE_EXPECTED = 'a size with its unit, such as "8 GiB" or "512 MiB"'
RATE_EXPECTED = 'a rate with its unit, such as "100 MiB/s" or "1 Gbit/s"'
TIME_EXPECTED = 'a time with its unit, such as "25 s", "300 ms" or "2 min"'

BINARY = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
MIB = 1 << 20
GIB = 1 << 30

# "8G", "8 Gb" and similar are refused because they are ambiguous.
SIZES = {unit: 1 << 10 * power for power, unit in enumerate(BINARY)}
SIZES |= {"kB": 10**3, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
RATES = {f"{unit}/s": Decimal(factor) for unit, factor in SIZES.items()}
RATES |= {"kbit/s": Decimal(125), "Mbit/s": Decimal(125_000), "Gbit/s": Decimal(125_000_000)}
TIMES = {"ms": Decimal("0.001"), "s": Decimal(1), "min": Decimal(60), "h": Decimal(3600)}

WRITTEN_SIZES = ("TiB", "GiB", "TB", "GB", "MiB", "MB", "KiB", "kB", "B")  # the first that divides it is used

MOST_BYTES = 999 * 1024**5  # displayed; a larger size and a longer time come from damaged input
MOST_S = 1e9

ONE = re.compile(r"\s*([0-9]{1,15}(?:\.[0-9]{1,15})?)\s*([A-Za-z]+(?:/s)?)\s*", re.ASCII)
WHOLE = re.compile(r"[0-9]{1,18}", re.ASCII)
ZERO = re.compile(r"\s*0+(?:\.0*)?\s*", re.ASCII)


def size(amount: float) -> str:
    """Bytes in the binary unit that leaves two or three digits: "7.9 GiB", "412 MiB", "0 B"; at most 8 characters."""
    sign, value = "-" if amount < 0 else "", float(min(abs(amount), MOST_BYTES))
    power = 0
    while value >= 999.5 and power < len(BINARY) - 1:  # 0.98 GiB is easier to read than 1000 MiB
        value /= 1024
        power += 1
    if power == 0:
        decimals = 0
    elif value < 0.995:
        decimals = 2
    else:
        # From GiB on, a tenth takes about a second to migrate; below, it is noise.
        decimals = 1 if value < 9.95 or (power >= BINARY.index("GiB") and value < 99.95) else 0
    return f"{sign}{value:.{decimals}f} {BINARY[power]}"


def rate(amount: float) -> str:
    """Bytes per second, rounded: "610 MiB/s"."""
    return f"{size(amount)}/s"


def clock(seconds: float) -> str:
    """Elapsed whole seconds: "00:14", from one hour on "1:02:03"."""
    whole = int(_within(seconds))
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes:02}:{rest:02}"


def duration(seconds: float) -> str:
    """A measured time: "0.7 ms", "180 ms", "3.2 s", "2 min 5 s", "1 h 2 min"."""
    value = _within(seconds)
    if value < 0.9995:
        milliseconds = value * 1000
        return f"{milliseconds:.1f} ms" if 0 < milliseconds < 9.95 else f"{milliseconds:.0f} ms"
    if value < 59.95:
        return f"{value:.1f} s"
    whole = round(value)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole // 60 % 60} min"


def approximately(seconds: float) -> str:
    """A time that is estimated, with two digits below a minute: "84 ms", "180 ms", "9.2 s", "12 s", "2 min 5 s"."""
    if 0.0995 <= seconds < 0.995:
        return f"{10 * round(100 * seconds)} ms"
    return f"{seconds:.0f} s" if 9.95 <= seconds < 59.5 else duration(seconds)


def exact_size(amount: int) -> str:
    """Bytes without rounding: "8 GiB", "512 MB", else "1000001 B"; parse_size returns the same number."""
    if amount == 0:
        return "0 MiB"
    unit = next(unit for unit in WRITTEN_SIZES if amount % SIZES[unit] == 0)
    return f"{amount // SIZES[unit]} {unit}"


def exact_seconds(seconds: float) -> str:
    """Seconds without rounding: "25 s", "0.1 s", "2 min", "24 h"; parse_seconds returns the same number."""
    exact = Decimal(str(seconds))
    for unit in ("h", "min"):
        if exact and exact % TIMES[unit] == 0:
            return f"{_plain(exact / TIMES[unit])} {unit}"
    return f"{_plain(exact)} s"


def parse_size(text: str) -> int:
    """Bytes of "8 GiB", "512 MB", "0"; ValueError with the expected form otherwise."""
    return int(_one(text, {unit: Decimal(factor) for unit, factor in SIZES.items()}, SIZE_EXPECTED))


def parse_rate(text: str) -> int:
    """Bytes per second of "100 MiB/s", "1 Gbit/s", "0"; ValueError with the expected form otherwise."""
    return int(_one(text, RATES, RATE_EXPECTED))


def parse_seconds(text: str) -> float:
    """Seconds of "25 s", "300 ms", "2 min 5 s", "0"; ValueError with the expected form otherwise."""
    if ZERO.fullmatch(text):
        return 0.0
    total, position = Decimal(0), 0
    while position < len(text):
        found = ONE.match(text, position)
        if found is None:
            raise _refusal(text, TIME_EXPECTED)
        total += Decimal(found[1]) * _factor(found[2], TIMES, text, TIME_EXPECTED)
        position = found.end()
    if position == 0:
        raise _refusal(text, TIME_EXPECTED)
    return float(total)


def whole(text: str) -> int | None:
    """The number that these ASCII digits write; None for anything else, and for more digits than any amount has."""
    return int(text) if WHOLE.fullmatch(text) else None


def number(text: str) -> float | None:
    """The finite number that the text writes; None for anything else."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _within(seconds: float) -> float:
    return min(max(0.0, seconds), MOST_S)


def _one(text: str, factors: dict[str, Decimal], expected: str) -> Decimal:
    if ZERO.fullmatch(text):
        return Decimal(0)
    found = ONE.fullmatch(text)
    if found is None:
        raise _refusal(text, expected)
    return Decimal(found[1]) * _factor(found[2], factors, text, expected)


def _factor(unit: str, factors: dict[str, Decimal], text: str, expected: str) -> Decimal:
    if unit in factors:
        return factors[unit]
    # "gib" can only be GiB, but "mb" may be megabits.
    alike = [name for name in factors if "i" in name and name.lower() == unit.lower()]
    if len(alike) != 1:
        raise _refusal(text, expected)
    return factors[alike[0]]


def _refusal(text: str, expected: str) -> ValueError:
    shown = text if len(text) <= 40 else f"{text[:40]}..."
    return ValueError(f'"{shown}" is not {expected}')


def _plain(exact: Decimal) -> str:
    """The number without an exponent and without trailing zeros."""
    text = f"{exact:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
