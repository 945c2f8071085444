"""What the tests of launch share."""

from tests.fake_hosts import FakeHosts, guest1
from tui.launch.backend.launch import Launch

RUNNING = """name memory
options memory_intensive --threads 2 --size 150 --rate 0
running 231
line seconds=11.001 state=dirtying threads=2 working_set_mib=300 \
mib_per_s=2539.5 dirtied_mib=11737.0 passes=39.12 checked_pages=2927872 wrong_pages=0
line seconds=12.001 state=dirtying threads=2 working_set_mib=300 \
mib_per_s=2296.1 dirtied_mib=14035.0 passes=46.78 checked_pages=3516160 wrong_pages=0
"""


REFUSED = """name memory
options memory_intensive --threads 2 --size 900 --rate 0
ended 2
line memory_intensive: 2 threads x 900 MiB is 1800 MiB, but only 805 MiB of memory can be had: try fewer --threads.
"""


DONE = """name cpu
options cpu_util --threads 2
ended 0
line seconds=5.912 state=done threads=2 additions_per_s=1198240 additions=9858000 sum=4.76758e+06
"""


GONE = "name cpu\noptions cpu_util --threads 2\ngone\nline seconds=5.000 state=running threads=2 additions_per_s=1\n"


def silent(_text: str) -> None:
    """Ignores the progress of a call."""


ODD = "-odd name; 'ü $(x)"


def launch_of(world: FakeHosts) -> Launch:
    return Launch(world.connections, world.changes.sudo)


def running_world(status: str = "") -> FakeHosts:
    world = FakeHosts()
    world.source.known["guest1"] = guest1("running")
    world.guest.answers = {"cat what": status}
    return world
