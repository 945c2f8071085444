"""XML of libvirt's daemon as a tree."""

import xml.etree.ElementTree as ET

from tui.core.failure import Failure


def tree_of(xml: str, what: str) -> ET.Element:
    """The root element; a Failure that begins with `what` if the text is not XML."""
    try:
        return ET.fromstring(xml)  # noqa: S314 - from the user's own daemon
    except (ET.ParseError, UnicodeEncodeError) as error:
        raise Failure(what, f"libvirt's answer is not XML: {error}", detail=xml) from error
