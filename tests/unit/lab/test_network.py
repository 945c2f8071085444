"""Valid link rates, and host names that are never loopback addresses."""

import ipaddress

import pytest

from tui.core.failure import Failure
from tui.lab.network import DEFAULT_RATE, hosts_file, parse_rate


@pytest.mark.parametrize("rate", ["1gbit", "250mbit", "100000kbit", "none", DEFAULT_RATE])
def test_a_rate_in_tcs_notation_is_accepted(rate: str) -> None:
    assert parse_rate(rate) == rate


@pytest.mark.parametrize(
    "rate", ["", "0mbit", "fast", "1", "1 gbit", "1gbit\n", "-1mbit", "1gbit burst 1", "1000000mbit", "1tbit", "1GBIT"]
)
def test_an_invalid_rate_is_refused_with_an_example(rate: str) -> None:
    with pytest.raises(Failure) as refused:
        parse_rate(rate)
    assert repr(rate) in str(refused.value)
    assert "1gbit" in refused.value.hint


def test_no_name_of_a_lab_is_a_loopback_address() -> None:
    """QEMU refuses to migrate to a host whose name resolves to a loopback address."""
    names = {}
    for line in hosts_file().splitlines():
        address, *words = line.split()
        names.update({word: ipaddress.ip_address(address) for word in words if word != "localhost"})
    assert set(names) == {"source", "destination", "storage", "guest1"}
    assert not any(address.is_loopback for address in names.values())
    assert len(set(names.values())) == 4
