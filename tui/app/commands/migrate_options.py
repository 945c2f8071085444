"""The words of `vmlm-tui migrate` that are named as those of `virsh migrate`."""

import argparse
from typing import TYPE_CHECKING, Any

from tui.core.failure import Failure
from tui.core.plan import AUTOMATIC, POST_COPY_TIMEOUT, SUSPEND_TIMEOUT
from tui.core.virsh_options import BYTES, MIB_S, OPTIONS, XBZRLE, Option
from tui.forecast.model.policy import AfterFirstPass
from tui.migration.backend.before.option_file import read_option_file
from tui.migration.model.call.option_entry import option_value

if TYPE_CHECKING:
    from tui.app.arguments import Parser

VIRSH_FIRST_PASS = AfterFirstPass.name
TITLE = "options named as those of virsh migrate"


def add(parser: "Parser") -> None:
    """Add them to the parser, in a group of their own."""
    group = parser.add_argument_group(TITLE)
    group.add_argument("--postcopy-after-precopy", action="store_true", help="switch to post-copy after the first pass")
    group.add_argument("--timeout-suspend", action="store_true", help="suspend the VM after --timeout, which ends it")
    group.add_argument("--timeout-postcopy", action="store_true", help="switch to post-copy after --timeout")
    group.add_argument("--compressed", action="store_true", help=f"the same as --comp-methods {XBZRLE}")
    for option in OPTIONS:
        if option.is_flag:
            action: Any = argparse.BooleanOptionalAction
            group.add_argument(option.virsh, dest=option.name, action=action, default=None, help=option.about)
        else:
            other = "N" if option.is_number else "FILE" if option.is_file else "TEXT"
            unit = {BYTES: "SIZE", MIB_S: "RATE"}.get(option.unit, other)
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
        for word, given_too in (("--shadow", options.shadow), ("--no-post-copy", options.no_post_copy)):
            if given_too:
                what = f"--postcopy-after-precopy contradicts {word}"
                raise Failure(what, "with it, nothing is switched", "Leave one of them out.")
        found |= {"technique": AUTOMATIC, "policy": VIRSH_FIRST_PASS, "shadow": False}
    for given_too, word, technique in (
        (options.timeout_suspend, "--timeout-suspend", SUSPEND_TIMEOUT),
        (options.timeout_postcopy, "--timeout-postcopy", POST_COPY_TIMEOUT),
    ):
        if given_too and found.setdefault("technique", options.technique or technique) != technique:
            hint = "Leave one of them out."
            raise Failure(f"{word} is a technique, and another one is given", f"it is {found['technique']}", hint)
    return found


def _value(option: Option, text: Any) -> Any:
    if option.is_file:
        return read_option_file(option, text)
    try:
        return text if option.is_flag else option_value(option, text)
    except ValueError as error:
        raise Failure(str(error)) from error
