"""The options a run was started with; those that its run.toml does not have are None."""

from dataclasses import dataclass, field

from tui.core.plan import OURS, POST_COPY_MANUAL, POST_COPY_TIMEOUT, PRE_COPY, SUSPEND_TIMEOUT, Plan, technique_words
from tui.core.quantity import duration
from tui.core.virsh_options import VirshOptions, option_words

DEFAULT_DOWNTIME_MS = Plan.downtime_ms


@dataclass(frozen=True)
class RunOptions:
    """As core.plan.Plan has them; `technique` is empty if it is unknown."""

    technique: str = ""
    timeout_s: float | None = None
    bandwidth_mib_s: int | None = None
    downtime_ms: int | None = None
    auto_converge: bool | None = None
    parallel: int | None = None
    policy: str = ""
    total_s: float | None = None
    shadow: bool = False
    post_copy_refused: str = ""
    virsh: VirshOptions = field(default_factory=VirshOptions)

    @property
    def short(self) -> str:
        """The technique alone: "pre-copy", "post 25 s", "post hand", "susp 25 s"."""
        timed = f"post {self.timeout_s:g} s" if self.timeout_s else "post timed"
        names = {PRE_COPY: "pre-copy", POST_COPY_TIMEOUT: timed, POST_COPY_MANUAL: "post hand"}
        names[SUSPEND_TIMEOUT] = timed.replace("post", "susp")
        return names.get(self.technique, self.technique)

    @property
    def words(self) -> str:
        """The technique and the options that differ from the defaults: "pre-copy +ac x4 <=20 MiB/s <=50 ms"."""
        return " ".join([self.short, *self.changes]).strip()

    @property
    def changes(self) -> list[str]:
        """The options besides the technique that differ from the defaults, short."""
        found = ["+ac"] if self.auto_converge else []
        found += [f"x{self.parallel}"] if self.parallel else []
        found += [f"<={self.bandwidth_mib_s} MiB/s"] if self.bandwidth_mib_s else []
        if self.downtime_ms and self.downtime_ms != DEFAULT_DOWNTIME_MS:
            found.append(f"<={duration(self.downtime_ms / 1000)}")
        return found + self.further

    @property
    def further(self) -> list[str]:
        """Those of "automatic" and of virsh that differ from the usual ones."""
        found = [] if self.policy in ("", OURS) else [f"policy {self.policy}"]
        found += [f"total at most {self.total_s:g} s"] if self.total_s else []
        found += ["shadow"] if self.shadow else []
        found += ["without post-copy"] if self.post_copy_refused else []
        return found + option_words(self.virsh)

    @property
    def facts(self) -> list[tuple[str, str]]:
        """All options as pairs of a label and its value; unknown ones are left out."""
        pairs = [
            ("technique", technique_words(self.technique, self.timeout_s) or None),
            ("bandwidth", _limit(self.bandwidth_mib_s, " MiB/s")),
            ("max downtime", None if self.downtime_ms is None else f"{self.downtime_ms} ms"),
            ("auto-converge", None if self.auto_converge is None else "yes" if self.auto_converge else "no"),
            ("connections", None if self.parallel is None else str(self.parallel or 1)),
            ("further options", ", ".join(self.further) or None),
        ]
        return [(label, value) for label, value in pairs if value is not None]


def _limit(value: int | None, unit: str) -> str | None:
    return None if value is None else f"{value}{unit}" if value else "no limit"
