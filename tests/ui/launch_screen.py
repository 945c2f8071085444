"""What the tests of ui share."""

from typing import Any

from textual.pilot import Pilot

from tests.fake_hosts import TABLES, FakeHosts, guest1
from tests.ui.one_page import OnePage, text_of, until
from tui.app import config
from tui.core.connections import Connections
from tui.core.failure import Failure
from tui.launch.backend.launch import Launch
from tui.launch.screens.page import LaunchPage
from tui.launch.screens.workload import WorkloadForm

LINE = (
    "line seconds=12.001 state={state} threads=2 working_set_mib=300 mib_per_s=2296.1 dirtied_mib=14035.0 passes=46.78 "
    "checked_pages=3516160 wrong_pages={wrong}\n"
)


HEAD = "name memory\noptions memory_intensive --threads 2 --size 150 --rate 0\n"


RUNNING = f"{HEAD}running 231\n{LINE.format(state='dirtying', wrong=0)}"


WRONG = (
    f"{HEAD}ended 1\n"
    "line error=wrong_page thread=0 page=17 word=0 wrong_words=512 pass=12 expected=0x01 found=0x00 looks_like=zeros\n"
    f"{LINE.format(state='failed', wrong=1)}"
)


def world_with(state: str, status: str | Failure = "") -> FakeHosts:
    world = FakeHosts()
    world.source.known["guest1"] = guest1(state)
    world.guest.answers = {"cat what": status}
    return world


def app_of(world: FakeHosts) -> OnePage:
    return OnePage(LaunchPage(Launch(world.connections, world.changes.sudo)))


def read(app: OnePage) -> str:
    """The text of the screen, without line breaks."""
    return " ".join(text_of(app).split())


async def sees(pilot: Pilot[Any], app: OnePage, *texts: str) -> None:
    """Waits for the texts and for the replies of all hosts, which some keys need."""
    await until(pilot, lambda: all(text in read(app) for text in texts) and "has not replied" not in read(app))


async def form(pilot: Pilot[Any], app: OnePage) -> WorkloadForm:
    await sees(pilot, app, "idle")
    await pilot.press("w")
    await until(pilot, lambda: isinstance(app.screen, WorkloadForm) and "Working set" in text_of(app))
    assert isinstance(app.screen, WorkloadForm)
    return app.screen


ODD = "-odd [b]name; 'ü"


def custom_world(status: str = "", many: int = 0) -> FakeHosts:
    """A running VM, and a configuration with custom workloads and the numbers of the original experiment."""
    world = world_with("running", status)
    workloads = {ODD: {"command": ["stress-ng", "--vm", "[2]"]}}
    workloads |= {f"own{number}": {"command": ["sleep", "9"]} for number in range(many)}
    read, problems = config.check(TABLES | {"workload": workloads})
    assert read, problems
    world.config = read
    world.connections = Connections(read, world.open_hypervisor, world.shells.__getitem__)
    return world
