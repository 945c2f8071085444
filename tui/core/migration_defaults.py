"""The options that a migration has unless others are chosen, [migration] in config.toml."""

from dataclasses import asdict, dataclass
from typing import Annotated

from tui.core import schema_kinds as kinds
from tui.core.plan import AUTOMATIC, NOT_ALLOWED, OURS, POLICY_NAMES, TECHNIQUES, Plan


@dataclass(frozen=True)
class MigrationDefaults:
    """The values that the Migrate page proposes, named as in Plan; `policy` and `post_copy` are of "automatic"."""

    technique: Annotated[str, kinds.one_of(list(TECHNIQUES))] = AUTOMATIC
    timeout_s: Annotated[float, kinds.seconds(0.1, 86_400)] = 25.0
    bandwidth_mib_s: Annotated[int, kinds.rate(1_000_000)] = 0
    downtime_ms: Annotated[int, kinds.milliseconds(1, 2_000_000)] = 300  # QEMU's limit is 2000 s
    auto_converge: Annotated[bool, kinds.yes_or_no()] = False
    parallel: Annotated[int, kinds.whole(0, 255)] = 0  # QEMU's multifd-channels is one byte
    shadow: Annotated[bool, kinds.yes_or_no()] = False
    total_s: Annotated[float, kinds.seconds(0, 86_400)] = 0.0  # 0: no limit
    policy: Annotated[str, kinds.one_of(list(POLICY_NAMES))] = OURS
    post_copy: Annotated[bool, kinds.yes_or_no()] = True

    def plan(self, vm: str) -> Plan:
        """A plan for one VM with these values."""
        values = asdict(self)
        refused = not values.pop("post_copy") and self.technique == AUTOMATIC
        return Plan(vm, **values, post_copy_refused=NOT_ALLOWED if refused else "")
