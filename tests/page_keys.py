"""Sentences made below the screens, as the pages show them."""

from tui.core.actions import with_keys

KEYS = {
    "list.refresh": "r",
    "list.details": "Enter",
    "list.fix": "f",
    "list.fix-all": "a",
    "list.password": "o",
    "list.progress": "v",
    "migrate.start": "m",
    "migrate.post-copy": "p",
    "migrate.cancel": "c",
    "migrate.downtime": "d",
    "migrate.pause": "P",
    "app.quit": "q",
}


def with_page_keys(sentence: str) -> str:
    """The sentence with the key of each action it names."""
    return with_keys(sentence, KEYS)
