"""How guests are reached, kept from one start of the app to the next."""

from pathlib import Path

import pytest

from tui.backend.guest_addresses import GuestAddresses
from tui.model.agent import AGENT

ODD = "addresses"  # a VM may be called as the file's own words are


def test_addresses_and_users_are_there_at_the_next_start(tmp_path: Path) -> None:
    path = tmp_path / "new" / "guests.json"
    known = GuestAddresses(path)
    known.keep(ODD, AGENT, "ada")
    known.keep("two", "root@two")
    known.keep(ODD, "ada@192.0.2.7")
    again = GuestAddresses(path)
    assert (again.of(ODD), again.user_of(ODD)) == ("ada@192.0.2.7", "ada")
    assert (again.of("two"), again.user_of("two")) == ("root@two", "")
    again.keep(ODD, "")
    last = GuestAddresses(path)
    assert (last.of(ODD), last.user_of(ODD), last.of("two")) == ("", "", "root@two")


@pytest.mark.parametrize(
    ("text", "address"), [('{"addresses": "root@two"}', "root@two"), ("[1]", ""), ("{", ""), ('{"addresses": {}}', "")]
)
def test_an_older_file_is_read_and_a_damaged_one_holds_nothing(tmp_path: Path, text: str, address: str) -> None:
    path = tmp_path / "guests.json"
    path.write_text(text)
    assert GuestAddresses(path).of(ODD) == address
