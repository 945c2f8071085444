"""The addresses on the kernel command line of a VM that is copied."""

import pytest

from tests.unit.vm.test_domain import TEMPLATE
from tui.vm.model.domain_copy import domain_copy
from tui.vm.model.kernel_address import address_notes, own_addresses


@pytest.mark.parametrize(
    ("cmdline", "words"),
    [
        ("quiet vmlm.name=guest1 vmlm.address=10.77.0.10/24", ("vmlm.address=10.77.0.10/24",)),
        ("ip=10.0.0.2::10.0.0.1:255.255.255.0::eth0:off ro", ("ip=10.0.0.2::10.0.0.1:255.255.255.0::eth0:off",)),
        ("ip=[fd00::2]::[fd00::1]:64::eth0:off", ("ip=[fd00::2]::[fd00::1]:64::eth0:off",)),
        ("addr=fd00::2/64 addr2=10.0.0.3,10.0.0.4", ("addr=fd00::2/64", "addr2=10.0.0.3,10.0.0.4")),
        (
            "ip=dhcp ip=::::guest1:eth0:dhcp console=ttyS0,115200 root=/dev/vda1 x=1.2 y=127.0.0.1 mask=255.255.0.0",
            (),
        ),
        ("nfsroot=10.0.0.1:/srv/root gateway=10.0.0.1 10.0.0.2 rcupdate.rcu_cpu_stall_suppress=1", ()),
        ("", ()),
    ],
)
def test_the_words_with_an_address_of_the_guest_are_found(cmdline: str, words: tuple[str, ...]) -> None:
    assert own_addresses(cmdline) == words


def test_the_note_names_the_line_of_the_copy() -> None:
    xml = domain_copy(TEMPLATE, "two", {}, 2, 1 << 30)
    (note,) = address_notes(("vmlm.address=10.77.0.10/24",), xml, "guest1")
    line, rest = note.removeprefix("Line ").split(": ", 1)
    assert "vmlm.address=10.77.0.10/24" in xml.splitlines()[int(line) - 1]
    assert rest == "change vmlm.address=10.77.0.10/24, because guest1 has this address."


def test_a_word_that_the_xml_writes_otherwise_has_no_line() -> None:
    assert list(address_notes(("ip=10.0.0.2",), "<domain/>", "guest1")) == [
        "The kernel's command line: change ip=10.0.0.2, because guest1 has this address."
    ]


def test_a_word_with_an_ampersand_is_found_in_its_line_of_the_xml() -> None:
    xml = "<domain>\n<cmdline>a ip=10.0.0.2::x&amp;y</cmdline>\n</domain>"
    (note,) = address_notes(("ip=10.0.0.2::x&y",), xml, "guest1")
    assert note.startswith("Line 2: ")
