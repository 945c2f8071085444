"""The words of a wait: a sign that turns, the seconds, what is waited for, and the key that ends it."""

SIGNS = "|/-\\"  # all terminals have them
SHOWN_AFTER_S = 2.0  # a shorter wait is not worth a word


def waiting(seconds: float, what: str) -> str:
    """ "/ 14 s, waiting for destination; Esc ends the wait."; empty for a short wait."""
    if seconds < SHOWN_AFTER_S:
        return ""
    whole = int(seconds)
    return f"{SIGNS[whole % len(SIGNS)]} {whole} s, waiting for {what or 'an answer'}; Esc ends the wait."
