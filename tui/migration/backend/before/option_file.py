"""Reads the file of an option such as --xml, on the machine of the client: the runner gets its text."""

from pathlib import Path

from tui.core.failure import Failure
from tui.core.quantity import exact_size
from tui.core.regular_file import open_regular
from tui.core.virsh_options import MOST_XML, Option


def read_option_file(option: Option, path: str) -> str:
    """The text of the file; Failure if it cannot be read, is empty or too long."""
    what = f"{path} cannot be used for {option.virsh}"
    try:
        with open_regular(Path(path).expanduser()) as file:
            data = file.read(MOST_XML + 1)
    except (OSError, ValueError, RuntimeError) as error:  # a NUL in the name, a home folder of nobody
        raise Failure(what, getattr(error, "strerror", None) or str(error)) from error
    if len(data) > MOST_XML:
        raise Failure(what, f"it is longer than {exact_size(MOST_XML)}", f"It must be {option.expected}.")
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise Failure(what, "it is not UTF-8", f"It must be {option.expected}.") from error
    if not text.strip() or not option.valid(text):
        raise Failure(what, "it is empty" if not text.strip() else "it has a NUL", f"It must be {option.expected}.")
    return text
