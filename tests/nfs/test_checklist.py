"""The NFS list on real machines: from bare to proven, kept over a restart, and undone to what was there before."""

from pathlib import Path

from tests.nfs.machines import Machines
from tests.nfs.room import bad, checklist, say, settled


def traces(machines: Machines) -> dict[str, dict[str, str]]:
    """All that setting up and undoing may leave behind, by machine."""
    return {machine.name: machine.files() for machine in machines}


def differences(before: dict[str, dict[str, str]], after: dict[str, dict[str, str]]) -> list[str]:
    """Each thing that is not as it was, for a person to read."""
    return [
        f"{machine}: {name}: {was.get(name)!r} -> {after[machine].get(name)!r}"
        for machine, was in before.items()
        for name in sorted(was.keys() | after[machine].keys())
        if was.get(name) != after[machine].get(name)
    ]


async def test_bare_machines_become_a_proven_shared_folder_and_bare_again(bare: Machines, tmp_path: Path) -> None:
    before = traces(bare)
    async with checklist(bare, tmp_path / "changes.jsonl") as steps:
        await steps.look_once()
        assert differences(before, traces(bare)) == []  # a look changes nothing
        assert {"storage.package", "storage.exports", "source.mount"} <= bad(steps).keys()
        await steps.apply_missing(say)
        assert await settled(steps) == {}
        assert await steps.apply_missing(say) == ()
    bare.source.reboot()
    async with checklist(bare, tmp_path / "changes.jsonl") as steps:  # the app, too, was started anew
        assert await settled(steps) == {}
        await steps.undo_all(say)
    left = differences(before, traces(bare))
    assert not left, "\n".join(left)
