"""The passes of pre-copy, counted from 1, and what each one left dirty."""

from typing import NamedTuple

from tui.migration.model.points import Thinned, every_other
from tui.migration.model.record import Memory


class Pass(NamedTuple):
    """A pre-copy pass (libvirt: iteration) that has ended; `left` is what it left dirty, in bytes.

    If more than one ended between two samples, it is all of them, from the pass `first`.
    """

    number: int
    began: float
    ended: float
    left: int
    sent: int
    first: int


class PassCounter:
    """Derives the passes from the samples: QEMU's own count continues from earlier cancelled attempts."""

    def __init__(self) -> None:
        self.ended: Thinned[Pass] = Thinned(every_other)
        self.began = 0.0  # when the current pass began, or the one that post-copy interrupted
        self.current = 1  # the number of that pass
        self.from_start = False  # the log begins with the start of the migration
        self.after_gap = False  # nothing was recorded between the last sample and the next
        self.interrupted = False  # the switch to post-copy interrupts a pass and increments the count
        self.sent_before = 0  # bytes, when that pass began
        self._first: int | None = None

    def number(self, iteration: int) -> int:
        """The number of the pass with libvirt's count `iteration`."""
        return 1 if self._first is None else max(1, iteration - self._first + 1)

    def begin(self, t: float, memory: Memory) -> None:
        """Start the current pass at a sample."""
        self.began, self.sent_before = t, memory.processed

    def add(self, t: float, memory: Memory, current: int) -> Pass | None:
        """Return the pass that ended with a sample, if one did; `current` is the pass of the sample before."""
        iteration = memory.iteration
        if not iteration:
            return None
        if self._first is None:
            # If the first pass is not in the log, QEMU's own count is the best estimate.
            self._first = iteration if self.from_start and not self.after_gap else 1
        number, ended = self.number(iteration), None
        if current and number > current and not self.interrupted:
            if not self.after_gap:  # what a pass left is visible only at its end
                sent = memory.processed - self.sent_before
                ended = Pass(number - 1, self.began, t, memory.remaining, sent, current)
                self.ended.append(ended)
            self.begin(t, memory)
        self.after_gap = False
        if not self.interrupted:
            self.current = number
        return ended
