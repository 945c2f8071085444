"""Commands as root through real sudo: with a password, without one, and without permission."""

import pytest

from tests.nfs.machines import Machines
from tui.core.failure import PasswordNeeded
from tui.linux.sudo import Sudo


async def test_every_login_with_permission_runs_commands_as_root(bare: Machines) -> None:
    shells = {user: bare.storage.shell(user) for user in ("root", "nopass", "op", "nosudo")}
    root = Sudo(shells.__getitem__)  # one host by four logins
    try:
        for user in ("root", "nopass"):
            assert (await root.run(user, ["id", "-u"])).stdout == "0\n"

        with pytest.raises(PasswordNeeded, match="requires a password"):
            await root.run("op", ["id", "-u"])
        root.give_password("op", "wrong")
        with pytest.raises(PasswordNeeded, match="it is wrong"):
            await root.run("op", ["id", "-u"])
        root.give_password("op", "op-secret")
        done = await root.run("op", ["sh", "-c", 'id -u; cat; printf %s "$1"', "sh", "a b'\";$(id)"], stdin="of ours\n")
        assert done.stdout == "0\nof ours\na b'\";$(id)"  # without the password

        root.give_password("nosudo", "nosudo-secret")
        with pytest.raises(PasswordNeeded, match="it is wrong"):  # this login has no permission either
            await root.run("nosudo", ["id", "-u"])
    finally:
        for shell in shells.values():
            await shell.close()
