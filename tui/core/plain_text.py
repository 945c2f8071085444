"""Text from files and hosts without the characters that a terminal does not show as text."""

import re

# Control sequences and control characters, then invisible characters that change how the rest is displayed: U+202E
# reverses a line. The joiners U+200C and U+200D stay, because some languages need them. Last the lone surrogates, which
# stand for bytes that are not UTF-8 and can't be written to a terminal.
CONTROLS = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.)|[\x00-\x08\x0b-\x1f\x7f-\x9f]"
    r"|[\xad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
    r"|[\ud800-\udfff]"
)


def plain(text: str) -> str:
    """The text without control characters; newlines stay, and a byte that is not UTF-8 becomes U+FFFD."""
    return CONTROLS.sub(_replacement, text.expandtabs(8))


def _replacement(found: re.Match[str]) -> str:
    return "\ufffd" if "\ud800" <= found[0] <= "\udfff" else ""
