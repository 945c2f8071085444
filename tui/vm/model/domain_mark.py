"""The mark on a VM that is being made or deleted, in its definition: where that was broken off, it stays."""

import re
import xml.etree.ElementTree as ET

from tui.core import actions

NAMESPACE, PREFIX, TAG = "urn:vmlm-tui:work", "vmlm", "work"
MAKING, DELETING = "making", "deleting"

UNFINISHED = {
    MAKING: (
        "It is not made to its end: that was broken off, or is still going on in another app. "
        f"{actions.DELETE} deletes it."
    ),
    DELETING: f"Its deletion was broken off, and some of its disks are gone. {actions.DELETE} finishes it.",
}

ROOT = re.compile(r"<domain(?:\s[^>]*)?>")
METADATA = re.compile(r"<metadata\s*(/?)>")


def element(work: str) -> str:
    """The mark as it stands among a VM's metadata."""
    return f'<{PREFIX}:{TAG} xmlns:{PREFIX}="{NAMESPACE}">{work}</{PREFIX}:{TAG}>'


def marked(xml: str, work: str) -> str:
    """A domain XML with the mark, every line where it was; one that is none stays as it is, for libvirt to refuse."""
    metadata = METADATA.search(xml)
    if metadata is not None and not metadata[1]:
        return f"{xml[: metadata.end()]}{element(work)}{xml[metadata.end() :]}"
    whole = f"<metadata>{element(work)}</metadata>"
    if metadata is not None:
        return f"{xml[: metadata.start()]}{whole}{xml[metadata.end() :]}"
    return ROOT.sub(lambda root: f"{root[0]}{whole}", xml, count=1)


def mark_of(root: ET.Element) -> str:
    """MAKING or DELETING, "" of a VM that is whole."""
    work = root.findtext(f"metadata/{{{NAMESPACE}}}{TAG}", "").strip()
    return work if work in UNFINISHED else ""
