"""Root through real sudo: with a password, without one, and without the right."""

import pytest

from tests.nfs.machines import Machines
from tui.core.failure import PasswordNeeded
from tui.linux.sudo import Sudo


async def test_root_is_reached_by_everybody_who_may(bare: Machines) -> None:
    shells = {user: bare.storage.shell(user) for user in ("root", "nopass", "op", "nosudo")}
    root = Sudo(shells.__getitem__)  # one host by four logins
    try:
        for user in ("root", "nopass"):
            assert (await root.run(user, ["id", "-u"])).stdout == "0\n"

        with pytest.raises(PasswordNeeded, match="wants a password"):
            await root.run("op", ["id", "-u"])
        root.give_password("op", "wrong")
        with pytest.raises(PasswordNeeded, match="it is wrong"):
            await root.run("op", ["id", "-u"])
        root.give_password("op", "op-secret")
        done = await root.run("op", ["sh", "-c", 'id -u; cat; printf %s "$1"', "sh", "a b'\";$(id)"], stdin="of ours\n")
        assert done.stdout == "0\nof ours\na b'\";$(id)"  # and no password among it

        root.give_password("nosudo", "nosudo-secret")
        with pytest.raises(PasswordNeeded, match="it is wrong"):  # it has none, and no right either
            await root.run("nosudo", ["id", "-u"])
    finally:
        for shell in shells.values():
            await shell.close()
