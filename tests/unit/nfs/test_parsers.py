"""Files of the hosts and output of their programs, parsed as those programs define it.

Recorded on Debian 12 with its own packages: exportfs (nfs-utils 2.6.2), ufw 0.36.2, apt-get, getent and the kernel's
mountinfo. Written from the documentation, because that machine had neither: the NFS lines of mountinfo and the units of
systemd (systemctl(1)).
"""

import pytest

from tui.linux.escapes import escaped, unescaped
from tui.linux.exports import ESCAPED, Export, export_line, parse_exports
from tui.linux.fstab import fstab_line, parse_fstab
from tui.linux.mounts import device_folder, hidden, mount_at, mount_of, parse_mountinfo

# exportfs exported exactly what the table below says, but for the name `more`, which it could not resolve.
EXPORTS = r"""# a comment \
/srv/quiet *(ro)
/srv/images 192.0.2.10(rw,sync,no_subtree_check,no_root_squash) 192.0.2.11(rw,no_subtree_check) # both
"/srv/with space" 192.0.2.0/24(rw,no_subtree_check)
/srv/oc\040tal -ro,no_subtree_check 192.0.2.5 192.0.2.6(rw)
/srv/cont \
  192.0.2.20(ro,no_subtree_check) \
  192.0.2.21(rw,no_subtree_check)
/srv/v6 2001:db8::3(rw,no_subtree_check) 2001:db8:1::/64(ro,no_subtree_check)
/srv/group @hosts(ro,no_subtree_check) *.example.org(ro,no_subtree_check)
/srv/everybody (ro,no_subtree_check)
/srv/bare
/srv/nothing 192.0.2.8 (rw,no_subtree_check)
/srv/hash#tag 192.0.2.9(ro,no_subtree_check)
/srv/um\303\244ut 192.0.2.9(ro,no_subtree_check)
/srv/quoted"bit" 192.0.2.9(ro,no_subtree_check)
"/srv/q\040oct" "192.0.2.9"(ro,no_subtree_check)
/srv/trail/ 192.0.2.9(ro,no_subtree_check)
/srv/defmid 192.0.2.1(rw,no_subtree_check) -ro,no_subtree_check 192.0.2.2 -async,no_subtree_check 192.0.2.3
/srv/tight\
more 192.0.2.9(ro,no_subtree_check)
/srv/last 192.0.2.9(ro,no_subtree_check) \
"""


EXPORTED = [
    ("/srv/quiet", 2, {"*": "ro sync root_squash"}),
    ("/srv/images", 3, {"192.0.2.10": "rw sync no_root_squash", "192.0.2.11": "rw sync root_squash"}),
    ("/srv/with space", 4, {"192.0.2.0/24": "rw sync root_squash"}),
    ("/srv/oc tal", 5, {"192.0.2.5": "ro sync root_squash", "192.0.2.6": "rw sync root_squash"}),
    ("/srv/cont", 6, {"192.0.2.20": "ro sync root_squash", "192.0.2.21": "rw sync root_squash"}),
    ("/srv/v6", 9, {"2001:db8::3": "rw sync root_squash", "2001:db8:1::/64": "ro sync root_squash"}),
    ("/srv/group", 10, {"@hosts": "ro sync root_squash", "*.example.org": "ro sync root_squash"}),
    ("/srv/everybody", 11, {"*": "ro sync root_squash"}),
    ("/srv/bare", 12, {"*": "ro sync root_squash"}),
    ("/srv/nothing", 13, {"192.0.2.8": "ro sync root_squash", "*": "rw sync root_squash"}),
    ("/srv/hash#tag", 14, {"192.0.2.9": "ro sync root_squash"}),
    ("/srv/umäut", 15, {"192.0.2.9": "ro sync root_squash"}),
    ("/srv/quotedbit", 16, {"192.0.2.9": "ro sync root_squash"}),
    ("/srv/q oct", 17, {"192.0.2.9": "ro sync root_squash"}),
    ("/srv/trail", 18, {"192.0.2.9": "ro sync root_squash"}),
    (
        "/srv/defmid",
        19,
        {
            "192.0.2.1": "rw sync root_squash",
            "192.0.2.2": "ro sync root_squash",
            "192.0.2.3": "ro async root_squash",
        },
    ),
    ("/srv/tight", 20, {"more": "ro sync root_squash", "192.0.2.9": "ro sync root_squash"}),
    ("/srv/last", 22, {"192.0.2.9": "ro sync root_squash"}),
]


TAIL = "acl,no_pnfs,anonuid=65534,anongid=65534,sec=sys"


ETAB = (
    f"/srv/q\\040oct\t192.0.2.9(ro,sync,wdelay,hide,nocrossmnt,secure,root_squash,no_all_squash,{TAIL},ro,root_squash)\n"
    f"/srv/hash\\043tag\t192.0.2.9(rw,async,wdelay,hide,secure,no_root_squash,no_all_squash,{TAIL},rw,no_root_squash)\n"
    f"/srv/bare\t(ro,sync,wdelay,hide,nocrossmnt,secure,root_squash,all_squash,{TAIL},ro,root_squash,all_squash)\n"
)


def granted(export: Export) -> dict[str, str]:
    """The options of each client, in the form of exportfs."""
    pairs = (("rw", "ro"), ("sync", "async"), ("no_root_squash", "root_squash"))
    return {each.name: " ".join(one if each.has(one) else other for one, other in pairs) for each in export.clients}


@pytest.mark.parametrize(("path", "line", "clients"), EXPORTED, ids=[row[0] for row in EXPORTED])
def test_an_export_is_read_as_exportfs_reads_it(path: str, line: int, clients: dict[str, str]) -> None:
    found = [each for each in parse_exports(EXPORTS) if each.path == path]
    assert [(each.line, granted(each)) for each in found] == [(line, clients)]
    assert found[0].where == f"line {line} of /etc/exports"


def test_the_exports_are_those_that_exportfs_finds() -> None:
    assert [each.path for each in parse_exports(EXPORTS)] == [row[0] for row in EXPORTED]


def test_a_comment_after_an_export_does_not_hide_the_next_line() -> None:
    text = "/srv/two 192.0.2.9(ro) # why \\\n/srv/three 192.0.2.9(ro)\n"  # exportfs exported both
    assert [(each.path, each.line) for each in parse_exports(text)] == [("/srv/two", 1), ("/srv/three", 2)]


def test_the_export_table_is_read_with_all_its_options() -> None:
    octal, hashed, bare = parse_exports(ETAB, "/var/lib/nfs/etab")
    assert (octal.path, granted(octal)) == ("/srv/q oct", {"192.0.2.9": "ro sync root_squash"})
    assert (hashed.path, granted(hashed)) == ("/srv/hash#tag", {"192.0.2.9": "rw async no_root_squash"})
    assert (bare.clients[0].name, bare.clients[0].has("all_squash")) == ("*", True)
    assert not octal.clients[0].has("all_squash")


PATHS = [
    "/srv/images",
    "/srv/with space",
    "/srv/a \"quote\" and 'one'",
    "/srv/#hash",
    "/srv/back\\slash",
    "/srv/ümläut/画像",
    "/srv/tab\tand\nnewline",
    "/srv/(paren)",
    "/srv/\\040",
    "-srv",
    "/srv/wide\u3000space",  # to exportfs and mount an ordinary character
    "/srv/no\u00a0break",
    "/srv/line\u2028separator",
]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("client", ["192.0.2.10", "2001:db8::10", "host-a.example.org"])
def test_a_line_of_exports_is_parsed_to_the_same_path_and_client(path: str, client: str) -> None:
    line = export_line(path, (client,), "rw,sync")
    assert "\n" not in line
    found = parse_exports(f"{line}\n")
    assert [(each.path, granted(each)) for each in found] == [(path, {client: "rw sync root_squash"})]


@pytest.mark.parametrize("path", PATHS)
def test_a_line_of_fstab_is_parsed_to_the_same_path(path: str) -> None:
    line = fstab_line(path, path, "none", "bind,nofail")
    assert "\n" not in line
    (found,) = parse_fstab(f"{line}\n")
    assert (found.source, found.target, found.type, found.options) == (path, path, "none", ("bind", "nofail"))


def test_spaces_and_hashes_are_octal_escapes_in_exports() -> None:
    assert export_line('/srv/a b#"', ("a", "b"), "rw") == "/srv/a\\040b\\043\\042 a(rw) b(rw)"


@pytest.mark.parametrize("text", [*PATHS, "/srv/\udcff", "\\1", "\\999", "\\0a0"])
def test_unescaping_restores_an_escaped_text(text: str) -> None:
    assert unescaped(escaped(text, ESCAPED)) == text


@pytest.mark.parametrize(
    ("text", "unescaped_text"),
    [("\\303\\274", "ü"), ("\\377", "\udcff"), ("\\9", "\\9"), ("\\134040", "\\040"), ("a\\", "a\\")],
)
def test_several_escaped_bytes_form_one_character(text: str, unescaped_text: str) -> None:
    assert unescaped(text) == unescaped_text


FSTAB = """\
# <file system> <mount point>   <type>  <options>       <dump>  <pass>
UUID=5d2e-11 /               ext4    errors=remount-ro 0       1

  # /srv/off /srv/images none bind 0 0
/srv/a\\040b\t/srv/images/\tnone\tbind,nofail\t0 0
server:/srv/x /mnt nfs
[2001:db8::3]:/srv/y /media/\\303\\274 nfs4 defaults,_netdev 0 0
broken line
"""


def test_fstab_is_parsed_into_its_entries_with_their_line_numbers() -> None:
    assert [(each.line, each.source, each.target, each.type, each.options) for each in parse_fstab(FSTAB)] == [
        (2, "UUID=5d2e-11", "/", "ext4", ("errors=remount-ro",)),
        (5, "/srv/a b", "/srv/images", "none", ("bind", "nofail")),
        (6, "server:/srv/x", "/mnt", "nfs", ("defaults",)),
        (7, "[2001:db8::3]:/srv/y", "/media/ü", "nfs4", ("defaults", "_netdev")),
    ]


MOUNTINFO = r"""316 288 0:55 / / rw,relatime - overlay overlay rw,lowerdir=/lower,upperdir=/upper,workdir=/work,uuid=on
319 316 0:59 / /srv/a\040b rw,relatime - tmpfs one\040two\0433 rw
320 316 0:59 /in\040ner /srv/x#y rw,relatime - tmpfs one\040two\0433 rw
321 320 0:60 / /srv/x#y rw,relatime - tmpfs cover rw
322 316 0:61 / /srv/umäut ro,relatime - tmpfs below ro
323 316 0:62 / /srv/back\134slash rw,relatime - tmpfs x rw
"""


NFS_LINES = (
    "330 316 0:70 / /srv/nfs rw,relatime shared:9 - nfs4 192.0.2.3:/srv/nfs rw,vers=4.2,hard,addr=192.0.2.3\n"
    "331 316 0:71 / /srv/nfs6 rw,relatime shared:9 master:1 - nfs4 [2001:db8::3]:/srv/a\\040b ro,vers=4.2,soft\n"
)


def test_mountinfo_is_parsed_with_spaces_and_hashes_in_paths() -> None:
    assert [
        (each.source, each.root, each.target, each.type, each.read_only) for each in parse_mountinfo(MOUNTINFO)
    ] == [
        ("overlay", "/", "/", "overlay", False),
        ("one two#3", "/", "/srv/a b", "tmpfs", False),
        ("one two#3", "/in ner", "/srv/x#y", "tmpfs", False),
        ("cover", "/", "/srv/x#y", "tmpfs", False),
        ("below", "/", "/srv/umäut", "tmpfs", True),
        ("x", "/", "/srv/back\\slash", "tmpfs", False),
    ]


def test_nfs_mounts_are_parsed_with_or_without_optional_fields() -> None:
    *_, four, six = parse_mountinfo(MOUNTINFO + NFS_LINES)
    assert (four.nfs, four.source, four.option("addr"), four.option("vers"), four.read_only) == (
        *(True, "192.0.2.3:/srv/nfs", "192.0.2.3", "4.2"),
        False,
    )
    assert (six.nfs, six.source, six.option("addr"), six.read_only) == (True, "[2001:db8::3]:/srv/a b", "", True)


@pytest.mark.parametrize("number", ["\u00b2", "-1", "9" * 5000, ""])
def test_a_mount_without_its_numbers_is_skipped(number: str) -> None:
    line = "322 316 0:61 / /srv rw - tmpfs a rw\n"
    odd = line.replace("316", number) + line.replace("322", number)
    assert parse_mountinfo(odd + line) == parse_mountinfo(line)


@pytest.mark.parametrize("space", ["\u3000", "\u00a0", "\u2028", "\u0085"])
def test_a_unicode_space_does_not_end_a_field_of_mountinfo(space: str) -> None:
    (found,) = parse_mountinfo(f"322 316 0:61 / /srv/a{space}b ro,relatime - tmpfs below rw\n")
    assert found.target == f"/srv/a{space}b"


def test_a_path_is_on_the_top_mount_and_the_mount_below_is_hidden() -> None:
    mounts = parse_mountinfo(MOUNTINFO)
    visible = mount_at(mounts, "/srv/x#y")
    assert visible is not None
    assert visible.source == "cover"
    assert [each.source for each in hidden(mounts, "/srv/x#y")] == ["one two#3"]
    inside = mount_of(mounts, "/srv/a b/deep/er")
    assert inside is not None
    assert inside.target == "/srv/a b"
    assert mount_at(mounts, "/srv/a b/deep") is None
    assert mount_of((), "/srv") is None


def test_a_bind_mount_and_its_source_are_one_folder_unless_another_mount_hides_it() -> None:
    covered = parse_mountinfo(MOUNTINFO)
    bare = tuple(each for each in covered if each.source != "cover")
    assert device_folder(bare, "/srv/x#y") == device_folder(bare, "/srv/a b/in ner") == ("0:59", "/in ner")
    assert device_folder(covered, "/srv/x#y") == ("0:60", "/")


def test_a_path_that_begins_with_two_slashes_is_that_of_one() -> None:
    mounts = parse_mountinfo(MOUNTINFO)
    assert device_folder(mounts, "//srv/a b/in") == device_folder(mounts, "/srv/a b/in")
    assert device_folder(mounts, "srv") == device_folder(mounts, "/srv")
