"""The app reports that a logout would end the runner."""

from pathlib import Path

from tests.fake_hosts import FakeHosts
from tests.ui.app_screen import opened, sees
from tui.core.failure import Failure


async def test_a_runner_that_a_logout_ends_is_reported_with_what_to_do(tmp_path: Path) -> None:
    world = FakeHosts()
    world.runs_in(tmp_path)
    ends = Failure("A logout ends the runner", "systemd ends all processes of op", "Run `loginctl enable-linger op`.")
    async with opened(world, ended_by_logout=lambda: ends) as (app, pilot):
        await sees(app, pilot, "A logout ends the runner: systemd", "`loginctl enable-linger op`.")
