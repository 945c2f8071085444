"""libvirt's error about a domain XML as a sentence with the line number."""

import re

from tui.core.failure import Failure
from tui.vm.model.domain import BadDefinition

# In this order, because the first match is the innermost element.
PATTERNS = (
    (r"Extra element ([\w-]+) in interleave", "<{0}> or an element in it does not match libvirt's schema"),
    (r"Element [\w-]+ has extra content: ([\w-]+)", "<{0}> is not allowed there"),
    (r"Did not expect element ([\w-]+) there", "<{0}> is not allowed there"),
    (r"Invalid attribute ([\w-]+) for element ([\w-]+)", '<{1}> has an invalid attribute "{0}"'),
    (r"Expecting an? (?:element|attribute) ([\w-]+), got (?:nothing|[\w-]+)", "{0} is missing"),
    (r"attribute '([\w-]+)' in element '([\w-]+)'", ""),
    (r"element '([\w-]+)'", ""),
    (r"Element ([\w-]+) failed to validate content", "<{0}> does not match libvirt's schema"),
)


def complaint(words: str, xml: str) -> tuple[int, str]:
    """The line (from 1; 0 if unknown) and the sentence for libvirt's error text `words`."""
    parsed = re.search(r"at line ([0-9]{1,9}): (.*)", words)
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


def rejected(failure: Failure, xml: str) -> BadDefinition:
    """libvirt's refusal of a definition, with the line that it means."""
    line, why = complaint(failure.detail, xml)
    return BadDefinition(failure.what, why or failure.why, failure.hint, line=line, detail=failure.detail)


def _line_with(value: str, xml: str) -> int:
    """The line with this value; 0 unless exactly one has it."""
    lines = [
        number for number, line in enumerate(xml.splitlines(), 1) if re.search(rf"[\"'>]{re.escape(value)}[\"'<]", line)
    ]
    return lines[0] if len(lines) == 1 else 0


def _line_of(tag: str, xml: str) -> int:
    lines = (number for number, line in enumerate(xml.splitlines(), 1) if re.search(rf"<{re.escape(tag)}[\s/>]", line))
    return next(lines, 0)
