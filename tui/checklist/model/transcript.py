"""What a change of hosts looked like: each action, what it printed, how it ended, line by line."""

import re
from dataclasses import dataclass

STEP, ACTION, OUTPUT, DONE, FAILED = "step", "action", "output", "done", "failed"

# What a terminal would take for an order of its own: control sequences, and single control characters. Then what cannot
# be seen but changes how the rest looks: U+202E turns a line around. The joiners U+200C and U+200D stay, because
# languages are written with them.
ORDERS = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.)|[\x00-\x08\x0b-\x1f\x7f-\x9f]"
    r"|[\xad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)


@dataclass(frozen=True)
class Line:
    """One line and what it is: STEP, ACTION, OUTPUT, DONE or FAILED."""

    kind: str
    text: str


class Transcript:
    """Grows while it happens; the last line of output may still be under way."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self._open = ""  # of the output: what came behind the last end of a line

    def step(self, text: str) -> None:
        """From here on it is about something else."""
        self._say(STEP, text)

    def begin(self, host: str, text: str) -> None:
        """An action begins."""
        for number, line in enumerate(text.splitlines()):
            self._say(ACTION, f"{host}: {line}" if not number else f"    {line}")

    def add_output(self, text: str) -> None:
        """It printed something."""
        if self._open:
            self.lines.pop()
        *whole, self._open = (self._open + text).replace("\r\n", "\n").split("\n")
        self.lines += [Line(OUTPUT, _shown(line)) for line in whole]
        if self._open:
            self.lines.append(Line(OUTPUT, _shown(self._open)))

    def end(self) -> None:
        """It ended well."""
        self._say(DONE, "done")

    def fail(self, text: str) -> None:
        """It failed."""
        self._say(FAILED, text)

    def _say(self, kind: str, text: str) -> None:
        self._open = ""
        self.lines.append(Line(kind, plain(text)))


def plain(text: str) -> str:
    """The text without what a terminal would obey; ends of lines stay."""
    return ORDERS.sub("", text.expandtabs(8))


def _shown(line: str) -> str:
    """A line of output as a terminal leaves it standing: what follows the last carriage return."""
    return plain(line.rstrip("\r").rpartition("\r")[2])
