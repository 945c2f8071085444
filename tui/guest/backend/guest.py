"""Programs inside the guest, over a shell: put there, compiled there, started, watched and ended.

What is said to the guest is POSIX sh and tools that busybox has, for a guest may have no more. A program and all
that is known of it lie in one folder of the guest, so that any later app, on any host, finds it again. There is room
for several side by side, each in a folder of its own: the workload's is the one that has always been there, the
others are below it.
"""

import platform
import re
import shlex
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from tui.core.command import Completed
from tui.core.failure import Failure
from tui.core.protocols import Shell
from tui.guest.model.cloud_init import RUNNING, CloudInit, parse_cloud_init
from tui.guest.model.heartbeat import HeartbeatSpec
from tui.guest.model.rate import Glance, parse_glance
from tui.guest.model.workload import WorkloadSpec, WorkloadStatus, one_line, parse_status

COMPILE_LIMIT_S = 180.0  # an emulated guest's compiler is slow
SEND_LIMIT_S = 60.0
ASK_LIMIT_S = 15.0
TRIM_EVERY_S, LOG_KIB = 5, 1024
NO_COMPILER = 69  # what INSTALL answers, from sysexits.h: service unavailable

# In what a compiler says: the line that tells most, and what such a line has where a part of the compiler is missing.
REASON = r"\b(error|fatal)\b|cannot find -l"  # ld's word comes before gcc's "ld returned 1"
LACKING = r"not found|\.h:|cannot find -l"

WORKLOAD = ""  # whose folder it is: "" or "/" and a name

# The first word of every script is whose folder is meant.
FOLDER = "folder=${XDG_CACHE_HOME:-$HOME/.cache}/vmlm$1; shift"

# The program is known to be whole when the source it was made of lies beside it under its own name: that comes last,
# and after a sync, for after a power cut (force off) a new file may have its name and not its content.
KEEP = 'sync; mv -f "$making/$1" "$1" && mv -f "$source" "$1.c"'

# Each makes it in a folder of its own: what an app that was killed has begun may still be going on. A shell that a
# signal ends, as where the guest agent is restarted, need not run the trap of EXIT.
MAKING = """mkdir -p "$folder" && cd "$folder" || exit 73
for each in making.*; do [ -d "/proc/${each#making.}" ] || rm -rf "$each"; done
making=making.$$
trap 'rm -rf "$making"' EXIT
trap 'exit 1' HUP INT TERM
rm -rf "$making" && mkdir "$making" || exit 73"""

# $1 program; stdin: its source. Compiles it unless this very source was compiled before.
INSTALL = f"""{FOLDER}
{MAKING}
source=$making/$1.c
cat > "$source" || exit 73
if [ -s "$1" ] && cmp -s "$source" "$1.c"; then exit 0; fi
for cc in cc gcc tcc clang; do command -v "$cc" > /dev/null && break; cc=; done
if [ -z "$cc" ]; then mv -f "$source" "new-$1.c"; uname -m; exit {NO_COMPILER}; fi
(cd "$making" && "$cc" -O2 -pthread -o "$1" "$1.c" -lm) && {{ {KEEP}; }}
"""

# $1 program, $2 its size in bytes; stdin: the program itself, compiled elsewhere. stdin also ends where the connection
# breaks: what arrived by then is no program.
PUT = f"""{FOLDER}
{MAKING}
source=new-$1.c
cat > "$making/$1" || exit 73
[ "$(wc -c < "$making/$1")" -eq "$2" ] || {{ rm -f "$source"; echo "only a part of $1 arrived" >&2; exit 73; }}
chmod 700 "$making/$1" && {{ {KEEP}; }}
"""

# $1 workload, $2 its command line as it is shown, $3 the folder it is started in ("": the home), then its command line.
# Words of it are never read as shell, nor as options of what starts them.
# It outlives this shell: a session of its own, no terminal, no open pipes.
# A process is known by its number and the time it began, for numbers are used again; both are void after a restart.
# It leads a group of its own, so that what it starts can be ended with it.
# systemd ends with a service (a guest agent that is restarted) all that it has started, sessions or not: where it
# rules, and lets us, the program is put into a scope of its own.
# What a command of the user's own prints has no end: now and then all but its newest lines are dropped.
START = f"""{FOLDER}
mkdir -p "$folder" && cd "$folder" || exit 73
workload=$1 shown=$2; shift 2
rm -f pid ended gone
: > log
printf 'name %s\\noptions %s\\n' "$workload" "$shown" > what || exit 73
cat /proc/sys/kernel/random/boot_id > boot
detach=setsid; command -v setsid > /dev/null || detach=nohup
scope="systemd-run --scope --quiet"
[ -d /run/systemd/system ] && [ "$(id -u)" = 0 ] && $scope true < /dev/null > /dev/null 2>&1 || scope=
$scope "$detach" sh -c '
  known=$PWD
  own=$1
  cd -- "${{1:-$HOME}}"; shift
  command -v setsid > /dev/null && set -- setsid -- "$@"
  "$@" >> "$known/log" 2>&1 &
  program=$!
  echo "$program $(cut -d" " -f22 /proc/$program/stat)" > "$known/pid"
  trim=
  if [ -z "$own" ]; then
    while sleep {TRIM_EVERY_S}; do
      find "$known/log" -size +{LOG_KIB}k | while read -r _; do
        tail -c 4000 "$known/log" > "$known/newest"
        cat "$known/newest" > "$known/log"
      done
    done &
    trim=$!
  fi
  wait "$program"
  echo "$?" > "$known/ended"
  [ -z "$trim" ] || kill "$trim"
' sh "$@" < /dev/null > /dev/null 2>&1 &
"""

# Prints a word and its value a line, see model.workload.parse_status. Sets $alive to the process while it lives.
LOOK = f"""{FOLDER}
cd "$folder" 2> /dev/null && [ -f what ] || exit 0
alive=; pid=; began=
[ -s pid ] && read -r pid began < pid
boot=; [ "$(cat boot)" = "$(cat /proc/sys/kernel/random/boot_id)" ] && boot=this
[ -n "$pid" ] && [ -n "$boot" ] && [ "$(cut -d' ' -f22 "/proc/$pid/stat" 2> /dev/null)" = "$began" ] && alive=$pid
"""

# Between the end of a program and the word of it a moment passes, on a busy guest a long one: it is waited for, once.
STATUS = f"""{LOOK}
cat what
if [ -z "$alive" ] && [ -n "$pid" ] && [ -n "$boot" ] && [ ! -s ended ] && [ ! -e gone ]; then sleep 1; : > gone; fi
if [ -n "$alive" ]; then echo "running $alive"
elif [ -s ended ]; then echo "ended $(cat ended)"
elif [ -z "$pid" ] && [ -n "$boot" ]; then echo starting
else echo gone
fi
[ -n "$alive" ] || grep '^error=' log | head -n 3 | sed 's/^/line /'
tail -c 4000 log | tail -n 3 | sed 's/^/line /'
"""

# The same for who looks every second, and must not be felt by the guest: its newest lines, for it may have been silent.
GLANCE = f"""{FOLDER}
cd "$folder" 2> /dev/null && [ -f what ] && [ ! -s ended ] || exit 0
while read -r line; do printf '%s\\n' "$line"; done < what
tail -c 4000 log | sed 's/^/line /'
"""

# Every address of the guest, a word each, the one first that this shell came to.
ADDRESSES = """set -- $SSH_CONNECTION
echo "${3:-}"
ip -o address show 2> /dev/null | while read -r _ _ family address _; do
  case $family in inet | inet6) echo "$address" ;; esac
done
hostname -I 2> /dev/null
true
"""

# cloud-init writes the file when all is done; where a part of it has failed so that it never will, there is no waiting,
# and that is said as the file would say it.
CLOUD_INIT = f"""[ -e /run/cloud-init/enabled ] || exit 0
if [ -s /run/cloud-init/result.json ]; then cat /run/cloud-init/result.json
else
  for each in cloud-init-local cloud-init cloud-config cloud-final; do
    systemctl is-failed -q "$each" 2> /dev/null || continue
    printf '{{"v1": {{"errors": ["%s failed, and cloud-init left no word of what it did"]}}}}\n' "$each.service"
    exit 0
  done
  echo {RUNNING}
fi
"""

# $1 the signal. It may end by itself before the signal comes.
SIGNAL = f"""{LOOK}
[ -z "$alive" ] || kill -"$1" "-$alive" 2> /dev/null || kill -"$1" "$alive" || [ ! -e "/proc/$alive" ]
"""


class Guest:
    """One program's place in the guest at the other end of `shell`, the workload's unless `place` says otherwise.

    `here` is a shell of this host, for what the guest can't compile.
    """

    def __init__(self, shell: Shell, here: Shell, name: str, place: str = WORKLOAD) -> None:
        self._shell = shell
        self._here = here
        self._name = name
        self._place = place

    async def answers(self) -> None:
        """Raises the Failure that keeps the guest from answering."""
        await self._run("true", ASK_LIMIT_S)

    async def cloud_init(self) -> CloudInit:
        """How far cloud-init is with setting the guest up."""
        return parse_cloud_init((await self._run(CLOUD_INIT, ASK_LIMIT_S)).stdout)

    async def install(self, program: str, source: bytes, on_progress: Callable[[str], None]) -> None:
        """Make the program ready to start: compiled by the guest, or here where the guest has no compiler."""
        on_progress(f"compiling {program} in the guest")
        done = await self._run(INSTALL, COMPILE_LIMIT_S, program, stdin=source)
        if done.status == NO_COMPILER:
            binary = await self._build_here(program, source, done.stdout.strip(), on_progress)
            on_progress(f"sending {program} to the guest")
            done = await self._run(PUT, SEND_LIMIT_S, program, str(len(binary)), stdin=binary)
        if done.status:
            raise self._failure(f"{program} could not be made ready in {self._name}", done, "in the guest")

    async def start(self, spec: WorkloadSpec | HeartbeatSpec) -> None:
        """Start an installed program; returns before it has said anything."""
        shown = " ".join((spec.program, *spec.options))
        await self._start(spec.name, shown, ".", f"./{spec.program}", *spec.options)

    async def start_command(self, name: str, command: Sequence[str]) -> None:
        """Start what the guest has already, from root's or the user's home; returns before it has said anything."""
        await self._start(name, one_line(shlex.join(command)), "", *command)

    async def _start(self, name: str, shown: str, folder: str, *command: str) -> None:
        done = await self._run(START, ASK_LIMIT_S, name, shown, folder, *command)
        if done.status:
            raise self._failure(f"{name} could not be started in {self._name}", done)

    async def status(self) -> WorkloadStatus:
        return parse_status(await self.look())

    async def look(self) -> str:
        """What is known of the program there: a word and its value a line, see model.workload.parse_status."""
        done = await self._run(STATUS, ASK_LIMIT_S)
        if done.status:
            raise self._failure(f"{self._what} of {self._name} could not be looked at", done)
        return done.stdout

    async def glance(self) -> Glance:
        """Its newest lines, as cheap as can be; whether it still runs is not looked at."""
        done = await self._run(GLANCE, ASK_LIMIT_S)
        if done.status:
            raise self._failure(f"{self._what} of {self._name} could not be looked at", done)
        return parse_glance(done.stdout)

    async def addresses(self) -> str:
        """The guest's addresses as words, see model.heartbeat.parse_addresses."""
        return (await self._run(ADDRESSES, ASK_LIMIT_S)).stdout

    async def signal(self, name: str) -> None:
        """Send the running program TERM or KILL; nothing happens where none runs."""
        done = await self._run(SIGNAL, ASK_LIMIT_S, name)
        if done.status:
            raise self._failure(f"{self._what} of {self._name} could not be stopped", done)

    @property
    def _what(self) -> str:
        return f"The {self._place.strip('/') or 'workload'}"

    async def _build_here(self, program: str, source: bytes, machine: str, on_progress: Callable[[str], None]) -> bytes:
        on_progress(f"the guest has no compiler: building {program} on this host")
        if machine != platform.machine():
            raise Failure(
                f"{program} can't be built for {self._name}",
                f"it has no C compiler, and this host builds for {platform.machine()}, not for {machine}",
                "Install gcc in the guest.",
            )
        with tempfile.TemporaryDirectory(prefix="vmlm-") as folder:
            file, result = Path(folder) / f"{program}.c", Path(folder) / program
            file.write_bytes(source)
            compile_it = ["cc", "-O2", "-static", "-pthread", "-o", str(result), str(file), "-lm"]
            done = await self._here.run(compile_it, timeout=COMPILE_LIMIT_S)
            if done.status:
                what = f"{self._name} has no C compiler, and {program} could not be built on this host"
                raise self._failure(what, done, "in the guest, or on this host")
            return result.read_bytes()

    async def _run(self, script: str, limit_s: float, *words: str, stdin: bytes = b"") -> Completed:
        return await self._shell.run(["sh", "-c", script, "sh", self._place, *words], stdin=stdin, timeout=limit_s)

    def _failure(self, what: str, done: Completed, built: str = "") -> Failure:
        """The other side's own words are the reason: a compiler's first error, a full disk.

        `built` is where what is lacking of a compiler can be installed, for what was being compiled.
        """
        words = (done.stderr.strip() or done.stdout.strip() or f"status {done.status}").splitlines()
        first = next((line for line in words if re.search(REASON, line, re.IGNORECASE)), words[-1])
        lacking = built and re.search(LACKING, first)
        hint = f"Install gcc and libc6-dev {built}." if lacking else ""
        return Failure(what, first.strip(), hint, detail="\n".join(words))
