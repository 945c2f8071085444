"""Messages of libvirt, QEMU and ssh, damaged: each gets one sentence, whatever is in it."""

from tests.fuzz.inputs import reads, texts
from tests.unit.vm.test_reasons import CASES, NOISES
from tui.vm.model.reasons.explain import explain

MESSAGES = [case[0] for case in CASES]


def test_a_damaged_message_gets_one_sentence_in_one_line() -> None:
    def read(message: str) -> None:
        for migration in (True, False):
            found = explain(message, migration=migration)
            assert found.why or not message.strip()
            assert found.why == " ".join(found.why.split())

    reads(texts(*MESSAGES, *NOISES, "".join(NOISES) + MESSAGES[0]), read)
