"""Editing the definition of a VM that is off."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.fake_hosts import SHARED, guest_xml
from tests.unit.launch.new_vm_room import GIB, Room, running
from tui.core.failure import Failure
from tui.core.vm import Vm
from tui.launch.backend.definitions import Definitions
from tui.launch.model.edited import Definition
from tui.vm.model.domain import BadDefinition
from tui.vm.model.domain_mark import MAKING

UUID = "6695eb01-f6a4-8304-79aa-97f2502e193f"


def room() -> Room:
    found = Room()
    xml = guest_xml(found.world.source.known["guest1"])
    found.world.source.definitions["guest1"] = xml.replace("</name>", f"</name>\n<uuid>{UUID}</uuid>", 1)
    return found


def definitions(found: Room, folder: Path) -> Definitions:
    return Definitions(found.world.connections, found.launch.vms, folder)


async def test_the_new_definition_replaces_the_old_one_which_is_kept_for_the_user_only(tmp_path: Path) -> None:
    found = room()
    edits = definitions(found, tmp_path / "definitions")
    before = await edits.read("guest1")
    new = before.xml.replace("<vcpu>2<", "<vcpu>1<")
    sentence = await edits.change(before, new)
    (kept,) = (tmp_path / "definitions").iterdir()
    assert sentence == f"The definition of guest1 on source was changed. The one of before is in {kept}."
    assert kept.read_text() == before.xml != new == found.world.source.definitions["guest1"]
    assert kept.stat().st_mode & 0o777 == 0o600
    assert found.world.destination.calls.count("define") == 0


async def test_a_text_without_changes_is_not_defined(tmp_path: Path) -> None:
    found = room()
    edits = definitions(found, tmp_path)
    before = await edits.read("guest1")
    assert await edits.change(before, before.xml) == "The definition of guest1 was not changed."
    assert "define" not in found.world.source.calls


async def refused(found: Room, folder: Path, old: str, new: str) -> Failure:
    edits = definitions(found, folder)
    before = await edits.read("guest1")
    assert old in before.xml
    with pytest.raises(Failure) as raised:
        await edits.change(before, before.xml.replace(old, new, 1))
    assert "define" not in found.world.source.calls
    return raised.value


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("<name>guest1<", "<name>guest2<", "The name was changed: it was 'guest1' and is 'guest2'"),
        (UUID, UUID.replace("6695", "7795"), "The UUID was changed: it was 6695eb01"),
        (
            f"<uuid>{UUID}</uuid>",
            "",
            "and is missing",
        ),
        ("<vcpu>", "<vcpu", "This is not XML"),
        (f"{SHARED}/guest1.qcow2", f"{SHARED}/web.qcow2", f"{SHARED}/web.qcow2 is in use: it is a disk of web"),
    ],
)
async def test_what_would_make_or_harm_another_vm_is_refused(tmp_path: Path, old: str, new: str, what: str) -> None:
    found = room()
    found.world.destination.known["web"] = Vm("web", "uuid-2", "shut off", "", 1, GIB)
    failure = await refused(found, tmp_path, old, new)
    assert what in str(failure)
    assert isinstance(failure, BadDefinition) == ("in use" not in what)


async def test_an_uuid_in_another_spelling_is_the_same(tmp_path: Path) -> None:
    found = room()
    edits = definitions(found, tmp_path)
    before = await edits.read("guest1")
    assert "was changed" in await edits.change(before, before.xml.replace(UUID, UUID.replace("-", "").upper()))


async def test_a_vm_that_was_started_meanwhile_is_not_changed(tmp_path: Path) -> None:
    found = room()
    edits = definitions(found, tmp_path)
    before = await edits.read("guest1")
    running(found)
    with pytest.raises(Failure, match=r"guest1 can't be edited: it is running on source\. Shut it down first\."):
        await edits.change(before, before.xml.replace("<vcpu>2<", "<vcpu>1<"))
    with pytest.raises(Failure, match="it is running on source"):
        await edits.read("guest1")
    assert "define" not in found.world.source.calls


async def test_a_vm_that_starts_at_the_last_moment_is_not_changed(tmp_path: Path) -> None:
    found = room()
    edits = definitions(found, tmp_path)
    before = await edits.read("guest1")
    source = found.world.source
    source.when_released = lambda: running(found) if source.calls[-1] == "vm" else None
    with pytest.raises(Failure, match="it is running on source"):
        await edits.change(before, before.xml.replace("<vcpu>2<", "<vcpu>1<"))
    assert source.calls[-1] == "vm"


async def test_what_another_program_defined_meanwhile_is_not_replaced_and_the_text_is_kept(tmp_path: Path) -> None:
    found = room()
    edits = definitions(found, tmp_path)
    before = await edits.read("guest1")
    found.world.source.definitions["guest1"] = before.xml.replace("</name>", "</name><title>x</title>")
    new = before.xml.replace("<vcpu>2<", "<vcpu>1<")
    with pytest.raises(Failure, match="another program has changed its definition meanwhile") as raised:
        await edits.change(before, new)
    path = tmp_path / f"edited-{before.file_name}"
    assert path.read_text() == new
    assert str(path) in raised.value.hint
    assert "define" not in found.world.source.calls


async def test_a_host_that_does_not_answer_is_a_failure(tmp_path: Path) -> None:
    found = room()
    edits = definitions(found, tmp_path)
    before = await edits.read("guest1")
    found.world.source.failure = Failure("libvirt cannot be reached", "it is down")
    for call in (edits.read("guest1"), edits.change(before, before.xml.replace("<vcpu>2<", "<vcpu>1<"))):
        with pytest.raises(Failure, match="guest1 can't be edited: unknown because source can't be reached"):
            await call
    assert not (tmp_path / before.file_name).exists()


async def test_a_vm_that_is_being_made_is_not_edited(tmp_path: Path) -> None:
    found = room()
    found.world.source.set_mark("guest1", MAKING)
    with pytest.raises(Failure, match="guest1 can't be edited: Its creation was interrupted"):
        await definitions(found, tmp_path).read("guest1")


async def test_nothing_is_defined_if_the_old_definition_cannot_be_kept(tmp_path: Path) -> None:
    found = room()
    (tmp_path / "file").write_text("")
    failure = await refused(found, tmp_path / "file", "<vcpu>2<", "<vcpu>1<")
    assert "can't be kept" in failure.what


async def test_an_error_of_libvirt_names_the_line(tmp_path: Path) -> None:
    found = room()
    edits = definitions(found, tmp_path)
    before = await edits.read("guest1")
    words = "XML error: Extra element vcpu in interleave"
    found.world.source.refusals["define"] = Failure("libvirt rejected the definition", words, detail=words)
    new = before.xml.replace("<vcpu>2<", "<vcpu>two<")
    with pytest.raises(BadDefinition) as raised:
        await edits.change(before, new)
    assert "<vcpu>" in new.splitlines()[raised.value.line - 1]


def test_a_password_in_a_definition_is_announced() -> None:
    before = Definition("a/b", "source", "<domain><graphics passwd='x'/></domain>", "20261129-120000")
    assert "passwords" in before.notes[0]
    assert before.file_name == "a_b-20261129-120000.xml"
    assert replace(before, xml="<domain/>").notes == ()
