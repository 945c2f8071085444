"""libvirt as `make setup` leaves it on Debian 12: of the backports, disabled, and without its network driver."""

from tests.fake_hosts import answered
from tests.unit.hosts.test_software import (
    AUTOSTART,
    BARE,
    CLEAR_NETWORKS,
    CLEAR_RUN,
    END_NETWORKS,
    SET_UP,
    found,
    planned,
    undo,
    unit,
)
from tui.checklist.model.check import FAILED
from tui.hosts.model.software import Software, parse_software

DISABLED = unit("libvirtd.socket", "inactive", "disabled") + unit("libvirtd.service", "inactive", "disabled")


def after_make_setup(units: str = DISABLED) -> Software:
    programs = "libvirtd\nvirsh\nqemu-img\nqemu-system-x86_64\n"
    sections = {
        **BARE, "programs": programs, "wanted": " libvirt-daemon-system\n", "served": "yes\n", "driver": "\n",
        "units": units, "groups__root": "root\n",
    }  # fmt: skip
    return parse_software(["root"], answered(**sections))


def test_a_libvirt_without_its_network_driver_is_not_complete() -> None:
    assert found("packages", after_make_setup()).found == "not installed: libvirt's network driver"


def test_the_undo_leaves_its_units_disabled_and_stopped_as_they_were() -> None:
    argvs = undo(after_make_setup())
    assert not any(CLEAR_RUN in argv for argv in argvs)
    assert [argv for argv in argvs if argv[0] == "systemctl"] == [
        ("systemctl", "disable", "libvirtd.socket", "libvirtd.service"),
        ("systemctl", "stop", "libvirtd.socket", "libvirtd.service"),
    ]
    active = unit("libvirtd.socket") + unit("libvirtd.service", file="enabled")
    assert not [argv for argv in undo(after_make_setup(active)) if argv[0] == "systemctl"]


def test_the_undo_ends_and_clears_the_networks_that_only_the_new_driver_can_have_made() -> None:
    argvs = undo(after_make_setup())
    purge = next(i for i, argv in enumerate(argvs) if "--purge" in argv)
    ends, clears = ("sh", "-c", END_NETWORKS), ("sh", "-c", CLEAR_NETWORKS, "sh", AUTOSTART)
    assert argvs.index(ends) < purge < argvs.index(clears)


def test_the_login_of_the_way_back_must_be_in_the_group_where_the_app_is_root() -> None:
    """The app is root on the source; the destination's libvirt opens it as op."""
    read = parse_software(["root", "op"], answered(**{**SET_UP, "groups__root": "root\n", "groups__op": "op sudo\n"}))
    finding = found("member", read)
    assert (finding.state, finding.found, finding.wanted) == (FAILED, "op is not in it", "op in the group libvirt")
    (move,) = planned("member", read).moves
    assert (move.action.text, move.undo[0].text) == ("gpasswd -a op libvirt", "gpasswd -d op libvirt")
