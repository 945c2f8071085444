"""The words of `vmlm-tui migrate` that are named as those of `virsh migrate`."""

import argparse
from typing import TYPE_CHECKING, Any

from tui.core.failure import Failure
from tui.core.plan import AUTOMATIC
from tui.core.quantity import MIB, exact_size, parse_rate, parse_size
from tui.core.virsh_options import BYTES, MIB_S, OPTIONS, XBZRLE, Option
from tui.forecast.model.policy import AfterFirstPass
from tui.migration.model.entry import Entry

if TYPE_CHECKING:
    from tui.app.arguments import Parser

VIRSH_FIRST_PASS = AfterFirstPass.name
TITLE = "options named as those of virsh migrate"


def add(parser: "Parser") -> None:
    """Add them to the parser, in a group of their own."""
    group = parser.add_argument_group(TITLE)
    group.add_argument("--postcopy-after-precopy", action="store_true", help="switch to post-copy after the first pass")
    group.add_argument("--compressed", action="store_true", help=f"the same as --comp-methods {XBZRLE}")
    for option in OPTIONS:
        if option.is_flag:
            action: Any = argparse.BooleanOptionalAction
            group.add_argument(option.virsh, dest=option.name, action=action, default=None, help=option.about)
        else:
            unit = {BYTES: "SIZE", MIB_S: "RATE"}.get(option.unit, "N" if option.is_number else "TEXT")
            group.add_argument(option.virsh, dest=option.name, metavar=unit, help=option.about.replace("%", "%%"))


def given(options: argparse.Namespace) -> dict[str, Any]:
    """The fields of the plan that these words set; Failure for a value that cannot be used."""
    texts = {each: getattr(options, each.name) for each in OPTIONS}
    found = {each.name: _value(each, text) for each, text in texts.items() if text is not None}
    if options.compressed and found.setdefault("comp_methods", XBZRLE) != XBZRLE:
        why, hint = f"the methods are {found['comp_methods']}", f"It is short for --comp-methods {XBZRLE}."
        raise Failure("--compressed contradicts --comp-methods", why, hint)
    if options.postcopy_after_precopy:
        if options.technique not in (None, AUTOMATIC) or options.policy not in (None, VIRSH_FIRST_PASS):
            hint = "Leave --technique and --policy out."
            raise Failure("--postcopy-after-precopy is a technique, and another one is given", "", hint)
        found |= {"technique": AUTOMATIC, "policy": VIRSH_FIRST_PASS, "shadow": False}
    return found


def _value(option: Option, text: Any) -> Any:
    if option.is_flag:
        return text
    if option.is_number:
        try:
            return _entry(option).read_whole(text)
        except ValueError as error:
            raise Failure(str(error)) from error
    if not option.valid(text) or not text:
        raise Failure(f'"{text}" is no value of {option.virsh}', f"expected is {option.expected}")
    return text


def _entry(option: Option) -> Entry:
    """The number field of an option; without a unit it is in the unit of virsh."""
    name = f"a value of {option.virsh}"
    if option.unit == BYTES:
        most = exact_size(option.most)
        expected = f"a size such as 128 MiB, from {option.least} bytes to {most}"
        return Entry(name, option.least, option.most, expected, lambda text: float(parse_size(text)))
    if option.unit == MIB_S:
        expected = f"a rate such as 100 MiB/s, from {option.least} to {option.most} MiB/s"
        return Entry(name, option.least, option.most, expected, lambda text: parse_rate(text) / MIB)
    return Entry(name, option.least, option.most, f"a whole number from {option.least} to {option.most}", _whole)


def _whole(text: str) -> float:
    raise ValueError(text)
