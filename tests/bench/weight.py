"""What the app weighs in memory and time, beside a bare Textual app that is measured in the same way."""

import random
import statistics
import time
from collections.abc import Iterator

from tests.bench.terminal import Terminal, cpu_seconds, wakeups, whole_resident_mib

Figures = Iterator[tuple[str, float, str]]

PRESSES = 100
IDLE_S = 10.0  # of each window; a page polls its hosts every few seconds
WINDOWS = 3  # on each page; the first may still read what the page shows, on a busy machine
SETTLE_S = 5.0
FRAME_BYTES = 500  # a page is more, the line of a migration's progress in the title is less


def at_rest(name: str, terminal: Terminal, keys: str) -> Figures:
    """The resident memory, the CPU time and the wakeups on each page; each of `keys` shows one."""
    pid = terminal.app_pid()
    for key in keys:
        terminal.type(key)
        time.sleep(SETTLE_S)
        busy, woken = zip(*(_window(pid) for _ in range(WINDOWS)), strict=True)
        yield f"{name}_page_{key}_idle_cpu", min(busy), "%"
        yield f"{name}_page_{key}_wakeups", min(woken), "/s"
        yield f"{name}_page_{key}_resident", whole_resident_mib(pid), "MiB"


def _window(pid: int) -> tuple[float, float]:
    """What a process takes in one window: the share of a core, in percent, and the wakeups of its loop per second."""
    cpu_s, woken, began = cpu_seconds(pid), wakeups(pid), time.monotonic()
    time.sleep(IDLE_S)
    seconds = time.monotonic() - began
    return 100 * (cpu_seconds(pid) - cpu_s) / seconds, (wakeups(pid) - woken) / seconds


def to_frame(name: str, terminal: Terminal, keys: str) -> Figures:
    """The times from a key to the first bytes of the page that it shows; `keys` are pressed in turn."""
    pid, moments = terminal.app_pid(), random.Random(1)  # noqa: S311 - a fixed spread over the redraw interval
    before, delays = cpu_seconds(pid), []
    for count in range(PRESSES):
        time.sleep(moments.uniform(0.2, 0.5))  # the rest of the frame before
        written = terminal.written
        typed = terminal.type(keys[count % len(keys)])
        delays.append(1000 * (terminal.wait_written(written + FRAME_BYTES) - typed))
    yield f"{name}_key_to_frame_p50", statistics.median(delays), "ms"
    yield f"{name}_key_to_frame_p99", statistics.quantiles(delays, n=100, method="inclusive")[98], "ms"
    yield f"{name}_key_cpu", 1000 * (cpu_seconds(pid) - before) / PRESSES, "ms"
