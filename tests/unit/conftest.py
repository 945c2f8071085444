"""What the unit tests share: recorded daemons end with their test, and no thread of it raises."""

import threading
from collections.abc import Iterator

import pytest

from tests.unit.fakes import STAGES
from tests.unit.migration.watched import join_threads


@pytest.fixture(autouse=True)
def let_go() -> Iterator[None]:
    """Ends what still waits for a recorded daemon."""
    yield
    for each in STAGES:
        each.let_go()
    STAGES.clear()


@pytest.fixture
def no_thread_raises(let_go: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An exception in a thread would be printed over the screen, and the thread's task would be lost."""
    raised: list[str] = []
    monkeypatch.setattr(threading, "excepthook", lambda args: raised.append(f"{args.thread}: {args.exc_value!r}"))
    known = set(threading.enumerate())
    yield
    for each in STAGES:
        each.let_go()
    join_threads(known)
    assert raised == []
