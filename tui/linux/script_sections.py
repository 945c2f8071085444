"""Several questions to a host in one script: each answered in one line, whatever the answer is made of."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass

from tui.core.command import Completed
from tui.core.failure import Failure
from tui.core.quantity import whole

TIMED_OUT = (124, 137)  # of timeout(1): ended by TERM, or by KILL where that was not heard

# part NAME SECONDS COMMAND...: prints `NAME STATUS BASE64 of both its streams`. Nothing may hang: a mount whose server
# is gone holds whoever touches it.
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
    """What one command answered; bytes that are no UTF-8 are surrogates, as in file names."""

    status: int
    text: str

    @property
    def timed_out(self) -> bool:
        return self.status in TIMED_OUT


def parse_sections(text: str) -> dict[str, Section]:
    """The answers by name; lines of another form, such as a login's greeting, are passed over."""
    found = {}
    for line in text.splitlines():
        words = line.split(" ")
        status = whole(words[1]) if len(words) == 3 else None
        if status is None:
            continue
        try:
            answer = base64.b64decode(words[2], validate=True).decode(errors="surrogateescape")
        except ValueError:
            continue
        found[words[0]] = Section(status, answer)
    return found


def output(sections: Mapping[str, Section], name: str, what: str) -> str:
    """What the command `name` printed; a Failure that begins with `what` where it failed or never ran."""
    part = sections.get(name)
    if part is None:
        raise Failure(what, "the host's shell did not run the command")
    if part.timed_out:
        raise Failure(what, "its command did not end in time", detail=part.text)
    return Completed(part.status, part.text, "").output(what)


def file_text(part: Section | None) -> str | None:
    """What `cat FILE` printed, None where there is no such file."""
    return part.text if part is not None and part.status == 0 else None
