"""A sentence that answers a key: the next one takes its place, else they would pile up over the page."""

from dataclasses import dataclass
from typing import Any

from textual.app import App
from textual.notifications import Notification, Notify

SHOWN_S = 8.0


@dataclass
class Explanation(Notification):
    """A notification that only answers a key."""


def explain(app: App[Any], sentence: str) -> None:
    """Show the sentence for some seconds, in place of an earlier one."""
    forget(app)
    app.post_message(Notify(Explanation(sentence, timeout=SHOWN_S)))


def forget(app: App[Any]) -> None:
    """Remove what is still shown: the person has gone on."""
    for each in [each for each in app._notifications if isinstance(each, Explanation)]:
        app._unnotify(each)
