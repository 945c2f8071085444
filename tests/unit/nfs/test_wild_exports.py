"""Lines of /etc/exports as administrators, NAS and installers write them, and what exportfs makes of them."""

import pytest

from tests.unit.nfs.nfs_world import STEPS, but, found
from tests.unit.nfs.test_wild_sharing import RIGHT, exported
from tui.checklist.model.check import FAILED, OK, WARNING
from tui.linux.exports import first_fault
from tui.nfs.model.checks.exports import EXPORTS

BOTH = f"192.0.2.10({RIGHT}) 192.0.2.11({RIGHT})"


@pytest.mark.parametrize("line", [
    f"/srv/images\t\t{BOTH}",
    f'"/srv/images" {BOTH} # both hosts',
    f"/srv/images -{RIGHT} 192.0.2.10 192.0.2.11",
    "/srv/images -rw,sync 192.0.2.10(no_root_squash) 192.0.2.11(no_root_squash,no_subtree_check)",
    f"/srv/images \\\n  192.0.2.10({RIGHT}) \\\n  192.0.2.11({RIGHT})",
    f"/srv/images/ {BOTH}\r",
    "/srv/images 192.0.2.10(rw,no_root_squash) 192.0.2.11(rw,no_root_squash)",  # sync is the default
    "/srv/images 192.0.2.10(sec=sys,rw,no_root_squash) 192.0.2.11(rw,no_root_squash,sec=krb5:sys)",
    "/srv/images 192.0.2.10(sec=krb5,ro,sec=sys,rw,no_root_squash) 192.0.2.11(rw,no_root_squash,sec=sys,rw)",
    "/srv/images 192.0.2.10(rw,no_root_squash,xprtsec=none:tls) 192.0.2.11(rw,no_root_squash,insecure,anonuid=0)",
    f"/srv/images host-b.example.org.({RIGHT}) 192.0.2.10({RIGHT},fsid=1234,crossmnt,security_label,no_pnfs)",
])  # fmt: skip
def test_a_line_that_is_right_for_both_hosts_is_left_as_it_is(line: str) -> None:
    facts = exported(line)
    assert found(facts, "storage.exports").state == OK, found(facts, "storage.exports")
    assert first_fault(line) == ""


@pytest.mark.parametrize(("line", "state", "words"), [
    ("/srv/images 192.0.2.10 (rw,sync) 192.0.2.11(rw)", FAILED, "192.0.2.10 read-only"),
    ("/srv/images 192.0.2.10(rw,no_root_squash,sec=krb5p)", FAILED, "192.0.2.10 only with sec=krb5p"),
    ("/srv/images 192.0.2.10(sec=krb5,rw,no_root_squash,sec=sys,ro)", FAILED, "192.0.2.10 read-only"),
    ("/srv/images 192.0.2.10(rw,no_root_squash,xprtsec=mtls)", FAILED, "192.0.2.10 only with xprtsec=mtls"),
    ("/srv/images 192.0.2.10(rw,no_root_squash,rw,ro)", FAILED, "192.0.2.10 read-only"),
    ("/srv/images -ro 192.0.2.10(no_root_squash)", FAILED, "192.0.2.10 read-only"),
    (f"/srv/images gss/krb5i({RIGHT})", FAILED, "not exported to 192.0.2.10 and 192.0.2.11"),
    (f"/srv/images 2001:db8::/64({RIGHT})", FAILED, "not exported to 192.0.2.10 and 192.0.2.11"),
    (f"/srv/images 192.0.2.0/255.255.255.0({RIGHT})", WARNING, "more than both hosts"),
    ("/srv/images", FAILED, "not exported to 192.0.2.10 and 192.0.2.11"),  # to all, read-only
    (f"/srv/images2 {BOTH}", FAILED, "not exported to 192.0.2.10"),
    (f"#/srv/images {BOTH}", FAILED, "not exported to 192.0.2.10"),
])  # fmt: skip
def test_a_line_that_does_not_fit_is_named(line: str, state: str, words: str) -> None:
    finding = found(exported(line), "storage.exports")
    assert (finding.state, words in finding.found) == (state, True), finding


@pytest.mark.parametrize(("line", "why"), [
    ("/other host(rw, sync)", "its option list ends at a space, or has no end: host(rw,"),
    ("/other host(rw", "its option list ends at a space, or has no end: host(rw"),
    ("/other host(rw)(sync)", "its option list ends at a space, or has no end: host(rw)(sync)"),
    ("/other host(rw)# the lab", "its option list ends at a space, or has no end: host(rw)#"),
    ("/other host(rw,no_root_sqash)", "exportfs does not know the option no_root_sqash"),
    ("/other -rw,no-subtree-check host", "exportfs does not know the option no-subtree-check"),
])  # fmt: skip
def test_the_line_at_which_exportfs_stops_is_named_and_not_read_again_in_vain(line: str, why: str) -> None:
    facts = exported(f"{line}\n/srv/images {BOTH}")
    facts = but(facts, active=())
    finding = found(facts, "storage.active")
    assert (finding.state, finding.found.endswith(f"; line 2 of {EXPORTS}: {why}")) == (FAILED, True), finding
    assert STEPS["storage.active"].change(facts) == f"exportfs stops at line 2 of {EXPORTS}: {why}"
