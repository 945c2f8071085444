"""Asks whether a VM is deleted, and whether its disks are: every file that would be gone is named."""

from tui.ui.question import Answer, Question
from tui.vm.backend.vms import Deletion


class DeletionQuestion(Question):
    """Dismissed with "y" for the VM alone, "d" for its disks, too, "n" or None for neither."""

    def __init__(self, deletion: Deletion) -> None:
        hosts = " and ".join(deletion.hosts)
        text = f"{deletion.name} will be unknown on {hosts}: its definition can't be brought back."
        kept = [f"{path} stays: {reason}." for path, reason in deletion.kept]
        files = "".join(f"\n   {path}" for path in deletion.disks)
        why_not = "" if files else "there is none that only this VM uses"
        super().__init__(
            f"Delete {deletion.name}?",
            "\n".join([text, *kept]),
            (
                Answer("y", "delete the VM, and leave its disks where they are"),
                Answer("d", f"delete the VM and these files, for ever:{files}" if files else "its disks, too", why_not),
                Answer("n", "delete nothing"),
            ),
        )
