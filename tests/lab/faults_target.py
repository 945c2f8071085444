"""Faults of the target before the start, and of the folder of the runs."""

from dataclasses import replace

from tests.lab import fault_acts as acts
from tests.lab.fault import BEFORE, PASS_2, Fault, presses, waits
from tests.lab.fault_acts import kill, mount_runs
from tests.lab.fault_expect import MOVES, REFUSED, Expect
from tests.lab.fault_world import SSHD, TARGET
from tui.migration.model.keys import POST_COPY_NOW


def _refused(sentence: str) -> Expect:
    """A refusal of the target, whose reason libvirt now and then loses while it closes the connection to it."""
    lost = r"libvirt gave no usable reason; QEMU was not seen to start on {target}"
    return replace(REFUSED, sentence=f"{sentence}|{lost}")


TARGETS = (
    Fault(
        "name taken on the target",
        BEFORE,
        acts.define_other(same_name=True),
        Expect(refused="name {vm} is taken on {target}"),
    ),
    Fault(
        "uuid taken on the target",
        BEFORE,
        acts.define_other(same_name=False),
        Expect(refused="UUID.*{target}"),
        chosen=True,
    ),
    Fault(
        "ports taken on the target",
        BEFORE,
        acts.take_ports,
        _refused("all ports for migrations .*in use on {target}"),
    ),
    Fault("no room for libvirt's files", BEFORE, acts.fill_state_disk, _refused("disk is probably full")),
    Fault(
        "emulator missing on the target",
        BEFORE,
        acts.HIDE_EMULATOR,
        Expect(refused="QEMU for x86_64 is missing there"),
    ),
    Fault(
        "no memory on the target",
        BEFORE,
        acts.limit_memory,
        replace(REFUSED, sentence="too little memory|gave no usable reason|could not start"),
    ),
    Fault("cpu impossible on the target", BEFORE, acts.weaken_cpu, _refused("CPU lacks features")),
    Fault("name of the target unknown", BEFORE, acts.hide_name, replace(REFUSED, sentence="cannot resolve")),
    Fault(
        "host key of the target changed",
        BEFORE,
        acts.change_host_key,
        replace(REFUSED, sentence="host key (is unknown.*or )?has changed"),
        chosen=True,
    ),
    Fault(
        "shared folder missing on the target",
        BEFORE,
        acts.HIDE_FOLDER,
        replace(REFUSED, sentence="does not exist|cannot open|may not open|could not start|usable reason"),
    ),
    Fault(
        "image unreadable on the target",
        BEFORE,
        acts.BREAK_IMAGE,
        replace(REFUSED, sentence="does not exist|cannot open|may not open|could not start|usable reason"),
    ),
    Fault(
        "key of the origin not accepted by the target",
        BEFORE,
        acts.hide_keys,
        replace(REFUSED, sentence="ssh refused the login"),
    ),
    Fault("sshd of the target killed", BEFORE, kill(TARGET, SSHD), replace(REFUSED, sentence="sshd does not listen")),
)
FOLDERS = (
    Fault(
        "disk of the runs full",
        BEFORE,
        mount_runs("size=32k"),
        MOVES,
        (
            waits("the disk is full", lambda timeline: timeline.log_trouble),
            presses(POST_COPY_NOW),
            waits("the end", lambda timeline: timeline.over),
        ),
        acts.enlarge_runs,
    ),
    Fault(
        "folder of the runs read-only",
        BEFORE,
        mount_runs("ro"),
        Expect(refused="The run cannot be recorded in .*: Read-only file system"),
        chosen=True,
    ),
    Fault("folder of the runs deleted", PASS_2, acts.delete_runs, MOVES, (presses(POST_COPY_NOW),), chosen=True),
)
