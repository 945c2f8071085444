"""What is said to QEMU's guest agent and what it answers: JSON, with base64 for whatever is no text."""

import base64
import json
import secrets
from collections.abc import Sequence
from typing import Any

from tui.core.command import Completed
from tui.core.failure import Failure

AGENT = "guest agent"  # stands where an ssh address would; none has a space
INLINE_BYTES = 1 << 16  # more is written into a file first: libvirt takes no message above 4 MiB, base64 adds a third

# The agent has the environment that its service was given, which may lack HOME and most of PATH.
# A program that is missing answers 127, and says so, as over ssh.
AS_ROOT = """HOME=~root; case $HOME in /*) ;; *) HOME=/root ;; esac
PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export HOME PATH; cd
"$@"
"""
# $1 the folder of a file that is its stdin
WITH_FILE = """folder=$1; shift
"$@" < "$folder/stdin"; status=$?
rm -rf "$folder"
exit "$status"
"""


def new_folder() -> str:
    """A folder in the guest that nobody else can know, and whose name is known here before it is made."""
    return f"/tmp/vmlm.{secrets.token_hex(16)}"  # noqa: S108


def command(name: str, **arguments: object) -> str:
    """One command as the agent takes it; the hyphens in the names of arguments are underscores here."""
    named = {key.replace("_", "-"): value for key, value in arguments.items()}
    return json.dumps({"execute": name, "arguments": named} if named else {"execute": name})


def run(argv: Sequence[str], stdin: bytes = b"") -> str:
    """Have a command line run as root, with what it prints kept for `ended`."""
    given = {"input_data": base64.b64encode(stdin).decode()} if stdin else {}
    return command("guest-exec", path="/bin/sh", arg=["-c", AS_ROOT, "sh", *argv], capture_output=True, **given)


def run_with_file(argv: Sequence[str], folder: str) -> str:
    """The same with the file `stdin` in `folder` as its input; the folder is gone afterwards."""
    return run(["sh", "-c", WITH_FILE, "sh", folder, *argv])


def pid(answer: str) -> int:
    """The number that guest-exec gave the command."""
    return _whole(_of(answer), "pid")


def handle(answer: str) -> int:
    """The number that guest-file-open gave the file."""
    return _whole({"handle": _returned(answer)}, "handle")


def write(handle: int, data: bytes) -> str:
    """Have these bytes added to an open file."""
    return command("guest-file-write", handle=handle, buf_b64=base64.b64encode(data).decode())


def written(answer: str) -> int:
    """How many bytes it took."""
    return _whole(_of(answer), "count")


def ended(answer: str) -> Completed | None:
    """What a command answered, None while it runs; one that a signal ended answers as in a shell, 128 and more."""
    found = _of(answer)
    if not found.get("exited"):
        return None
    status = _whole(found, "exitcode") if "exitcode" in found else 128 + _whole(found, "signal")
    return Completed(status, _text(found, "out-data"), _text(found, "err-data"))


def _returned(answer: str) -> Any:
    try:
        return json.loads(answer)["return"]
    except (ValueError, KeyError, TypeError) as error:
        raise _nonsense(answer) from error


def _of(answer: str) -> dict[str, Any]:
    found = _returned(answer)
    if not isinstance(found, dict):
        raise _nonsense(answer)
    return found


def _whole(found: dict[str, Any], name: str) -> int:
    value = found.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise _nonsense(json.dumps(found))
    return value


def _text(found: dict[str, Any], name: str) -> str:
    try:
        return base64.b64decode(found.get(name, "")).decode(errors="replace")
    except (ValueError, TypeError) as error:
        raise _nonsense(json.dumps(found)) from error


def _nonsense(answer: str) -> Failure:
    hint = "Is it QEMU's own agent that answers in the guest?"
    return Failure("The guest agent answered something that is no answer", answer[:80], hint, detail=answer)
