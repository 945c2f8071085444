"""What the app weighs in memory and time, beside a bare Textual app that is measured in the same way."""

import random
import statistics
import time
from collections.abc import Iterator

from tests.bench.terminal import Terminal, cpu_seconds, whole_resident_mib

Figures = Iterator[tuple[str, float, str]]

PRESSES = 100
IDLE_S = 10.0  # of each window; a page polls its hosts every few seconds
WINDOWS = 3  # on each page; the first may still read what the page shows, on a busy machine
SETTLE_S = 5.0
FRAME_BYTES = 500  # a page is more, the line of a migration's progress in the title is less


def at_rest(name: str, terminal: Terminal, keys: str) -> Figures:
    """The resident memory and the CPU time on each page; each of `keys` shows one."""
    pid = terminal.app_pid()
    for key in keys:
        terminal.type(key)
        time.sleep(SETTLE_S)
        yield f"{name}_page_{key}_idle_cpu", min(_busy(pid) for _ in range(WINDOWS)), "%"
        yield f"{name}_page_{key}_resident", whole_resident_mib(pid), "MiB"


def _busy(pid: int) -> float:
    """The share of a core that a process takes in one window, in percent."""
    before, began = cpu_seconds(pid), time.monotonic()
    time.sleep(IDLE_S)
    return 100 * (cpu_seconds(pid) - before) / (time.monotonic() - began)


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
