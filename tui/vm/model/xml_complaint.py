"""What libvirt says against a domain XML, in a sentence with the line that it means."""

import re

# In this order: the first that is said is the innermost.
PATTERNS = (
    (r"Extra element ([\w-]+) in interleave", "<{0}>, or something in it, is not as libvirt's schema has it"),
    (r"Element [\w-]+ has extra content: ([\w-]+)", "<{0}> does not belong there"),
    (r"Did not expect element ([\w-]+) there", "<{0}> does not belong there"),
    (r"Invalid attribute ([\w-]+) for element ([\w-]+)", '<{1}> has no attribute "{0}", or not of that value'),
    (r"Expecting an? (?:element|attribute) ([\w-]+), got (?:nothing|[\w-]+)", "{0} is missing"),
    (r"attribute '([\w-]+)' in element '([\w-]+)'", ""),
    (r"element '([\w-]+)'", ""),
    (r"Element ([\w-]+) failed to validate content", "<{0}> is not as libvirt's schema has it"),
)


def complaint(words: str, xml: str) -> tuple[int, str]:
    """The line (from 1; 0 where it is not known), and the sentence; `words` are libvirt's own."""
    parsed = re.search(r"at line (\d+): (.*)", words)
    if parsed:
        return int(parsed[1]), f"line {parsed[1]}: {parsed[2].strip()}"
    for pattern, sentence in PATTERNS:
        found = re.search(pattern, words)
        if found is None:
            continue
        line = _line_of(found.groups()[-1], xml)
        text = sentence.format(*found.groups()) if sentence else " ".join(words.split())
        return line, f"line {line}: {text}" if line else text
    text = " ".join(words.split())
    quoted = (_line_with(value, xml) for value in re.findall(r"'([^']+)'", words))
    line = next((number for number in quoted if number), 0)
    return line, f"line {line}: {text}" if line else text


def _line_with(value: str, xml: str) -> int:
    """The only line that has this as a value."""
    lines = [
        number for number, line in enumerate(xml.splitlines(), 1) if re.search(rf"[\"'>]{re.escape(value)}[\"'<]", line)
    ]
    return lines[0] if len(lines) == 1 else 0


def _line_of(tag: str, xml: str) -> int:
    lines = (number for number, line in enumerate(xml.splitlines(), 1) if re.search(rf"<{re.escape(tag)}[\s/>]", line))
    return next(lines, 0)
