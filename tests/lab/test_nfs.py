"""The NFS list in the lab, whose hosts share a folder without NFS: the NFS steps are not needed, the proof is real."""

import json
import subprocess

from tui.lab.lab import Lab

LIMIT_S = 300
PROOF = ("source.write", "destination.read", "storage.seen", "destination.lock", "source.image", "destination.image")
ONLY_FOR_NFS = ("storage.package", "storage.exports", "storage.service", "source.mount", "destination.mount")


def test_the_folder_is_proved_to_be_shared_without_leftovers(lab: Lab) -> None:
    before = sorted(path.name for path in lab.place.images.iterdir())
    argv = lab.machine("source").argv(["vmlm-tui", "check", "--json"])
    done = subprocess.run(argv, capture_output=True, text=True, timeout=LIMIT_S, stdin=subprocess.DEVNULL, check=False)
    items = {item["id"]: item for item in json.loads(done.stdout)["lists"]["nfs"]}
    assert {id: items[id]["state"] for id in PROOF} == dict.fromkeys(PROOF, "ok")
    assert {id: items[id]["state"] for id in ONLY_FOR_NFS} == dict.fromkeys(ONLY_FOR_NFS, "not needed")
    assert "shared_filesystems in qemu.conf" in items["source.mount"]["found"]
    assert {item["state"] for item in items.values()} == {"ok", "not needed"}
    assert sorted(path.name for path in lab.place.images.iterdir()) == before
