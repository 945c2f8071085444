"""A mark in the definition of a VM while it is created or deleted; it stays if that is interrupted."""

import re
import xml.etree.ElementTree as ET

from tui.core import actions

NAMESPACE, PREFIX, TAG = "urn:vmlm-tui:work", "vmlm", "work"
MAKING, DELETING = "making", "deleting"

UNFINISHED = {
    MAKING: f"Its creation was interrupted, or another app still works on it. {actions.DELETE} deletes it.",
    DELETING: f"Its deletion was interrupted; some of its disks are removed. {actions.DELETE} finishes it.",
}

ROOT = re.compile(r"<domain(?:\s[^>]*)?>")
METADATA = re.compile(r"<metadata\s*(/?)>")


def element(work: str) -> str:
    """The mark as an element of <metadata>."""
    return f'<{PREFIX}:{TAG} xmlns:{PREFIX}="{NAMESPACE}">{work}</{PREFIX}:{TAG}>'


def marked(xml: str, work: str) -> str:
    """A domain XML with the mark, its line numbers unchanged; any other text is returned as it is."""
    metadata = METADATA.search(xml)
    if metadata is not None and not metadata[1]:
        return f"{xml[: metadata.end()]}{element(work)}{xml[metadata.end() :]}"
    whole = f"<metadata>{element(work)}</metadata>"
    if metadata is not None:
        return f"{xml[: metadata.start()]}{whole}{xml[metadata.end() :]}"
    return ROOT.sub(lambda root: f"{root[0]}{whole}", xml, count=1)


def mark_of(root: ET.Element) -> str:
    """MAKING or DELETING; "" for a complete VM."""
    work = root.findtext(f"metadata/{{{NAMESPACE}}}{TAG}", "").strip()
    return work if work in UNFINISHED else ""
