"""Between which hosts a study goes there and back."""

import pytest

from tui.core.failure import Failure
from tui.study.model.progress import BACK, OUT
from tui.study.model.ways import ways


@pytest.mark.parametrize(
    ("between", "hosts", "origin", "way"),
    [
        ((), ("source", "destination"), "source", ("destination", OUT)),
        ((), ("source", "destination"), "destination", ("source", BACK)),
        (("b", "c"), ("a", "b", "c"), "c", ("b", BACK)),
        (("c", "b"), ("a", "b", "c"), "c", ("b", OUT)),
    ],
)
def test_the_first_host_is_where_out_begins(
    between: tuple[str, ...], hosts: tuple[str, ...], origin: str, way: tuple[str, str]
) -> None:
    assert ways(between, hosts, origin) == way


@pytest.mark.parametrize(
    ("between", "hosts", "sentence"),
    [
        ((), ("a",), "a is the only host"),
        ((), ("a", "b", "c"), 'its plan does not name the two hosts. Add between = ["a", "b"].'),
        (("a", "x"), ("a", "b", "c"), "there is no host x. The hosts are a, b, c."),
        (("b", "c"), ("a", "b", "c"), "it is on a, and the study is between b and c"),
    ],
)
def test_hosts_that_are_not_two_are_refused(between: tuple[str, ...], hosts: tuple[str, ...], sentence: str) -> None:
    with pytest.raises(Failure) as refused:
        ways(between, hosts, "a")
    assert sentence in str(refused.value)
