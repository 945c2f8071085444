"""The faults that are put to a migration, each with what must hold; `fault.py` reads the table.

`fault_index.py` leads from each fault that version 0.1 failed to its rows here and to other tests of it.
"""

from dataclasses import replace

from tests.lab import fault_acts as acts
from tests.lab.fault import (
    BEFORE,
    BEGUN,
    IN_POST_COPY,
    IN_SETUP,
    PASS_2,
    SILENT,
    Fault,
    attaches,
    does,
    lasts,
    leaves,
    presses,
    second_owner_switches_too,
    shows,
    waits,
)
from tests.lab.fault_acts import cont, kill, link, restart, stop, try_virsh, types, virsh
from tests.lab.fault_expect import (
    ENDED_HERE,
    LEFT,
    LOST_HERE,
    LOST_THERE,
    MOVES,
    OFF,
    POWERED_OFF,
    REFUSED,
    RUNS,
    STAYS,
    WATCHED,
)
from tests.lab.fault_vm import PANIC, POWER_OFF
from tests.lab.fault_world import LIBVIRTD, ORIGIN, QEMU, TARGET
from tests.lab.faults_cuts import CUTS
from tests.lab.faults_target import FOLDERS, TARGETS
from tui.core.plan import PRE_COPY
from tui.migration.model.keys import CANCEL, POST_COPY_NOW, RESUME

DAEMONS = (
    Fault(
        "libvirtd of the origin killed in setup",
        IN_SETUP,
        kill(ORIGIN, LIBVIRTD),
        replace(STAYS, error="libvirtd does not run there|connection to libvirt on {origin} broke"),
        (SILENT, lasts(3)),
        restart(ORIGIN),
        chosen=True,
    ),
    Fault(
        "libvirtd of the origin killed in pre-copy",
        PASS_2,
        kill(ORIGIN, LIBVIRTD),
        replace(STAYS, error="connection to libvirt on {origin} broke"),
        (SILENT, presses(POST_COPY_NOW), presses(CANCEL), lasts(5)),
        restart(ORIGIN),
    ),
    Fault(
        "libvirtd of the origin killed, and its owner leaves",
        PASS_2,
        kill(ORIGIN, LIBVIRTD),
        replace(STAYS, error="", never=(), gap=True),
        (SILENT, leaves, does(restart(ORIGIN)), attaches),
    ),
    Fault(
        "libvirtd of the origin killed in post-copy",
        IN_POST_COPY,
        kill(ORIGIN, LIBVIRTD),
        LEFT,
        (SILENT, lasts(3)),
        restart(ORIGIN),
    ),
    Fault(
        "libvirtd of the target killed in setup",
        IN_SETUP,
        kill(TARGET, LIBVIRTD),
        replace(STAYS, sentence="{vm} runs on {origin}"),
        (lasts(5),),
        restart(TARGET),
    ),
    Fault(
        "libvirtd of the target killed in pre-copy",
        PASS_2,
        kill(TARGET, LIBVIRTD),
        replace(STAYS, sentence="connection to libvirt on {target} broke.*{vm} runs on {origin}"),
        (waits("the end", lambda timeline: timeline.over),),
        restart(TARGET),
        chosen=True,
    ),
    Fault(
        "libvirtd of the target killed in post-copy",
        IN_POST_COPY,
        kill(TARGET, LIBVIRTD),
        replace(MOVES, sentence="{vm} runs on {target}", here=f"({OFF})?", advice=".*"),
        (lasts(5),),
        restart(TARGET),
    ),
    Fault(
        "libvirtd of the target killed as post-copy begins",
        BEGUN,
        kill(TARGET, LIBVIRTD),
        replace(LOST_THERE, sentence="in post-copy, so the VM is lost", error="in post-copy", never=WATCHED),
        (lasts(2),),
        restart(TARGET),
    ),
    Fault(
        "libvirtd of the origin stopped while a key is pressed",
        PASS_2,
        stop(ORIGIN, LIBVIRTD),
        MOVES,
        (presses(POST_COPY_NOW), SILENT, lasts(5)),
        cont(ORIGIN, LIBVIRTD),
    ),
    Fault(
        "libvirtd of the origin stopped for 40 s",
        PASS_2,
        stop(ORIGIN, LIBVIRTD),
        replace(MOVES, outcome="completed|failed", sentence="{vm} runs on", here=".*", there=".*"),
        (presses(POST_COPY_NOW), SILENT, lasts(40)),
        cont(ORIGIN, LIBVIRTD),
    ),
    Fault(
        "libvirtd of the target stopped for 15 s",
        PASS_2,
        stop(TARGET, LIBVIRTD),
        MOVES,
        (lasts(15), presses(POST_COPY_NOW)),
        cont(TARGET, LIBVIRTD),
    ),
    Fault(
        "qemu of the origin stopped for 15 s",
        PASS_2,
        stop(ORIGIN, QEMU),
        MOVES,
        (presses(POST_COPY_NOW), SILENT, lasts(15)),
        cont(ORIGIN, QEMU),
    ),
    Fault(
        "qemu of the target stopped for 15 s",
        PASS_2,
        stop(TARGET, QEMU),
        MOVES,
        (shows("Nothing has been sent for"), lasts(15), presses(POST_COPY_NOW)),
        cont(TARGET, QEMU),
    ),
)
QEMUS = (
    Fault("qemu of the origin killed in setup", IN_SETUP, kill(ORIGIN, QEMU), ENDED_HERE),
    Fault("qemu of the origin killed in pre-copy", PASS_2, kill(ORIGIN, QEMU), ENDED_HERE),
    Fault(
        "qemu of the origin killed as post-copy begins",
        BEGUN,
        kill(ORIGIN, QEMU),
        replace(LOST_HERE, sentence="QEMU of {vm} on {origin} ended", advice=".", there=".*"),
    ),
    Fault("qemu of the origin killed in post-copy", IN_POST_COPY, kill(ORIGIN, QEMU), LOST_HERE, chosen=True),
    Fault(
        "qemu of the target killed in pre-copy",
        PASS_2,
        kill(TARGET, QEMU),
        replace(REFUSED, sentence="QEMU on {target} (ended|could not start, or ended).*{vm} runs on {origin}"),
        chosen=True,
    ),
    Fault("qemu of the target killed as post-copy begins", BEGUN, kill(TARGET, QEMU), LOST_THERE),
    Fault("qemu of the target killed in post-copy", IN_POST_COPY, kill(TARGET, QEMU), LOST_THERE),
)
CONNECTIONS = (
    Fault("ssh connections cut in pre-copy", PASS_2, acts.cut_ssh, STAYS),
    Fault("ssh connections cut in post-copy", IN_POST_COPY, acts.cut_ssh, replace(LEFT, never=())),
    Fault(
        "streams cut in pre-copy",
        PASS_2,
        acts.cut_streams,
        replace(REFUSED, error="", sentence="{vm} runs on {origin}"),
        chosen=True,
    ),
    Fault(
        "streams cut as post-copy begins",
        BEGUN,
        acts.cut_streams,
        replace(LOST_THERE, sentence=".", here=".*", there=".*"),
        (lasts(5), does(acts.end_qemu(TARGET))),
    ),
    Fault(
        "streams cut in post-copy",
        IN_POST_COPY,
        acts.cut_streams,
        replace(LOST_THERE, never=()),
        (
            shows("does not continue by itself.*Upgrade it there to 11.4 or later first"),
            lasts(4),
            does(kill(TARGET, QEMU)),
        ),
    ),
    Fault(
        "link down for 5 s in pre-copy",
        PASS_2,
        link(TARGET, "down"),
        MOVES,
        (shows("Nothing has been sent for"), lasts(5)),
        link(TARGET, "up"),
    ),
    Fault(
        "link down for 5 s in post-copy",
        IN_POST_COPY,
        link(TARGET, "down"),
        MOVES,
        (shows("but nothing arrives"), lasts(5)),
        link(TARGET, "up"),
    ),
    Fault(
        "link down for 60 s in pre-copy",
        PASS_2,
        link(TARGET, "down"),
        replace(STAYS, sentence="{vm} runs on {origin}", advice=".*"),
        (lasts(60),),
        link(TARGET, "up"),
    ),
    Fault(
        "link down for 60 s in post-copy",
        IN_POST_COPY,
        link(TARGET, "down"),
        replace(LEFT, never=("unobserved",)),
        (lasts(60),),
        link(TARGET, "up"),
    ),
    Fault(
        "link down before the start",
        BEFORE,
        link(TARGET, "down"),
        MOVES,
        (lasts(5),),
        link(TARGET, "up"),
    ),
)
OTHERS = (
    Fault(
        "cancelled while the link is down",
        PASS_2,
        link(TARGET, "down"),
        replace(MOVES, outcome="cancelled", sentence="Cancelled. {vm} runs on {origin}", here=RUNS, there=""),
        (lasts(2), presses(CANCEL)),
        link(TARGET, "up"),
        PRE_COPY,
    ),
    Fault(
        "job aborted by another program",
        PASS_2,
        virsh(ORIGIN, "domjobabort"),
        replace(
            REFUSED,
            outcome="failed|cancelled",
            sentence="(cancelled|virsh domjobabort).*{vm} runs on {origin}",
            error="",
        ),
        chosen=True,
    ),
    Fault(
        "post-copy paused by another program",
        IN_POST_COPY,
        virsh(ORIGIN, "domjobabort", "--postcopy"),
        replace(LOST_THERE, never=()),
        (shows("does not continue by itself"), presses(RESUME), lasts(4), does(kill(TARGET, QEMU))),
    ),
    Fault("switched to post-copy by another program", PASS_2, virsh(ORIGIN, "migrate-postcopy"), MOVES),
    Fault(
        "vm destroyed by another program in pre-copy",
        PASS_2,
        virsh(ORIGIN, "destroy"),
        replace(ENDED_HERE, sentence="Another program forced {vm} off on {origin}", advice="Start {vm}"),
    ),
    Fault(
        "vm destroyed on the origin in post-copy",
        IN_POST_COPY,
        virsh(ORIGIN, "destroy"),
        replace(LOST_HERE, sentence="forced off.*so the VM is lost", error="forced off"),
    ),
    Fault(
        "vm destroyed on the target in post-copy",
        IN_POST_COPY,
        virsh(TARGET, "destroy"),
        replace(
            LOST_THERE, sentence="Another program forced {vm} off on {target} in post-copy. It is off", error="forced"
        ),
    ),
    Fault(
        "vm suspended by another program",
        PASS_2,
        virsh(ORIGIN, "suspend"),
        MOVES,
        chosen=True,
    ),
    Fault("vm reset by another program", PASS_2, try_virsh(ORIGIN, "reset"), MOVES, (presses(POST_COPY_NOW),)),
    Fault("vm undefined by another program", PASS_2, try_virsh(ORIGIN, "undefine"), MOVES, (presses(POST_COPY_NOW),)),
    Fault("guest powered off in pre-copy", PASS_2, types(ORIGIN, POWER_OFF), POWERED_OFF),
    Fault(
        "guest powered off in post-copy",
        IN_POST_COPY,
        types(TARGET, POWER_OFF),
        replace(
            LOST_THERE,
            sentence="{vm} powered itself off on {target} in post-copy. It is off",
            error="powered itself off",
            advice="must not run",
        ),
        (waits("the end", lambda timeline: timeline.over),),
    ),
    Fault("guest panics in pre-copy", PASS_2, types(ORIGIN, PANIC), MOVES),
)
OWNERS = (
    Fault("two owners switch at once", PASS_2, lambda _: None, MOVES, (second_owner_switches_too,)),
    Fault(
        "owner leaves in pre-copy",
        PASS_2,
        lambda _: None,
        replace(MOVES, gap=True),
        (leaves, attaches, presses(POST_COPY_NOW)),
    ),
    Fault("owner leaves in post-copy", IN_POST_COPY, lambda _: None, replace(MOVES, gap=True), (leaves, attaches)),
    Fault(
        "owner leaves as post-copy begins",
        BEGUN,
        lambda _: None,
        replace(MOVES, gap=True),
        (leaves, attaches),
        chosen=True,
    ),
)
FAULTS = (*DAEMONS, *QEMUS, *CONNECTIONS, *CUTS, *OTHERS, *OWNERS, *TARGETS, *FOLDERS)
