"""Where a replay of a recorded run stands, and where its keys lead. Times are seconds since the start of the run."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace

SPEEDS = (1, 2, 5, 10, 60)
GRACE_S = 1.0  # while it plays: so much later, the previous pass or event is the one before the one just passed
TIME = re.compile(r"(?:(?:(\d{1,6}):)?(\d{1,6}):)?(\d{1,9}(?:\.\d*)?)", re.ASCII)


@dataclass(frozen=True)
class Track:
    """The moments of a run, each list in its order: when passes began, and when events happened."""

    begins: float
    ends: float
    passes: Sequence[float] = ()
    events: Sequence[float] = ()
    switch: float | None = None  # when the VM was switched over, or post-copy began


@dataclass(frozen=True)
class Playhead:
    """The position on a track; each method returns the playhead after it."""

    track: Track
    at: float
    speed: int = SPEEDS[0]
    playing: bool = True

    def after(self, seconds: float) -> "Playhead":
        """As many seconds of the clock later; it stops at the end."""
        if not self.playing:
            return self
        moved = self.moved_to(self.at + max(0.0, seconds) * self.speed)
        return replace(moved, playing=moved.at < self.track.ends)

    def moved_to(self, at: float) -> "Playhead":
        """At a moment, the nearest one that was recorded."""
        return replace(self, at=min(max(at, self.track.begins), self.track.ends))

    def stepped(self, seconds: float) -> "Playhead":
        """Back or forward."""
        return self.moved_to(self.at + seconds)

    def to_pass(self, direction: int) -> "Playhead":
        """At the beginning of the next pass (1) or the previous one (-1), else at an end of the track."""
        return self._to(self.track.passes, direction)

    def to_event(self, direction: int) -> "Playhead":
        """At the next event (1) or the previous one (-1), else at an end of the track."""
        return self._to(self.track.events, direction)

    def faster(self, direction: int) -> "Playhead":
        """At the next higher speed (1) or the next lower one (-1)."""
        index = SPEEDS.index(self.speed) + direction
        return replace(self, speed=SPEEDS[min(max(index, 0), len(SPEEDS) - 1)])

    def toggled(self) -> "Playhead":
        """Paused, or playing; from the end it plays again from the beginning."""
        if not self.playing and self.at >= self.track.ends:
            return replace(self, at=self.track.begins, playing=True)
        return replace(self, playing=not self.playing)

    def _to(self, moments: Sequence[float], direction: int) -> "Playhead":
        if direction > 0:
            index = bisect_right(moments, self.at)
            return self.moved_to(moments[index] if index < len(moments) else self.track.ends)
        before = self.at - GRACE_S * self.speed if self.playing else self.at
        index = bisect_left(moments, before)
        return self.moved_to(moments[index - 1] if index else self.track.begins)


def read_time(text: str) -> float:
    """The seconds of "12", "12.5", "1:05" or "1:02:03"; ValueError for another text."""
    found = TIME.fullmatch(text.strip())
    if found is None:
        raise ValueError("Enter seconds, or minutes and seconds as 1:05.")
    hours, minutes, seconds = found.groups(default="0")
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


def time_text(seconds: float) -> str:
    """A moment with tenths: "0:12.3", from one hour on "1:02:03.4"."""
    tenths = int(max(0.0, seconds) * 10 + 1e-6)
    hours, minutes, rest = tenths // 36000, tenths // 600 % 60, tenths % 600
    second = f"{rest // 10:02}.{rest % 10}"
    return f"{hours}:{minutes:02}:{second}" if hours else f"{minutes}:{second}"
