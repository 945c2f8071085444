"""The installed virsh knows the options that "Copy as virsh" writes."""

import re
import subprocess

from tui.migration.model.call.migrate_call import DEBIAN_12, FLAGS, PARAMETERS


def test_virsh_knows_every_option_that_debian_12_has() -> None:
    printed = subprocess.run(["virsh", "help", "migrate"], check=True, capture_output=True, text=True, timeout=60)
    known = {*re.findall(r"--[a-z0-9-]+", printed.stdout)}
    options = {each.virsh for each in (*FLAGS.values(), *PARAMETERS.values()) if each.since <= DEBIAN_12}
    assert options - known == set()
