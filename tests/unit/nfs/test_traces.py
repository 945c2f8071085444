"""What the tests on machines report when setup and undo left traces."""

import base64
import io
import tarfile

from tests.nfs.traces import differences, parse_traces


def traces(files: dict[str, str], more: str = "") -> dict[str, dict[str, str]]:
    """The traces of one machine with these files."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    return {"source": parse_traces(f"{more}archive\t{base64.b64encode(written.getvalue()).decode()}")}


def test_the_same_traces_are_no_difference_whatever_a_backup_has() -> None:
    before = traces({"etc/fstab": "a\n", "etc/passwd-": "x"}, "mount on /\t/dev/vda ext4 rw\n")
    assert differences(before, traces({"etc/fstab": "a\n"}, "mount on /\t/dev/vda ext4 rw\n")) == ""


def test_each_change_is_a_line_and_a_changed_file_is_a_diff() -> None:
    before = traces({"etc/fstab": "a\nb\nc\n", "etc/gone": ""}, "package ufw\tii 1\n")
    after = traces({"etc/fstab": "a\nB\nc\n", "etc/new": "n\n"}, "package ufw\trc 1\n")
    assert differences(before, after).splitlines() == [
        *(f"source: {line}" for line in ("--- /etc/fstab", "+++ /etc/fstab", "@@ -1,3 +1,3 @@")),
        *(f"source: {line}" for line in (" a", "-b", "+B", " c")),
        "source: removed /etc/gone: f 644 0:0",
        "source: added /etc/new: f 644 0:0",
        *(f"source: {line}" for line in ("--- /etc/new", "+++ /etc/new", "@@ -0,0 +1 @@", "+n")),
        "source: changed package ufw: ii 1 -> rc 1",
    ]  # fmt: skip
