"""One call of a command: its options, its connection to the runner, its output, and the signals that interrupt it."""

# Imports are local so that a wrong option and --help are fast.
# ruff: noqa: PLC0415

import signal
import sys
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tui.app.arguments import Parser
from tui.app.commands.output import Output, with_commands
from tui.app.commands.stdout import printed
from tui.core.failure import Failure

if TYPE_CHECKING:
    from argparse import Namespace

    from tui.core.settings import Config
    from tui.migration.backend.migrations import Migrations
    from tui.study.backend.client import StudiesClient

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
INTERRUPTED = "Interrupted; `vmlm-tui status` shows what is under way."


class Signals:
    """The signals that interrupt a command; `on_signal` is called with each one."""

    def __init__(self) -> None:
        import asyncio

        self.on_signal: Callable[[], object] = lambda: None
        self.number = 0
        for number in SIGNALS:
            asyncio.get_running_loop().add_signal_handler(number, self._received, number)

    def take(self) -> int:
        """The number of the signal that came since the last call; 0 if none came."""
        number, self.number = self.number, 0
        return number

    def _received(self, number: int) -> None:
        self.number = number
        self.on_signal()


@dataclass(frozen=True)
class Session:
    """What a command works with."""

    migrations: "Migrations"
    studies: "StudiesClient"
    output: Output
    signals: Signals
    ended_by_logout: Callable[[], Failure | None] = lambda: None  # of the runner; blocks

    async def report_logout(self) -> Failure | None:
        """Report and return the Failure if a logout would end the runner."""
        from tui.core.threads import on_thread

        failure = await on_thread(self.ended_by_logout)
        if failure is not None:
            self.output.report(str(failure))
        return failure


Command = Callable[[Session], Coroutine[Any, Any, int]]


def parser_of(verb: str, usage: str, about: str, *, configured: bool = True) -> Parser:
    """A parser with --help, and --config unless it needs no configuration; `usage` without the program's name."""
    name = f"vmlm-tui {verb}"
    return Parser(f"{name} --help", configured=configured, prog=name, usage=f"vmlm-tui {usage}", description=about)


def help_of(parser: Parser) -> int:
    """Print the help; returns the exit status."""
    printed([parser.format_help()])
    return 0


def configured(options: "Namespace") -> "Config":
    """The configuration that the options name; raises Failure."""
    from tui.app.config import find, load

    return load(find(options.config))


def run(verb: str, options: "Namespace", config: "Config", command: Command, failed: int = 1) -> int:
    """Run a command as a client of the runner; returns its exit status, `failed` if it raises Failure."""
    import asyncio

    from tui.app import wiring
    from tui.app.config import find
    from tui.core import log
    from tui.core.settings import state_folder

    path = find(options.config)
    clients = wiring.client_of(config, path), wiring.studies_of(path)
    with log.stderr_redirected(log.start(state_folder() / log.NAME)):
        output = Output(verb, sys.stdout, sys.__stderr__)
        return asyncio.run(_run(clients, output, command, failed))


async def _run(clients: "tuple[Migrations, StudiesClient]", output: Output, command: Command, failed: int) -> int:
    import asyncio

    from tui.migration.backend.before.preflight import Refused
    from tui.runner.process import ended_by_logout

    signals = Signals()
    task = asyncio.ensure_future(command(Session(*clients, output, signals, ended_by_logout)))
    signals.on_signal = task.cancel
    try:
        return await task
    except asyncio.CancelledError:
        output.report(INTERRUPTED)
        return 128 + signals.take()
    except Failure as failure:
        for each in failure.failures if isinstance(failure, Refused) else (failure,):
            output.report(with_commands(str(each)))
        return failed
    finally:
        for client in clients:
            await client.close()
