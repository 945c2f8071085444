"""The commands that work without the app: `vmlm-tui migrate VM` and the others; most are clients of the runner."""

import sys
from importlib import import_module

from tui.core.failure import Failure

CANNOT_START = 2  # exit status of a command that cannot be understood, or cannot start

# By the verb the module that has its `main(verb, words)`; imported only when it is called.
MODULES = {
    "migrate": "migrate",
    "forecast": "forecast",
    "watch": "watch",
    "status": "status",
    "post-copy": "control",
    "cancel": "control",
    "resume": "control",
    "pause": "control",
    "set": "control",
    "announce": "after_move",
    "clock": "after_move",
    "runs": "runs",
    "study": "study",
    "evacuate": "evacuate",
    "bring-back": "evacuate",
    "queue": "queue",
    "hosts": "hosts",
    "keys": "keys",
    "shot": "shot",
    "demo": "demo",
    "doctor": "doctor",
    "completion": "completion",
    "man": "man",
}
USAGE = """\
vmlm-tui migrate VM [--help] ...
vmlm-tui forecast VM [--help] ...
vmlm-tui watch [RUN|VM] [--json]
vmlm-tui status [--json]
vmlm-tui post-copy VM
vmlm-tui cancel VM
vmlm-tui resume VM
vmlm-tui pause VM
vmlm-tui set VM [--downtime TIME] [--bandwidth RATE]
vmlm-tui announce VM [--monitor]
vmlm-tui clock VM [--set]
vmlm-tui runs [--help] ...
vmlm-tui study FILE|status|watch|stop|resume [--help] ...
vmlm-tui evacuate HOST [--to HOST ...] [--dry-run] [--help] ...
vmlm-tui bring-back HOST [--help] ...
vmlm-tui queue [status|watch|pause|resume|take-out VM|set|stop] [--help] ...
vmlm-tui hosts [matrix|baseline|add USER@HOST] [--help] ...
vmlm-tui keys [--help]
vmlm-tui shot RUN [--help] ...
vmlm-tui demo
vmlm-tui doctor [--json]
vmlm-tui completion bash|zsh|fish
vmlm-tui man"""


def run(verb: str, words: list[str]) -> int:
    """Run the command `verb` with its arguments; returns the exit status."""
    try:
        status: int = import_module(f"{__name__}.{MODULES[verb]}").main(verb, words)
    except Failure as failure:
        for line in sentences(failure):
            print(f"vmlm-tui {verb}: {line}", file=sys.stderr)
        return CANNOT_START
    return status


def sentences(failure: Failure) -> list[str]:
    """The failure before the start as lines: one, or one for each mistake of a file."""
    from tui.app.config import Misconfigured  # noqa: PLC0415  # --version and --help need no configuration
    from tui.study.backend.plan_file import WrongPlan  # noqa: PLC0415

    return failure.detail.splitlines() if isinstance(failure, (Misconfigured, WrongPlan)) else [str(failure)]
