"""Messages of libvirt, QEMU and ssh, damaged: each gets one sentence, whatever is in it."""

from tests.fuzz.inputs import reads, sections, texts
from tests.unit.migration.host_log_texts import APPARMOR, KILLED, NO_VGA, OLDER, SELINUX, SHUT, STARTED, UUID
from tests.unit.vm.test_reasons import CASES, NOISES
from tui.core.failure import Failure
from tui.migration.model.ending.host_log import HostLog, of_record, parse
from tui.migration.model.ending.log_reason import with_logs
from tui.vm.model.reasons.explain import explain

MESSAGES = [case[0] for case in CASES]


def test_a_damaged_message_gets_one_sentence_in_one_line() -> None:
    def read(message: str) -> None:
        for migration in (True, False):
            found = explain(message, migration=migration)
            assert found.why or not message.strip()
            assert found.why == " ".join(found.why.split())

    reads(texts(*MESSAGES, *NOISES, "".join(NOISES) + MESSAGES[0]), read)


LOST = Failure(
    "The migration failed", "libvirt gave no usable reason", "Look.", detail="End of file while reading data"
)
PARTS = {
    "now": str(10**9),
    "path": "/var/log/libvirt/qemu/guest1.log",
    "log": OLDER + STARTED + NO_VGA + KILLED + SHUT,
    "active": "",
    "journal": APPARMOR,
    "dmesg": APPARMOR + SELINUX,
    "audit": SELINUX,
}


def test_a_damaged_log_of_a_host_is_read_and_recorded() -> None:
    def read(output: str) -> None:
        for seconds in (10, 2 * 10**9):
            log = parse("b", UUID, seconds, output)
            again = of_record(log.data)
            assert (again.host, again.qemu_why) == ("b", log.qemu_why)
            "\n".join((*log.qemu, *log.denials, log.path)).encode()
            assert with_logs(LOST, HostLog("a", ""), log).why

    reads(sections(**PARTS), read)
