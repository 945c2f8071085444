"""What the tests of app share."""

from pathlib import Path

from tui.app.config import load
from tui.core.settings import Config

HOSTS = """
[hosts.source]
ssh = "root@a"
[hosts.destination]
ssh = "root@b"
[hosts.storage]
ssh = "root@c"
"""


MINIMAL = f'{HOSTS}[vm]\nname = "guest1"\n'


def read(path: Path, text: str) -> Config:
    path.write_text(text)
    return load(path)
