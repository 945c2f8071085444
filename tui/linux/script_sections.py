"""Several commands in one script on a host, each with its output in one line."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass

from tui.core.command import Completed
from tui.core.failure import Failure
from tui.core.quantity import whole

TIMED_OUT = (124, 137)  # of timeout(1): ended by TERM, or by KILL if TERM had no effect

# part NAME SECONDS COMMAND...: prints `NAME STATUS BASE64`, the latter being stdout and stderr. Each command has a time
# limit, because a command that accesses a mount blocks while its server is down.
PRELUDE = """
part() {
  name=$1 limit=$2
  shift 2
  out=$(timeout -k 1 "$limit" "$@" 2>&1 < /dev/null; echo "|$?")
  printf '%s %s %s\\n' "$name" "${out##*|}" "$(printf %s "${out%|*}" | base64 -w0)"
}
has() { command -v "$1" > /dev/null 2>&1; }
"""


@dataclass(frozen=True)
class Section:
    """The result of one command; bytes that are not UTF-8 become surrogates."""

    status: int
    text: str

    @property
    def timed_out(self) -> bool:
        """Whether the time limit ended the command."""
        return self.status in TIMED_OUT


def parse_sections(text: str) -> dict[str, Section]:
    """The results by name; lines of another form, such as a login's greeting, are skipped."""
    found = {}
    for line in text.splitlines():
        words = line.split(" ")
        status = whole(words[1]) if len(words) == 3 else None
        if status is None:
            continue
        try:
            printed = base64.b64decode(words[2], validate=True).decode(errors="surrogateescape")
        except ValueError:
            continue
        found[words[0]] = Section(status, printed)
    return found


def output(sections: Mapping[str, Section], name: str, what: str) -> str:
    """What the command `name` printed; a Failure that begins with `what` if it failed or did not run."""
    part = sections.get(name)
    if part is None:
        raise Failure(what, "the host's shell did not run the command")
    if part.timed_out:
        raise Failure(what, "its command did not end in time", detail=part.text)
    return Completed(part.status, part.text, "").output(what)


def file_text(part: Section | None) -> str | None:
    """What `cat FILE` printed; None if it failed."""
    return part.text if part is not None and part.status == 0 else None
