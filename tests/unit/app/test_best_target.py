"""Which host `vmlm-tui migrate VM` takes without --to."""

import pytest

from tests.unit.vm.test_targets import BLOCKER, FACTS, GIB
from tui.app.commands.best_target import chosen
from tui.core.failure import Failure
from tui.core.plan import Plan
from tui.core.vm import Vm
from tui.vm.model.location import Inventory, VmOnHost
from tui.vm.model.targets import Choices, TargetFacts, choices

ON_HOST2 = Inventory((VmOnHost(Vm("guest1", "1", "running"), "host2"),), hosts=("host2", "host3", "host4"))


class Ranks:
    """Has the facts of two hosts."""

    def __init__(self, **facts: TargetFacts) -> None:
        self.facts = facts

    async def choices(self, name: str, host: str) -> Choices:
        assert (name, host) == ("guest1", "host2")
        return choices(tuple(self.facts), self.facts, GIB)


async def test_it_goes_to_the_best_host_and_says_why() -> None:
    reported: list[str] = []
    plan = await chosen(Plan("guest1"), ON_HOST2, Ranks(host3=TargetFacts((BLOCKER,)), host4=FACTS), reported.append)
    assert plan == Plan("guest1", to="host4")
    assert reported == ["guest1 goes to host4. Only host4 can take it."]


async def test_if_no_host_can_take_it_each_is_listed_with_its_reason() -> None:
    ranks = Ranks(host3=TargetFacts((BLOCKER,)), host4=TargetFacts(unread="host4 is off."))
    with pytest.raises(Failure) as raised:
        await chosen(Plan("guest1"), ON_HOST2, ranks, pytest.fail)
    assert "can go to none of the other hosts: host4: host4 is off; host3: It boots from a floppy." in str(raised.value)


async def test_a_vm_that_is_not_found_is_left_to_the_check() -> None:
    assert await chosen(Plan("other"), ON_HOST2, Ranks(), pytest.fail) == Plan("other")
