"""A value of an option of virsh as a person types it."""

from tui.core.quantity import MIB, exact_size, parse_rate, parse_size
from tui.core.virsh_options import BYTES, MIB_S, Option, fingerprint
from tui.migration.model.entry import Entry

KEPT = "as read:"  # instead of the name of the file that was read


def option_value(option: Option, text: str) -> int | str:
    """The value of an option that is a number or a text; ValueError with the sentence of the refusal otherwise."""
    if option.is_number:
        return _entry(option).read_whole(text)
    if not option.valid(text) or not text:
        raise ValueError(f'"{text}" is not a value of {option.virsh}. Expected: {option.expected}.')
    return text


def option_text(option: Option, value: int | str | None) -> str:
    """The value as it is typed; empty if it is not set."""
    if option.unit == BYTES and isinstance(value, int):
        return exact_size(value)
    if option.is_file and value:
        return f"{KEPT} {fingerprint(str(value))}"
    return "" if value is None else str(value)


def is_kept(option: Option, text: str, value: object) -> bool:
    """Whether the text is what `option_text` returns for this value of an option with a file."""
    return option.is_file and bool(value) and text == option_text(option, str(value))


def _entry(option: Option) -> Entry:
    """The number field of an option; without a unit it is in the unit of virsh."""
    name = f"a value of {option.virsh}"
    if option.unit == BYTES:
        most = exact_size(option.most)
        expected = f"a size such as 128 MiB, from {option.least} bytes to {most}"
        return Entry(name, option.least, option.most, expected, lambda text: float(parse_size(text)))
    if option.unit == MIB_S:
        expected = f"a rate such as 100 MiB/s, from {option.least} to {option.most} MiB/s"
        return Entry(name, option.least, option.most, expected, lambda text: parse_rate(text) / MIB)
    return Entry(name, option.least, option.most, f"a whole number from {option.least} to {option.most}", _whole)


def _whole(text: str) -> float:
    raise ValueError(text)
