"""Many hosts at a glance: their order, and which of them fold."""

from tui.checklist.model.check import FAILED, OK, UNKNOWN, WARNING, Finding, Item
from tui.core.failure import Failure
from tui.core.vm import Daemon
from tui.hosts.model.host import HostFacts, System, Virtualization
from tui.hosts.model.overview import Glance, glances, overview

DAEMON = Daemon("uri", "host", "uuid", (11, 3, 0), (10, 0, 2), 2, "EPYC", 1, 1, (0, 0))
AWAY = Failure("it can't be reached")


def facts(name: str, *, away: bool = False) -> HostFacts:
    read = HostFacts(name, f"root@{name}", True, System(), Virtualization(DAEMON))
    return HostFacts(name, f"root@{name}", True, AWAY, AWAY) if away else read


def item(host: str, state: str = "") -> Item:
    return Item(f"{host}.{state}", host, "title", "why", Finding(state, "found") if state else None)


def names(found: tuple[Glance, ...]) -> list[str]:
    return [each.facts.name for each in found]


def seen(*items: Item, away: tuple[str, ...] = ()) -> tuple[Glance, ...]:
    return glances([facts(name, away=name in away) for name in "abcde"], items, {"a": ("rack1",)})


def test_what_is_not_well_comes_first_and_the_rest_folds() -> None:
    items = [item("a", OK), item("b", FAILED), item("c", WARNING), item("d", OK), item("e", UNKNOWN)]
    found = overview(seen(*items, away=("d",)), unfolded=False)
    assert names(found.shown) == ["d", "b", "e"]
    assert (found.well, found.fold, found.folded) == (2, "2 hosts are well", ("a", "c"))
    assert names(overview(seen(*items, away=("d",)), unfolded=True).shown) == ["d", "b", "e", "a", "c"]


def test_the_worst_of_those_that_answer_has_the_most_failed_lines() -> None:
    items = [item("b", FAILED), Item("c1", "c", "t", "w", Finding(FAILED, "x")), item("c", FAILED)]
    assert names(overview(seen(*items), unfolded=False).shown) == ["c", "b"]


def test_hosts_that_are_being_read_fold_until_something_bad_is_known() -> None:
    found = overview(seen(item("a"), item("b"), item("b", FAILED)), unfolded=False)
    assert names(found.shown) == ["b"]
    assert found.fold == "3 hosts are well; 1 host is being read"


def test_the_words_of_a_host() -> None:
    (a, b, c, *_) = seen(item("a", OK), item("b", FAILED), item("b", OK), item("c"))
    assert (a.words, b.words, c.words, a.groups) == ("1 ok", "1 FAILED", "", ("rack1",))


def test_with_nothing_wrong_there_is_only_the_fold() -> None:
    found = overview(seen(), unfolded=False)
    assert (found.shown, found.fold) == ((), "5 hosts are well")
