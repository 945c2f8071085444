"""Characters for terminals that cannot show all that the pages use: the Linux console, and encodings without them."""

from collections.abc import Mapping

from textual.driver import Driver

from tui.core.settings import AUTO

BLOCKS, CONSOLE, ASCII = "blocks", "console", "ascii"

BRAILLE = dict.fromkeys(map(chr, range(0x2801, 0x2900)), "*")


def _pairs(*pairs: tuple[str, str]) -> dict[int, str]:
    return {ord(one): other for ones, others in pairs for one, other in zip(ones, others, strict=True)}


TO_ASCII = {ord(each): sign for each, sign in BRAILLE.items()} | _pairs(
    ("▁▂▃▄▅▆▇█▀▌▐▏▎▍▋▊▉░▒▓", "...::|###[]|||[[#.:%"),
    ("─━╌═│┃┊║", "----||||"),
    ("┌┐└┘├┤┬┴┼╭╮╰╯╱╲", "+++++++++++++/\\"),
    ("•·…±∞←→↑↓▲▼▸◂●○✓✗⠀⠒", "o.~~8<>^v^v><*oxx -"),
)
# Those of code page 437, which the fonts of the Linux console have, stay.
TO_CONSOLE = {ord(each): "·" for each in BRAILLE} | _pairs(
    ("▁▂▃▅▆▇▏▎▍▋▊▉", "▄▄▄███│││▌▌█"),
    ("━╌┃┊", "──││"),
    ("╭╮╰╯╱╲", "┌┐└┘/\\"),
    ("…▸◂●○✓✗⠀⠒", ".►◄•o√x ─"),
)
TABLES: Mapping[str, Mapping[int, str]] = {BLOCKS: {}, CONSOLE: TO_CONSOLE, ASCII: TO_ASCII}


def table(wanted: str, environ: Mapping[str, str]) -> Mapping[int, str]:
    """What `str.translate` replaces; with AUTO, as the terminal and the encoding of the locale need it."""
    return TABLES[_found(environ) if wanted == AUTO else wanted]


def _found(environ: Mapping[str, str]) -> str:
    """The locale C names no encoding, and says nothing of the terminal."""
    locale = next((environ[name] for name in ("LC_ALL", "LC_CTYPE", "LANG") if environ.get(name)), "")
    encoding = locale.partition(".")[2].partition("@")[0].replace("-", "").lower()
    if encoding and encoding != "utf8":
        return ASCII
    return CONSOLE if environ.get("TERM") == "linux" else BLOCKS


def drawing(driver: type[Driver], glyphs: Mapping[int, str]) -> type[Driver]:
    """The driver, or one that replaces these characters in all that it writes; control sequences are ASCII."""
    if not glyphs:
        return driver

    class Replacing(driver):  # type: ignore[valid-type,misc]  # a class of the platform
        def write(self, data: str) -> None:
            super().write(data.translate(glyphs))

    return Replacing
