"""The question before a VM is deleted, with or without its disks; lists every file that would be removed."""

from collections.abc import Sequence

from tui.ui.question import Answer, Question
from tui.vm.backend.vms import Deletion
from tui.vm.model.cpu import summary


class DeletionsQuestion(Question):
    """Of several VMs: dismissed as DeletionQuestion; `refused` are sentences on those that can't be deleted."""

    scrolls = True

    def __init__(self, deletions: Sequence[Deletion], refused: Sequence[str]) -> None:
        lines = [f"{each.name} on {' and '.join(each.hosts)}{_snapshots(each)}" for each in deletions]
        kept = [f"{path} is kept: {reason}." for each in deletions for path, reason in each.kept]
        files = "".join(f"\n   {path}" for each in deletions for path in each.disks)
        one = len(deletions) == 1
        about = f"{'Its definition' if one else 'Their definitions'} can't be restored:"
        vms = "the VM" if one else "the VMs"
        super().__init__(
            f"Delete {deletions[0].name if one else f'{len(deletions)} VMs'}?",
            "\n".join([about, *(f"   {line}" for line in lines), *kept, *(f"Not: {each}" for each in refused)]),
            (
                Answer("y", f"delete {vms}, and keep the disks"),
                Answer(
                    "d",
                    f"delete {vms} and these files for good:{files}" if files else "also delete the disks",
                    "" if files else "there are no disks of their own",
                ),
                Answer("n", "delete nothing"),
            ),
        )


def _snapshots(deletion: Deletion) -> str:
    return f"; libvirt forgets its snapshots: {summary(deletion.snapshots)}" if deletion.snapshots else ""


class DeletionQuestion(Question):
    """Dismissed with "y" for the VM only, "d" for the VM and its disks, "n" or None for nothing."""

    def __init__(self, deletion: Deletion) -> None:
        hosts = " and ".join(deletion.hosts)
        text = f"{deletion.name} is deleted from {hosts}; its definition can't be restored."
        if deletion.snapshots:
            text += f"\nlibvirt forgets its snapshots: {summary(deletion.snapshots)}."
        if deletion.nvram:
            left = f", also from {' and '.join(deletion.leftovers)}, where they stayed" if deletion.leftovers else ""
            text += f"\nIts UEFI variables are removed{left}: {deletion.nvram}."
        kept = [f"{path} is kept: {reason}." for path, reason in deletion.kept]
        files = "".join(f"\n   {path}" for path in deletion.disks)
        why_not = "" if files else "it has no disk of its own"
        super().__init__(
            f"Delete {deletion.name}?",
            "\n".join([text, *kept]),
            (
                Answer("y", "delete the VM, and keep its disks"),
                Answer(
                    "d",
                    f"delete the VM and these files for good:{files}" if files else "also delete its disks",
                    why_not,
                ),
                Answer("n", "delete nothing"),
            ),
        )
