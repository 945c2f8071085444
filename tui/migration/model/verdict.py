"""The sentence under the phase line: what the figures mean now, and whether the migration will finish."""

import math
from dataclasses import dataclass, replace
from itertools import pairwise

from tui.core import actions
from tui.core.plan import AUTOMATIC, SUSPEND_TIMEOUT, TIMED
from tui.core.quantity import approximately, duration, size
from tui.forecast.model.advice import between
from tui.migration.model.call.requested import decision_sentence
from tui.migration.model.disk_copy import DiskCopy
from tui.migration.model.ending.evidence import lifecycle_words
from tui.migration.model.forecasts import Expected
from tui.migration.model.outlook import expected, fetching, left_of
from tui.migration.model.passes import Pass
from tui.migration.model.record import number_in
from tui.migration.model.timeline import (
    CANCELLED,
    COMPLETED,
    FAILED,
    IDLE,
    LOST,
    PASS,
    POST_COPY,
    SETUP,
    SWITCHOVER,
    Timeline,
)

SHRINKS = 0.9  # a pass converges if it leaves less than this share of what the one before left
LOOK_BACK = 3  # passes that a judgement needs: fewer may be noise
SILENT_S = 4.0  # without a byte sent; QEMU sometimes pauses for less
HANGS_S = 60.0  # without a byte in post-copy: longer than libvirt's keepalive and most interruptions of a network
MANY_PASSES = 50  # no forecast beyond this

NEUTRAL, GOOD, WARNING, BAD = "neutral", "good", "warning", "bad"


@dataclass(frozen=True)
class Verdict:
    """One sentence or two, and their tone."""

    text: str
    tone: str = NEUTRAL


def sentence(timeline: Timeline, elapsed: float, origin: str = "source", target: str = "destination") -> Verdict:
    """What happens, whether it will finish, what was decided; `elapsed` in seconds, hosts as the page names them."""
    found, decided = _sentence(timeline, elapsed, origin, target), decision_sentence(timeline.decision)
    told = timeline.phase in (PASS, SWITCHOVER, POST_COPY, COMPLETED) and not timeline.unfollowed
    return replace(found, text=f"{found.text} {decided}") if decided and told else found


def _sentence(timeline: Timeline, elapsed: float, origin: str, target: str) -> Verdict:
    phase = timeline.phase
    if phase == IDLE:
        return Verdict(f"No migration is under way. {actions.START} starts one.")
    if timeline.unfollowed and not timeline.over:
        return _unfollowed(origin, target)
    if phase == SETUP and not timeline.cancel_requested:
        return _setting_up(timeline, elapsed, origin, target)
    if phase in (COMPLETED, FAILED, CANCELLED, LOST):
        return _ended(timeline, origin, target)
    if phase == SWITCHOVER and not timeline.diagnosis:
        return Verdict(f"Switching over: the VM is paused and continues on {target} once the rest is there.", WARNING)
    if phase == POST_COPY or timeline.diagnosis:
        return _post_copy(timeline, origin, target)
    requested = _requested(timeline, origin)
    if requested:
        return Verdict(requested)
    silent_s = timeline.points.silent_s
    if silent_s >= SILENT_S:
        text = f"Nothing has been sent for {duration(silent_s)}: check the network from {origin} to {target}."
        return Verdict(f"{text} {actions.CANCEL} cancels it.", WARNING)
    return _suspended(timeline, target) if timeline.suspended else _pre_copy(timeline, elapsed)


def _suspended(timeline: Timeline, target: str) -> Verdict:
    point, text = timeline.point, "The VM is suspended since the timeout, and continues on"
    if point is None or not point.rate:
        return Verdict(f"{text} {target} once the rest is there.", WARNING)
    left = f"{size(point.remaining)}, about {approximately(point.remaining / point.rate)}"
    return Verdict(f"{text} {target} once the rest is there: {left}.", WARNING)


def _setting_up(timeline: Timeline, elapsed: float, origin: str, target: str) -> Verdict:
    if timeline.disks.known:
        return _copying(timeline.disks)
    coming = _forecast(timeline, elapsed)
    text = f"Setting up: {origin} connects to {target}; nothing has been sent yet."
    return Verdict(text) if coming is None else Verdict(f"{text} {coming.text}", coming.tone)


def _copying(disks: DiskCopy) -> Verdict:
    rest = f"{size(disks.remaining)} of {size(disks.total)} left"
    if disks.left_s is not None:
        rest += f", {approximately(disks.left_s)} at this rate"
    return Verdict(f"Copying the disks: {rest}. The memory follows.")


def warning(timeline: Timeline, waiting_s: float) -> str:
    """What is wrong with the figures or the log, to be shown before the sentence; empty if nothing is."""
    if not waiting_s:
        return timeline.log_trouble
    why = f" ({timeline.unanswered[1]})" if timeline.unanswered and timeline.unanswered[1] else ""
    return f"no reply from libvirt for {duration(waiting_s)}{why}; the figures are from before"


def _unfollowed(origin: str, target: str) -> Verdict:
    return Verdict(
        "It is unknown whether the migration continues: the process in the background does not find it. Check that "
        f"{origin} and {target} respond; then the process follows it again.",
        WARNING,
    )


def _requested(timeline: Timeline, origin: str) -> str:
    """What a key has requested, until libvirt does it."""
    if timeline.cancel_requested:
        return f"Cancelling: libvirt aborts the job. The VM keeps running on {origin}."
    if timeline.post_copy_sent:
        return "Post-copy is requested; libvirt has not confirmed it yet."
    if timeline.post_copy_held:
        return "Post-copy is requested and starts when the first pass begins; QEMU ignores it before."
    return ""


def _ended(timeline: Timeline, origin: str, target: str) -> Verdict:
    if timeline.phase == COMPLETED:
        ok, text = timeline.verified or (True, f"The VM was moved to {target}.")
        return Verdict(text, GOOD if ok else BAD)
    if timeline.phase == CANCELLED:
        ok, text = timeline.verified or (True, f"The VM stays on {origin}.")
        who = timeline.error.get("what") if timeline.error.get("action") == "migrate" else None
        return Verdict(f"{who or 'Cancelled'}. {text}", NEUTRAL if ok else BAD)
    if timeline.phase == LOST:
        ok, text = timeline.verified or (True, "The location of the VM is unknown.")
        seen = "It ended" if timeline.ended_between is None else "It ended unobserved"
        return Verdict(f"{seen}, and libvirt no longer has its result. {text}", WARNING)
    what = str(timeline.error.get("what", "libvirt gave no reason")).rstrip(".")
    why = str(timeline.error.get("why", "")).rstrip(".")
    where = f" {timeline.verified[1]}" if timeline.verified else ""
    return Verdict(f"{what}{': ' + why if why else ''}.{where}", BAD)


def _let_run(timeline: Timeline, target: str) -> bool:
    """Whether the VM runs on the target; True if the target's events were not recorded."""
    words = lifecycle_words(timeline.events, target)
    return ("started", "migrated") not in words or ("resumed", "post-copy") in words


def _post_copy(timeline: Timeline, origin: str, target: str) -> Verdict:
    point = timeline.point
    moves = timeline.post_copy_failed and point is not None and bool(point.rate)  # it goes on by itself
    if timeline.diagnosis and not moves:
        return _broken(timeline)
    if timeline.post_copy_failed and not moves:
        return Verdict(
            f"Post-copy has lost its connection: the VM is on {target} now, and stops where it needs a page that is "
            f"still on {origin}.",
            BAD,
        )
    if point is None:
        return Verdict(f"Post-copy: the VM runs on {target}.")
    if not point.remaining:
        return Verdict(f"Post-copy: the VM runs on {target} with all of its memory; libvirt is cleaning up.")
    left, rest = f"Post-copy: the VM runs on {target}, {size(point.remaining)} still to fetch", fetching(timeline)
    if point.rate is None or point.t < (timeline.post_copy_at or 0):
        return Verdict(f"{left}.")
    if not point.rate:
        waits = ": the VM stops where it needs some of it"
        if not _let_run(timeline, target):
            left = f"Post-copy: libvirt has not let the VM run on {target} yet, {size(point.remaining)} still to fetch"
            waits = ""
        if timeline.points.silent_s >= HANGS_S:
            return Verdict(f"{left}. {_hangs(timeline, origin, target)}", BAD)
        return Verdict(f"{left}, but nothing arrives{waits}.", WARNING)
    if rest is None or rest.left_s is None:
        return Verdict(f"{left}.")
    return Verdict(f"{left}, about {between(rest.left_s)}: each page is sent once.")


def _hangs(timeline: Timeline, origin: str, target: str) -> str:
    """What to do if nothing arrives for long, although nothing is known to be broken."""
    return (
        f"Nothing has arrived for {duration(timeline.points.silent_s)}: check the network from {origin} to {target}. "
        f"If it works, {actions.PAUSE} pauses post-copy, so that it can be resumed over a new connection. QEMU without "
        f"KVM can hang here for good: then force the VM off on both hosts and start it from its disk."
    )


def _broken(timeline: Timeline) -> Verdict:
    """What is known of a broken post-copy, or of an end of which a host knows more."""
    text, advice = str(timeline.diagnosis.get("sentence", "")), str(timeline.diagnosis.get("advice", ""))
    if timeline.resume_requested:
        return Verdict(f"{text} The resume is requested, and tried again until QEMU accepts it.", BAD)
    if timeline.diagnosis.get("resumable"):
        return Verdict(f"{text} {actions.RESUME} resumes it.", BAD)
    return Verdict(f"{text} {advice}", BAD)


def _pre_copy(timeline: Timeline, elapsed: float) -> Verdict:
    point = timeline.point
    if point is None:
        return Verdict("The migration has started; libvirt has no statistics yet.")
    wait = _timeout(timeline, elapsed)
    forecast = _forecast(timeline, elapsed)
    if timeline.in_first_pass:
        return Verdict(_first_pass(timeline) + wait) if forecast is None else _begun(timeline, forecast)
    threshold = timeline.threshold
    if not threshold or not timeline.passes:  # nothing is being sent, or no end of a pass was recorded
        return Verdict(f"Pass {point.iteration}: {size(point.remaining)} to send.{wait}")
    lefts = [each.left for each in timeline.passes]
    if lefts[-1] <= threshold:
        return Verdict(
            f"The last pass left {size(lefts[-1])}, less than the limit of {size(threshold)}: switching over.", GOOD
        )
    if forecast is not None:
        return forecast
    shrinks = [after < SHRINKS * before for before, after in pairwise(lefts[-LOOK_BACK:])]
    if len(shrinks) >= 2 and all(shrinks):
        return Verdict(_converging(timeline, lefts, threshold) + wait, GOOD)
    if len(shrinks) >= 2 and not any(shrinks):
        return _not_converging(timeline, lefts, threshold, wait)
    return Verdict(
        f"{_undecided(timeline.passes[-1], lefts)}; must be below {size(threshold)}.{wait or _way_out(timeline)}"
    )


def _forecast(timeline: Timeline, elapsed: float) -> Verdict | None:
    """What the forecast expects; None if there is none, or it was wrong already."""
    found, wait = expected(timeline), _timeout(timeline, elapsed)
    if found is None:
        return None
    if not found.converges:
        return _hopeless(timeline, found, wait)
    left = left_of(found, elapsed)
    if left is None:
        return None
    sure = "Ends" if found.certain else "Probably ends"
    pause = f", pause about {approximately(found.downtime_s.likely)}" if math.isfinite(found.downtime_s.likely) else ""
    when = f"in about {between(left)}" if left.likely else f"within {approximately(left.high)}"
    return Verdict(f"{sure} {when}{pause}.{_slowed(timeline)}{wait}", GOOD)


def _slowed(timeline: Timeline) -> str:
    """How much auto-converge slows the VM, as a further sentence; empty if it does not."""
    percent = timeline.point.throttle if timeline.point is not None else 0
    return f" Auto-converge slows the VM by {percent} %." if percent else ""


def _hopeless(timeline: Timeline, found: Expected, wait: str) -> Verdict:
    """The forecast is that pre-copy does not end."""
    lefts, before = sorted(each.left for each in timeline.passes[-LOOK_BACK:]), timeline.forecasts.before
    typical = lefts[len(lefts) // 2] if lefts else before.left if before is not None else None
    text = "Not converging" if found.certain else "Probably does not converge"
    if typical is not None:
        text += f": each pass leaves about {size(typical)}"
        text += f", must be below {size(timeline.threshold)}" if timeline.threshold else ""
    if slowed := _slowed(timeline):
        return Verdict(f"{text}.{slowed}{wait}", WARNING)
    seconds = _post_copy_now(timeline, typical or 0.0)
    if seconds is not None:
        text += f"; post-copy at once would take about {approximately(seconds)}"
    way_out = wait or (_way_out(timeline) if timeline.points else "")
    return Verdict(f"{text}.{way_out}", WARNING)


def _post_copy_now(timeline: Timeline, typical: float) -> float | None:
    """The seconds that post-copy would take: it sends what remains, and what was dirtied meanwhile; None if unknown."""
    point, last = timeline.point, timeline.passes[-1] if timeline.passes else None
    if point is None or not timeline.post_copy_allowed:
        return None
    rate = last.sent / (last.ended - last.began) if last is not None and last.ended > last.began else point.rate
    before, rest = timeline.forecasts.before, float(point.remaining)
    if last is None and before is not None and before.inputs is not None:  # some of the memory is zeros
        rest = min(rest, before.inputs.first.likely * point.remaining / point.total)
    return max(rest, typical) / rate if rate else None


def _begun(timeline: Timeline, forecast: Verdict) -> Verdict:
    """The forecast in the first pass."""
    share = timeline.points.share
    begun = f"First pass: {100 * share:.0f} % of {size(timeline.points[-1].total)} sent"
    return Verdict(f"{begun}. {forecast.text}", forecast.tone)


def _first_pass(timeline: Timeline) -> str:
    point = timeline.points[-1]
    share = timeline.points.share
    text = f"First pass: {100 * share:.0f} % of {size(point.total)} sent"
    seconds = point.t - timeline.pass_began
    if seconds < 1 or share <= 0:
        return text + "."
    return f"{text}, about {duration(seconds * (1 - share) / share)} left."


def _undecided(last: Pass, lefts: list[int]) -> str:
    if len(lefts) == 1:
        which = "The first pass" if last.number == 1 else f"Pass {last.number}"
        return f"{which} left {size(last.left)} dirty"
    low, high = size(min(lefts[-LOOK_BACK:])), size(max(lefts[-LOOK_BACK:]))
    return f"Undecided: the passes leave {low} to {high}" if low != high else f"Undecided: the passes leave {low}"


def _not_converging(timeline: Timeline, lefts: list[int], threshold: int, wait: str) -> Verdict:
    typical = sorted(lefts[-LOOK_BACK:])[1]
    text = f"Not converging: each pass leaves {size(typical)}, must be below {size(threshold)}."
    if slowed := _slowed(timeline):
        return Verdict(f"{text}{slowed}{wait}", WARNING)
    return Verdict(text + (wait or _way_out(timeline)), WARNING)


def _way_out(timeline: Timeline) -> str:
    if timeline.post_copy_allowed and timeline.technique == AUTOMATIC and not timeline.options.get("shadow"):
        return f" It switches to post-copy once that is certain; {actions.POST_COPY} does it now."
    if timeline.post_copy_allowed:
        return f" {actions.POST_COPY} finishes it."
    return f" {actions.DOWNTIME} allows more downtime; {actions.CANCEL} cancels it."


def _converging(timeline: Timeline, lefts: list[int], threshold: int) -> str:
    before, left = lefts[-2:]
    shrink = math.sqrt(left / lefts[-3])  # the mean of the last two
    text = f"Converging: {size(left)} left by the last pass, {size(before)} by the one before"
    passes, speed = math.ceil(math.log(threshold / left) / math.log(shrink)), timeline.points[-1].rate
    if passes > MANY_PASSES or not speed:
        return f"{text}; must be below {size(threshold)}."
    to_send = left * (1 - shrink**passes) / (1 - shrink)
    return f"{text}; about {duration(to_send / speed)} to get below {size(threshold)}."


def _timeout(timeline: Timeline, elapsed: float) -> str:
    """The time until the timeout acts, as a further sentence; empty without a timeout."""
    timeout = number_in(timeline.options, "timeout_s") if timeline.technique in TIMED else None
    if timeout is None or timeout <= elapsed:
        return ""
    if timeline.technique == SUSPEND_TIMEOUT:
        return f" The VM is suspended in {duration(timeout - elapsed)}, which ends it."
    return f" Post-copy in {duration(timeout - elapsed)}; {actions.POST_COPY} starts it now."
