"""The form with the limits of a queue."""

from textual.app import ComposeResult

from tui.core.quantity import MIB, parse_rate
from tui.queue.model.limits import MOST_AT_ONCE, MOST_BANDWIDTH, Limits
from tui.ui.choice import Choice
from tui.ui.form import Form, enter, number_field, row

NO_YES = ("no", "yes")
MOST_MIB_S = MOST_BANDWIDTH // MIB


class LimitsForm(Form[Limits]):
    """Dismissed with the limits, with None for Esc."""

    BINDINGS = [enter("use them")]
    DEFAULT_CSS = """
    LimitsForm .row Input { width: 10; }
    LimitsForm .label { width: 22; }
    """

    def __init__(self, limits: Limits) -> None:
        super().__init__("Limits of the queue")
        self._limits = limits

    def fields(self) -> ComposeResult:
        limits = self._limits
        yield row("at once, in all", number_field("at_once", limits.at_once), "migrations")
        yield row("at once, for a host", number_field("per_host", limits.per_host), "that leave or reach it")
        yield row("bandwidth", number_field("bandwidth", limits.bandwidth // MIB), "MiB/s shared by all; 0: no limit")
        yield row("stop at failure", number_field("stop_after", limits.stop_after), "starts no more; 0: never")
        yield row("try elsewhere", Choice(NO_YES, int(limits.elsewhere), id="elsewhere"))

    def entered(self) -> None:
        at_once, per_host = (self.number(field, _count) for field in ("at_once", "per_host"))
        bandwidth, stop_after = self.number("bandwidth", _bandwidth), self.number("stop_after", _failures)
        elsewhere = self.query_one("#elsewhere", Choice).index == 1
        self.dismiss(Limits(at_once, per_host, bandwidth, stop_after, elsewhere))


def _count(text: str) -> int:
    return _whole(text, 1)


def _failures(text: str) -> int:
    return _whole(text, 0)


def _whole(text: str, least: int) -> int:
    value = int(text) if text.strip().isascii() and text.strip().isdecimal() and len(text) < 10 else -1
    if not least <= value <= MOST_AT_ONCE:
        raise ValueError(f"Expected: a whole number from {least} to {MOST_AT_ONCE}.")
    return value


def _bandwidth(text: str) -> int:
    """Bytes per second; a number without a unit is in MiB/s."""
    typed = text.strip()
    bare = typed.isascii() and typed.isdecimal()
    value = int(typed[:18]) * MIB if bare else parse_rate(typed)
    if value and not MIB <= value <= MOST_BANDWIDTH:
        raise ValueError(f'Expected: from 1 to {MOST_MIB_S} MiB/s, or a rate such as "1 Gbit/s"; 0 means no limit.')
    return value
