"""The keys in sentences are those of the pages."""

from tests.page_keys import KEYS
from tui.app.app import VmlmApp
from tui.core.actions import WORDS
from tui.hosts.screens.page import HostsPage
from tui.launch.screens.page import LaunchPage
from tui.migration.screens.page import MigratePage
from tui.queue.screens.page import QueuePage
from tui.runs.screens.page import RunsPage
from tui.study.screens.page import StudyPage
from tui.ui.page import keys_of


def test_every_action_in_a_sentence_has_a_key() -> None:
    keys = keys_of(VmlmApp, HostsPage, LaunchPage, MigratePage, QueuePage, RunsPage, StudyPage)
    assert set(WORDS) <= set(keys)
    assert {id: keys[id] for id in KEYS} == KEYS
    assert keys["app.runs"] == "5"
    assert keys["app.study"] == "6"
