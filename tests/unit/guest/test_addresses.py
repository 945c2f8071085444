"""The addresses and users of guests, stored from one start of the app to the next."""

import re
from pathlib import Path

import pytest

from tui.core.failure import Failure
from tui.guest.backend.addresses import GuestAddresses
from tui.guest.model.agent import AGENT

ODD = "addresses"  # a VM may have the name of a key of the file


def test_addresses_and_users_are_kept_for_the_next_start(tmp_path: Path) -> None:
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
    ("address", "words"),
    [
        ("root@two", "root@two can't be saved in .*: Not a directory. It is kept until the app ends."),
        ("", "two can't be removed from .*: Not a directory. The old entry is used at the next start."),
    ],
)
def test_a_file_that_cannot_be_written_is_reported(tmp_path: Path, address: str, words: str) -> None:
    (tmp_path / "file").touch()
    known = GuestAddresses(tmp_path / "file/below/guests.json")
    with pytest.raises(Failure) as raised:
        known.keep("two", address)
    assert re.fullmatch(words, str(raised.value))
    assert known.of("two") == address


@pytest.mark.parametrize(
    ("text", "address"),
    [('{"addresses": "root@two"}', "root@two"), ("[1]", ""), ("[" * 100_000, ""), ("{", ""), ('{"addresses": {}}', "")],
)
def test_an_older_file_is_read_and_a_damaged_one_is_empty(tmp_path: Path, text: str, address: str) -> None:
    path = tmp_path / "guests.json"
    path.write_text(text)
    assert GuestAddresses(path).of(ODD) == address
