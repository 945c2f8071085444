"""A login whose shell prints text when a command starts, which breaks libvirt over ssh."""

import re

WHY = "the shell of the login there prints text when a command starts, and libvirt reads it as data"
HINT = "Remove what prints it, often a line in ~/.bashrc there, or move that line below `[[ $- == *i* ]] || return`."
ERROR = r"packet \d+ bytes received from server too large"  # the text, taken for the length of a packet


def breaks_libvirt(error: str) -> bool:
    """Whether libvirt's error is that of such a login."""
    return re.search(ERROR, error, re.IGNORECASE) is not None
