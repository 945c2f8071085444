"""The transcript of a job: its actions, their output and their results, line by line."""

from dataclasses import dataclass

from tui.core.plain_text import plain
from tui.linux.change import Action

STEP, ACTION, OUTPUT, DONE, FAILED = "step", "action", "output", "done", "failed"


@dataclass(frozen=True)
class Line:
    """One line and its kind: STEP, ACTION, OUTPUT, DONE or FAILED."""

    kind: str
    text: str


@dataclass(frozen=True)
class Progress:
    """An event of an action: it begins (ACTION), prints `text` (OUTPUT), ends well (DONE), or fails with `text`."""

    action: Action
    kind: str
    text: str = ""


class Transcript:
    """Grows during the job; its last line of output may be incomplete."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self._open = ""  # the output after the last newline

    def step(self, text: str) -> None:
        """Add a heading."""
        self._add(STEP, text)

    def record(self, progress: Progress) -> None:
        """Add an event of an action; output may be of any length."""
        if progress.kind == OUTPUT:
            self._add_output(progress.text)
        elif progress.kind == ACTION:
            for number, line in enumerate(progress.action.text.splitlines()):
                self._add(ACTION, f"    {line}" if number else f"{progress.action.host}: {line}")
        else:
            self._add(progress.kind, "done" if progress.kind == DONE else progress.text)

    def _add_output(self, text: str) -> None:
        if self._open:
            self.lines.pop()
        *whole, self._open = (self._open + text).replace("\r\n", "\n").split("\n")
        self.lines += [Line(OUTPUT, _shown(line)) for line in whole]
        if self._open:
            self.lines.append(Line(OUTPUT, _shown(self._open)))

    def _add(self, kind: str, text: str) -> None:
        self._open = ""
        self.lines.append(Line(kind, plain(text)))


def _shown(line: str) -> str:
    """The line as a terminal shows it: what follows the last carriage return."""
    return plain(line.rstrip("\r").rpartition("\r")[2])
