"""A definition of a VM before and after it was edited, and why the new one can't replace it."""

from dataclasses import dataclass, replace

from tui.core.failure import Failure
from tui.launch.model.new_vm import disk_in_use, same_uuid, validate_identity
from tui.vm.model.domain import BadDefinition, parse
from tui.vm.model.listing import Listing

KEEP = "Keep it: with another one, libvirt would make a second VM."
SECRET = "The definition contains passwords; they are shown here and in the file of the definition of before."


@dataclass(frozen=True)
class Definition:
    """The definition with which a VM starts next, and the host that has it; `read_at` names its file."""

    name: str
    host: str
    xml: str
    read_at: str

    @property
    def file_name(self) -> str:
        """The name of the file in which it is kept."""
        return f"{self.name.replace('/', '_')}-{self.read_at}.xml"

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know before."""
        return (SECRET,) if "passwd=" in self.xml else ()


def why_not_replace(before: Definition, xml: str, listing: Listing) -> Failure | None:
    """Why `xml` can't replace the definition; None if nothing known is against it."""
    old, new = parse(before.xml), parse(xml)
    if new.name != old.name:
        why = f"it was {old.name!r} and is {new.name!r}"
        return BadDefinition("The name was changed", why, KEEP, line=_line_of("<name", xml))
    if not same_uuid(new.uuid, old.uuid):
        why = f"it was {old.uuid} and is {new.uuid or 'missing'}"
        return BadDefinition("The UUID was changed", why, KEEP, line=_line_of("<uuid", xml))
    others, known = listing.without(old.name), {disk.source for disk in old.disks}
    macs = {nic.mac.lower() for nic in old.nics}
    added = replace(
        new,
        uuid="",
        disks=tuple(each for each in new.disks if each.source not in known),
        nics=tuple(each for each in new.nics if each.mac.lower() not in macs),
    )
    return validate_identity(added, others) or disk_in_use(added, others)


def _line_of(text: str, xml: str) -> int:
    return next((number for number, line in enumerate(xml.splitlines(), 1) if text in line), 0)
