"""Removes what ssh, libvirt and QEMU print before the reason, and libvirt's general prefixes."""

import re

# Lines or parts of lines that are never a reason. ssh prints its warnings to the stream that libvirt quotes.
NOISE = re.compile(
    r"""
      \x1b\[[0-9;?]*[ -/]*[@-~]                                                # colours
    | Warning:\ Permanently\ added\ [^\n]*?\ to\ the\ list\ of\ known\ hosts\.?
    | ^debug[123]:[^\n]*$
    | ^\*\*\ [^\n]*$                                                           # OpenSSH 10 on post-quantum algorithms
    | (?:^|(?<=:\ ))\d{4}-\d\d-\d\d\ [\d:.]+\+\d{4}:\ \d+:\ (?:info|debug|warning)\ :[^\n]*$   # libvirt's own log
    | ^(?:bash|sh):\ warning:\ setlocale:[^\n]*$ | ^perl:\ warning:[^\n]*$
    | ^X11\ forwarding\ request\ failed[^\n]*$ | ^Pseudo-terminal\ will\ not\ be\ allocated[^\n]*$
    | ^(?:mesg:\ ttyname\ failed|stdin:\ is\ not\ a\ tty|tput:\ No\ value\ for)[^\n]*$
    | ^Shared\ connection\ to\ [^\n]*\ closed\.?$
    """,
    re.VERBOSE | re.MULTILINE | re.IGNORECASE,
)
QEMU_WARNING = re.compile(r"(?:\d{4}-\d\d-\d\dT[\d:.]+Z )?qemu-[\w-]+: (?:[^\n:]+: )?warning: [^\n]*", re.IGNORECASE)
QEMU_STAMP = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z (qemu-[\w-]+: )")

PREFIXES = re.compile(
    r"(?:internal error|operation failed|Requested operation is not valid|unsupported configuration|invalid argument|"
    r"operation aborted|operation is not supported|Operation not supported|Unsafe migration|"
    r"this function is not supported by the connection driver|argument unsupported|"
    r"cannot migrate domain|job 'migration (?:out|in)' failed|"
    r"migration (?:out|in) job(?=: (?!unexpectedly failed|is not active))): ",
    re.IGNORECASE,
)
HALVES = re.compile(
    r"Message from the source host: (?P<source>.*?)\.? Message from the destination host: (?P<destination>.*)",
    re.DOTALL | re.IGNORECASE,
)


def without_noise(message: str) -> str:
    """The message without what is never a reason; the message itself if nothing would be left."""
    text = NOISE.sub("", message.replace("\r", ""))
    rest = QEMU_WARNING.sub("", text)
    if re.sub(r"[\s:.']|qemu unexpectedly closed the monitor|\(vm=[^)]*\)", "", shortened(rest), flags=re.IGNORECASE):
        text = rest
    lines = [line.strip() for line in text.split("\n")]
    return "\n".join(line for line in lines if line) or message


def shortened(message: str) -> str:
    """A message on one line, without general prefixes and the time stamps of QEMU."""
    text = " ".join(QEMU_STAMP.sub(r"\1", message).split())
    while (prefix := PREFIXES.match(text)) and len(text) > prefix.end():
        text = text[prefix.end() :]
    return text


def halves(message: str) -> tuple[str, str] | None:
    """What the source and what the destination reported, if libvirt has put both into one message."""
    found = HALVES.search(message)
    return (found["source"].strip(), found["destination"].strip()) if found else None
