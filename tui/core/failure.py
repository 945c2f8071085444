"""A failure a person can act on: what happened, why, what to try, and the original error text."""

from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")


class Failure(Exception):
    """Raised if an operation fails; `detail` is the original text, which is shown on demand and logged."""

    def __init__(self, what: str, why: str = "", hint: str = "", *, detail: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.hint = hint
        self.detail = detail

    def with_host(self, role: str, host: str) -> "Failure":
        """Itself with the host's name in place of "the destination", which is all that an adapter knows."""
        self.what, self.why, self.hint = (
            text.replace(f"the {role}", host) for text in (self.what, self.why, self.hint)
        )
        return self

    @property
    def reason(self) -> str:
        """What and why, without the hint and a full stop."""
        return f"{self.what}: {self.why}" if self.why else self.what

    def __str__(self) -> str:
        """What, why and hint in one line."""
        line = self.reason
        line = line if line.endswith((".", "!", "?")) else f"{line}."
        return f"{line} {self.hint}" if self.hint else line


class WrongField(Failure):
    """What a person entered in the field `field` of a form can't be used."""

    def __init__(self, field: str, what: str, why: str = "", hint: str = "") -> None:
        super().__init__(what, why, hint)
        self.field = field


class UntrustedHost(Failure):
    """Its host key is unknown or has changed: a retry fails until a person has compared and accepted the key."""


class LoginRefused(Failure):
    """The ssh server of the host accepts none of the user's keys."""


class PasswordNeeded(Failure):
    """sudo on `host` requires a password, and none is known, or the known one is wrong."""

    def __init__(self, host: str, what: str, why: str, *, detail: str = "") -> None:
        super().__init__(what, why, "Enter the password, or configure a login as root.", detail=detail)
        self.host = host


def unexpected(what: str, error: Exception) -> Failure:
    """The Failure for an error that is a fault of this program; the log has its traceback."""
    return Failure(what, f"unexpected error: {error!r}", "Report it with the log of vmlm-tui, which has the details.")


def as_failure(what: str, error: Exception) -> Failure:
    """The error itself if it is a Failure, else an unexpected one."""
    return error if isinstance(error, Failure) else unexpected(what, error)


async def or_failure(reading: Awaitable[T]) -> T | Failure:
    """The result, or the Failure as a value: an unreachable host is a fact, and must not stop the other reads."""
    try:
        return await reading
    except Failure as failure:
        return failure
