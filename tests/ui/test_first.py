"""The first page and its form, without a configuration."""

from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Input

from tests.fake_hosts import FakeHosts
from tests.ui.one_page import OnePage, at_once, text_of, type_in, until
from tests.ui.study_screen import FakeRunner, studies_of
from tui.app.app import LAB, VmlmApp
from tui.app.config import load
from tui.app.screens import configuration, first
from tui.app.screens.first import FirstScreen
from tui.app.wiring import Backend
from tui.core.settings import Config
from tui.hosts.backend.hosts import Hosts

CONFIG_PATH = Path("/home/user/.config/vmlm/config.toml")
FILLED_IN = {"source": "root@a", "destination": "root@b", "storage": "root@c", "vm": "guest1"}


def words(app: Any) -> str:
    return " ".join(text_of(app).replace("│", " ").split())


def fill(app: Any, values: dict[str, str]) -> None:
    for name, value in values.items():
        app.screen.query_one(f"#{name}", Input).value = value


@pytest.fixture(autouse=True)
def _a_host_called_desk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(configuration.platform, "node", lambda: "desk")


async def test_the_page_names_the_missing_file() -> None:
    app = VmlmApp(None, CONFIG_PATH)
    async with app.run_test(size=(80, 24)):
        assert f"{CONFIG_PATH} does not exist" in words(app)


@pytest.mark.parametrize("key", list("12345"))
async def test_the_other_pages_need_a_configuration(key: str) -> None:
    app = VmlmApp(None, CONFIG_PATH)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press(key)
        assert isinstance(app.screen, FirstScreen)


async def test_without_a_configuration_there_is_none_to_edit() -> None:
    async with VmlmApp(None, CONFIG_PATH).run_test() as pilot:
        await pilot.press("question_mark")
        await until(pilot, lambda: "Keys of this page" in words(pilot.app))
        assert "Go to Hosts" not in words(pilot.app)
        assert "$EDITOR" not in words(pilot.app)


async def test_an_app_that_only_reads_writes_no_configuration() -> None:
    async with VmlmApp(None, CONFIG_PATH, read_only=True).run_test() as pilot:
        await pilot.press("c")
        await until(pilot, lambda: any("--read-only" in each.message for each in pilot.app._notifications))
        assert len(pilot.app.screen_stack) == 1


async def test_l_exits_the_app_for_the_lab_as_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(first.os, "geteuid", lambda: 0)
    app = VmlmApp(None, CONFIG_PATH)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("l")
    assert app.return_value == LAB


async def test_l_shows_the_command_to_other_users(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(first, "own_program", lambda: "/opt/vmlm tui")
    app = OnePage(FirstScreen(CONFIG_PATH, root=False))
    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        await pilot.pause()
        assert "sudo '/opt/vmlm tui' lab" in words(app)
        await pilot.press("l")
        await until(pilot, lambda: "The lab requires root" in words(app))
        assert isinstance(app.screen, FirstScreen)


@pytest.mark.parametrize("size", [(80, 24), (44, 20), (30, 12)])
async def test_all_of_the_page_can_be_reached_by_key(size: tuple[int, int]) -> None:
    app = OnePage(FirstScreen(CONFIG_PATH, root=False, program="vmlm-tui"))
    async with app.run_test(size=size) as pilot:
        await pilot.press("end")
        await until(pilot, lambda: "writes that file." in words(app))


async def test_the_form_starts_with_the_known_values() -> None:
    app = OnePage(FirstScreen(CONFIG_PATH, root=True))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("c")
        assert app.screen.query_one("#source", Input).value == "root@desk"
        assert app.screen.query_one("#images", Input).value == "/var/lib/libvirt/images"
        assert str(CONFIG_PATH) in words(app)


async def test_filling_in_the_form_writes_the_file_and_opens_the_pages(tmp_path: Path) -> None:
    path = tmp_path / "deeper" / "config.toml"
    world, wired = FakeHosts(), []

    def wire(config: Config, _path: Path) -> Backend:
        wired.append(config)
        hosts, studies = Hosts(world.connections, world.changes), studies_of(FakeRunner(None), tmp_path)
        return Backend(NoMigrations(), hosts, None, None, None, studies)  # type: ignore[arg-type]

    app = VmlmApp(None, path, wire=wire)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("c")
        for downs, text in ((1, "root@there"), (1, "nfs"), (2, "guest1"), (1, "user@guest")):
            await pilot.press(*["down"] * downs)
            await type_in(pilot, *text)
        await pilot.press("enter")
        await until(pilot, lambda: app.current_mode == "hosts")
    config = load(path)
    assert wired == [config]
    assert app.config == config
    assert [host.ssh for host in config.machines] == ["root@desk", "root@there", "nfs"]
    assert (config.vm.name, config.vm.ssh) == ("guest1", "user@guest")
    assert path.stat().st_mode & 0o777 == 0o600


async def test_an_empty_guest_address_is_left_out(tmp_path: Path) -> None:
    app = OnePage(FirstScreen(tmp_path / "config.toml", root=True))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("c")
        fill(app, FILLED_IN)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, FirstScreen))
    assert load(tmp_path / "config.toml").vm.ssh is None


WRONG = [
    ({"destination": "-oProxyCommand=x"}, "destination", '"-oProxyCommand=x" is not an ssh target such as'),
    ({"destination": ""}, "destination", "destination: it is missing, and must be an ssh target"),
    ({"storage": "a b"}, "storage", 'storage: "a b" is not an ssh target'),
    ({"destination": "root@a"}, "destination", "a VM cannot move to its own host"),
    ({"source": "root@localhost"}, "source", "would lead them to themselves"),
    ({"images": "images"}, "images", '"images" is not an absolute path'),
    ({"vm": ""}, "vm", "VM: it is missing, and must be the name libvirt has for the VM"),
    ({"vm": "a/b"}, "vm", '"a/b" is not the name libvirt has for the VM'),
    ({"guest": "user@"}, "guest", 'VM by ssh: "user@" is not an ssh target'),
]


@pytest.mark.parametrize(("values", "field", "sentence"), WRONG)
async def test_an_invalid_field_gets_the_focus_a_mark_and_its_sentence(
    values: dict[str, str], field: str, sentence: str, tmp_path: Path
) -> None:
    path = tmp_path / "config.toml"
    app = OnePage(FirstScreen(path, root=True))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("c")
        fill(app, FILLED_IN | values)
        await pilot.press("enter")
        await until(pilot, lambda: sentence in words(app))
        assert app.focused is not None
        assert app.focused.id == field
        assert "! " in text_of(app)
    assert not path.exists()


async def test_a_problem_is_shown_while_typing_and_disappears_when_corrected() -> None:
    app = OnePage(FirstScreen(CONFIG_PATH, root=True))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("c", "down")
        await type_in(pilot, *"root@x", "backspace")
        await until(pilot, lambda: '"root@" is not an ssh target' in words(app))
        await pilot.press("b")
        await until(pilot, lambda: "Enter writes" in words(app))


async def test_fast_typing_with_corrections_is_processed_in_order(
    tmp_path: Path,
) -> None:
    path = tmp_path / "config.toml"
    app = OnePage(FirstScreen(path, root=True))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("c")
        await until(pilot, lambda: "Enter writes" in words(app))
        one = ["ctrl+u", *"root@xx", "backspace", "backspace", "a", "tab"]
        two = [*"oot@b", "home", "r", "down", *"root@d", "up", "down", "backspace", "c"]
        at_once(app, *one, *two, "down", "down", *"guest", "1", "enter")
        await until(pilot, path.exists)
    config = load(path)
    assert [config.hosts[name].ssh for name in ("source", "destination", "storage")] == ["root@a", "root@b", "root@c"]
    assert config.vm.name == "guest1"


async def test_a_file_that_appeared_meanwhile_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    app = OnePage(FirstScreen(path, root=True))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("c")
        fill(app, FILLED_IN)
        await pilot.pause()
        path.write_text("# mine\n")
        await pilot.press("enter")
        await until(pilot, lambda: "the file exists already" in words(app))
    assert path.read_text() == "# mine\n"


async def test_escape_closes_the_form_without_writing(tmp_path: Path) -> None:
    app = OnePage(FirstScreen(tmp_path / "config.toml", root=True))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("c", "escape")
        await until(pilot, lambda: isinstance(app.screen, FirstScreen))
    assert not (tmp_path / "config.toml").exists()


@pytest.mark.parametrize("size", [(80, 24), (44, 14)])
async def test_the_focused_field_is_always_visible(size: tuple[int, int]) -> None:
    app = OnePage(FirstScreen(CONFIG_PATH, root=True))
    async with app.run_test(size=size) as pilot:
        await pilot.press("c")
        for field in configuration.FIELDS:
            assert app.focused is not None
            assert app.focused.id == field.id
            await until(pilot, lambda label=field.label: f"  {label} " in text_of(app))
            await pilot.press("down")


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
@pytest.mark.parametrize("keys", [(), ("c", "enter")], ids=["page", "form"])
def test_first_looks_like_its_picture(snap_compare: Any, size: tuple[int, int], keys: tuple[str, ...]) -> None:
    assert snap_compare(
        OnePage(FirstScreen(CONFIG_PATH, root=False, program="vmlm-tui")), terminal_size=size, press=keys
    )


class NoMigrations:
    """A backend without a running migration."""

    current = None
    all: dict[str, object] = {}

    def listen(self, _listener: object) -> None:
        """There is nothing to listen to."""

    async def attach(self) -> None:
        return None

    async def close(self) -> None:
        return None
