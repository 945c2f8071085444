"""The octal escapes in /etc/fstab, /etc/exports and the kernel's mount tables: a space is \\040."""

import re

ESCAPE = re.compile(r"\\([0-3][0-7]{2})")


def escaped(text: str, characters: str) -> str:
    """The text with each of these ASCII characters escaped."""
    return "".join(f"\\{ord(each):03o}" if each in characters else each for each in text)


def unescaped(text: str) -> str:
    """The text without escapes; several escaped bytes may form one character."""
    if "\\" not in text:
        return text
    raw = text.encode(errors="surrogateescape").decode("latin-1")
    decoded = ESCAPE.sub(lambda found: chr(int(found[1], 8)), raw)
    return decoded.encode("latin-1").decode(errors="surrogateescape")
