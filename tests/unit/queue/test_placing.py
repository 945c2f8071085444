"""Which host each VM of a plan goes to."""

from dataclasses import replace

import pytest

from tui.core.quantity import GIB
from tui.core.vm import Vm
from tui.queue.model.placing import Fit, Mover, Room, placed

ANY = {"b": Fit(), "c": Fit()}
B, C = Room("b", 8 * GIB, 16 * GIB, 8), Room("c", 8 * GIB, 16 * GIB, 8)


def mover(name: str = "vm", memory_gib: int = 1, **values: object) -> Mover:
    return Mover(Vm(name, name, "running", "", 2, memory_gib * GIB), "a", **{"fits": ANY, **values})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rooms", "fits", "targets"),
    [
        ((B, replace(C, free_bytes=12 * GIB)), ANY, ("c", "b")),  # more free memory
        ((replace(B, vcpus=8), C), ANY, ("c", "b")),  # less load
        ((replace(B, vcpus=8), replace(C, free_bytes=2 * GIB)), ANY, ("b", "c")),  # memory before load
        ((replace(B, free_bytes=17 * GIB // 2, vcpus=8), C), ANY, ("c", "b")),  # memory that is alike
        ((replace(B, free_bytes=12 * GIB), C), {"b": Fit(doubt="its CPU"), "c": Fit()}, ("c", "b")),  # CPU before both
        ((B, C), {"b": Fit(blocked="a device"), "c": Fit()}, ("c",)),
        ((replace(B, why_not="b is in maintenance"), C), ANY, ("c",)),
        ((B, C), {"c": Fit()}, ("c",)),  # the only one that was asked for
        ((replace(B, free_bytes=None), C), ANY, ("c", "b")),  # unknown memory is the last choice
        ((Room("a", 16 * GIB, 16 * GIB, 8), B), {"a": Fit(), **ANY}, ("b",)),  # not where it is
    ],
)
def test_the_best_host_is_first(rooms: tuple[Room, ...], fits: dict[str, Fit], targets: tuple[str, ...]) -> None:
    place = placed([mover(fits=fits)], rooms)["vm"]
    assert (place.targets, place.cannot) == (targets, "")


def test_what_the_plan_sends_somewhere_is_taken_into_account() -> None:
    movers = [mover(f"vm{number}") for number in range(8)]
    found = placed(movers, (B, C))
    targets = [each.target for each in found.values()]
    assert (targets.count("b"), targets.count("c")) == (4, 4)


def test_the_largest_vm_chooses_first_so_that_all_find_room() -> None:
    found = placed([mover("small", 1), mover("large", 8)], (B, replace(C, free_bytes=GIB)))
    assert {name: each.target for name, each in found.items()} == {"large": "b", "small": "c"}


@pytest.mark.parametrize(
    ("given", "rooms", "why"),
    [
        (mover(cannot="it is paused"), (B, C), "it is paused"),
        (mover(fits={}), (B, C), "there is no other host"),
        (mover(fits={each: Fit(blocked="It has a host device.") for each in "bc"}), (B, C), "It has a host device."),
        (mover(fits={"b": Fit(blocked="no"), "c": Fit()}), (B, replace(C, why_not="c is in maintenance")),
         "b: no; c is in maintenance"),
        (mover(memory_gib=9), (B,), "it needs 9.0 GiB of memory, and b has 8.0 GiB free"),
    ],
)  # fmt: skip
def test_why_a_vm_cannot_move(given: Mover, rooms: tuple[Room, ...], why: str) -> None:
    place = placed([given], rooms)["vm"]
    assert (place.target, place.cannot) == ("", why)


def test_the_last_one_says_that_others_go_there_before() -> None:
    found = placed([mover("x", 6), mover("y", 5)], (B,))
    assert found["y"].cannot == "it needs 5.0 GiB of memory, and b has 2.0 GiB left after what goes there before"


def test_a_doubt_is_kept_with_its_host() -> None:
    place = placed([mover(fits={"b": Fit(doubt="its CPU")})], (B,))["vm"]
    assert (place.targets, dict(place.doubts)) == (("b",), {"b": "its CPU"})
