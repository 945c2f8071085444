"""Where ssh itself keeps its files."""

import os
from pathlib import Path
from pwd import getpwuid


def ssh_folder() -> Path:
    """Where ssh itself keeps keys, config and known hosts: in the user's home, whatever HOME says (sudo keeps it)."""
    return Path(getpwuid(os.getuid()).pw_dir) / ".ssh"
